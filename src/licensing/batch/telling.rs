//! What is told of a batch: the audit, with how groups came out of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use super::books::{Books, Entry};
use super::summaries::{GroupSummary, Summarizer, Trigger};
use crate::licensing::audit::{Activity, AuditEvent, Details, Target};
use crate::licensing::change::OutcomeChange;
use crate::licensing::draft::Draft;
use crate::licensing::event::EventKind;
use crate::licensing::intent::GroupIndex;
use crate::licensing::outcome::Source;

/// The summaries of groups by ordinal, and the audit in order.
pub(super) fn tell(draft: &Draft<'_>, books: &Books) -> (Vec<GroupSummary>, Vec<AuditEvent>) {
    let teller = Teller { draft };
    let mut audit = draft.audit.clone();
    for (group, run) in &draft.runs {
        audit.push(teller.of_run(Activity::StartRun, *group, draft.ids(&run.causes), Details::None));
    }
    audit.extend(teller.of_users(books));
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
    fn of_users(&self, books: &Books) -> Vec<AuditEvent> {
        let mut told: Vec<(Fact<'_>, RoaringBitmap)> = Vec::new();
        for kind in [Self::changed, Self::failed, Self::status] {
            let mut numbers: HashMap<Fact<'_>, usize> = HashMap::new();
            let mut facts: Vec<Fact<'_>> = Vec::new();
            let mut of_entries: Vec<Option<usize>> = Vec::new();
            for entry in &books.entries {
                let change = entry.change.as_deref().filter(|_| entry.user.deleted_at.is_none());
                let fact = change.and_then(|change| kind(self, entry, change));
                of_entries.push(fact.map(|fact| {
                    *numbers.entry(fact).or_insert_with_key(|fact| {
                        facts.push(fact.clone());
                        facts.len() - 1
                    })
                }));
            }
            if !facts.is_empty() {
                let sets = books.roll.sets(facts.len(), &of_entries);
                told.extend(facts.into_iter().zip(sets));
            }
        }
        told.sort_by_key(|(fact, users)| (users.min(), fact.activity, !fact.succeeded));
        told.into_iter().map(|(fact, users)| self.of_fact(fact, users)).collect()
    }

    fn of_fact(&self, fact: Fact<'_>, users: RoaringBitmap) -> AuditEvent {
        let editor = fact.editor.and_then(|at| self.draft.events.get(at));
        let actor = editor.map_or(&self.draft.tenant.policy.actor, |event| &event.actor).clone();
        let details = Details::Sources { sources: fact.sources, is_partial: fact.is_partial };
        let causes = self.draft.ids(fact.causes);
        self.event(fact.activity, fact.succeeded, actor, Target::Users(users), causes, details)
    }

    /// What changed.
    fn changed<'e>(&self, entry: &'e Entry, change: &OutcomeChange) -> Option<Fact<'e>> {
        let sources = &change.changed_sources;
        let is_partial = !sources.is_disjoint(&change.failed_sources);
        let sources = sources.iter().copied().collect();
        self.fact(entry, Activity::ChangeUserLicense, true, sources, is_partial)
    }

    /// What failed without changing anything.
    fn failed<'e>(&self, entry: &'e Entry, change: &OutcomeChange) -> Option<Fact<'e>> {
        let sources = change.failed_sources.difference(&change.changed_sources).copied().collect();
        self.fact(entry, Activity::ChangeUserLicense, false, sources, false)
    }

    /// What only the state of a subscription changed.
    fn status<'e>(&self, entry: &'e Entry, change: &OutcomeChange) -> Option<Fact<'e>> {
        let records = change.records.iter().filter(|_| change.is_status_only);
        let sources: BTreeSet<Source> = records.map(|record| record.source).collect();
        self.fact(entry, Activity::ChangeLicenseStatus, true, sources.into_iter().collect(), false)
    }

    /// `None` if it is about nothing.
    fn fact<'e>(
        &self,
        entry: &'e Entry,
        activity: Activity,
        succeeded: bool,
        sources: Vec<Source>,
        is_partial: bool,
    ) -> Option<Fact<'e>> {
        if sources.is_empty() {
            return None;
        }
        let causes = entry.state.causes.as_slice();
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
