//! What is told of a batch: the audit, with how groups came out of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use super::books::{Books, Class, Told};
use super::summaries::{GroupSummary, Summarizer, Trigger};
use crate::licensing::audit::{Activity, AuditEvent, Details, Target};
use crate::licensing::draft::Draft;
use crate::licensing::event::EventKind;
use crate::licensing::intent::GroupIndex;
use crate::licensing::outcome::Source;

/// The summaries of groups by ordinal, and the audit in order.
pub(super) fn tell(
    draft: &Draft<'_>,
    books: &Books,
    told: &Told<'_>,
) -> (Vec<GroupSummary>, Vec<AuditEvent>) {
    let teller = Teller { draft };
    let mut audit = draft.audit.clone();
    for (group, run) in &draft.runs {
        audit.push(teller.of_run(Activity::StartRun, *group, draft.ids(&run.causes), Details::None));
    }
    audit.extend(teller.of_users(told));
    let groups: BTreeSet<GroupIndex> = draft.runs.keys().chain(&draft.changed_groups).copied().collect();
    let summarizer = Summarizer::new(draft, books);
    let summaries: Vec<GroupSummary> =
        groups.into_iter().filter_map(|group| summarizer.summary(group)).collect();
    for summary in summaries.iter().filter(|one| one.trigger != Trigger::Membership) {
        let causes = draft.runs.get(&summary.group).map_or_else(|| [].into(), |run| draft.ids(&run.causes));
        let details = Details::Result { succeeded: summary.succeeded, failed: summary.failed };
        audit.push(teller.of_run(Activity::FinishRun, summary.group, causes, details));
    }
    (summaries, audit)
}

struct Teller<'a> {
    draft: &'a Draft<'a>,
}

/// What is told of users: those of whom the same is told share an event.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Fact<'a> {
    activity: Activity,
    succeeded: bool,
    /// The event whose actor did it; the service itself if `None`.
    editor: Option<usize>,
    causes: &'a [usize],
    sources: Vec<Source>,
    is_partial: bool,
}

impl Teller<'_> {
    fn of_run(
        &self,
        activity: Activity,
        group: GroupIndex,
        causes: Arc<[String]>,
        details: Details,
    ) -> AuditEvent {
        let actor = self.draft.tenant.policy.actor.clone();
        self.event(activity, true, actor, Target::Group(group), causes, details)
    }

    fn event(
        &self,
        activity: Activity,
        succeeded: bool,
        actor: String,
        target: Target,
        causes: Arc<[String]>,
        details: Details,
    ) -> AuditEvent {
        let (time, run) = (self.draft.now.time, self.draft.run);
        AuditEvent { activity, succeeded, actor, target, time, run, causes, details }
    }

    /// By the first user of whom something is told.
    fn of_users(&self, told: &Told<'_>) -> Vec<AuditEvent> {
        let mut found: Vec<(Fact<'_>, Arc<[String]>, RoaringBitmap)> = Vec::new();
        for kind in [Self::changed, Self::failed, Self::status] {
            let mut numbers: HashMap<Fact<'_>, usize> = HashMap::new();
            let mut facts: Vec<(Fact<'_>, Arc<[String]>)> = Vec::new();
            let mut of_classes: Vec<Option<usize>> = Vec::new();
            for class in &told.classes {
                let fact = if class.lives { kind(self, class) } else { None };
                of_classes.push(fact.map(|fact| {
                    *numbers.entry(fact).or_insert_with_key(|fact| {
                        facts.push((fact.clone(), Arc::clone(&class.ids)));
                        facts.len() - 1
                    })
                }));
            }
            if !facts.is_empty() {
                let sets = told.sets(facts.len(), &of_classes);
                found.extend(facts.into_iter().zip(sets).map(|((fact, ids), users)| (fact, ids, users)));
            }
        }
        found.sort_by_key(|(fact, _, users)| (users.min(), fact.activity, !fact.succeeded));
        found.into_iter().map(|(fact, ids, users)| self.of_fact(fact, ids, users)).collect()
    }

    fn of_fact(&self, fact: Fact<'_>, ids: Arc<[String]>, users: RoaringBitmap) -> AuditEvent {
        let editor = fact.editor.and_then(|at| self.draft.events.get(at));
        let actor = editor.map_or(&self.draft.tenant.policy.actor, |event| &event.actor).clone();
        let details = Details::Sources { sources: fact.sources, is_partial: fact.is_partial };
        self.event(fact.activity, fact.succeeded, actor, Target::Users(users), ids, details)
    }

    /// What changed.
    fn changed<'b>(&self, class: &Class<'b>) -> Option<Fact<'b>> {
        let sources = &class.change.changed_sources;
        let is_partial = sources.intersection(&class.change.failed_sources).any(|source| has(class, *source));
        self.fact(class, Activity::ChangeUserLicense, true, sources.iter().copied().collect(), is_partial)
    }

    /// What failed, and gives nothing new.
    fn failed<'b>(&self, class: &Class<'b>) -> Option<Fact<'b>> {
        let changed = &class.change.changed_sources;
        let failed = class.change.failed_sources.iter().copied();
        let sources = failed.filter(|source| !changed.contains(source) || !has(class, *source)).collect();
        self.fact(class, Activity::ChangeUserLicense, false, sources, false)
    }

    /// What only the state of a subscription changed.
    fn status<'b>(&self, class: &Class<'b>) -> Option<Fact<'b>> {
        let records = class.change.records.iter().filter(|_| class.change.is_status_only);
        let sources: BTreeSet<Source> = records.map(|record| record.source).collect();
        self.fact(class, Activity::ChangeLicenseStatus, true, sources.into_iter().collect(), false)
    }

    /// `None` if it is about nothing.
    fn fact<'b>(
        &self,
        class: &Class<'b>,
        activity: Activity,
        succeeded: bool,
        sources: Vec<Source>,
        is_partial: bool,
    ) -> Option<Fact<'b>> {
        if sources.is_empty() {
            return None;
        }
        let causes = class.causes;
        let is_direct = sources.iter().all(|source| *source == Source::Direct);
        let editor = if is_direct { self.editor(causes) } else { None };
        Some(Fact { activity, succeeded, editor, causes, sources, is_partial })
    }

    /// The last event that edited direct licenses.
    fn editor(&self, causes: &[usize]) -> Option<usize> {
        let is_edit = |at: &usize| {
            let event = self.draft.events.get(*at);
            event.is_some_and(|event| matches!(event.kind, EventKind::DirectSet { .. }))
        };
        causes.iter().rev().copied().find(is_edit)
    }
}

/// Whether users have something from a source.
fn has(class: &Class<'_>, source: Source) -> bool {
    class.change.after.in_force().any(|record| record.source == source)
}
