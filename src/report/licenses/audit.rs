//! The lines of `audit.ndjson` about licenses, and what is remembered of them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::naming::Words;
use super::problems::{Teller, Trouble};
use super::user_lines::{Around, Spelling, UserLines};
use super::{LicenseRun, classes, refusals};
use crate::licensing::audit::{Activity, AuditEvent, Details, Target, result_text};
use crate::licensing::batch::Trigger;
use crate::licensing::change::OutcomeChange;
use crate::licensing::outcome::{ErrorCode, Outcome, Problem, Record, Source};
use crate::store;

/// Writes the license lines of a run: edits and what else was asked for, in their order; which runs over
/// groups began, by group; what became of users, by user; how the runs over groups ended, by group.
///
/// # Errors
/// Those of `out`.
pub fn write_license_audit(run: &LicenseRun<'_>, out: &mut dyn Write) -> io::Result<()> {
    let teller = AuditTeller::of(run);
    let mut groups = teller.group_events();
    let ends = groups.split_off(groups.partition_point(|event| event.activity != Activity::FinishRun));
    let write = |event: &AuditEvent, out: &mut dyn Write| {
        let Around { head, tail } = teller.around(event, None);
        let target = teller.words.target(run.ids, &event.target);
        out.write_all(format!("{head}{target}{tail}").as_bytes())
    };
    groups.iter().try_for_each(|event| write(event, out))?;
    let mut lines = UserLines::default();
    for class in classes::user_events(run.batch) {
        lines.add(&class.users, (class.event, class.change));
    }
    let lines_of = |(event, change): &(&AuditEvent, Option<&OutcomeChange>)| {
        let Around { head, tail } = teller.around(event, *change);
        vec![Around { head: format!("{head}{{\"userId\":"), tail: format!("}}{tail}") }]
    };
    lines.write(run.ids, Spelling::Json, lines_of, out)?;
    ends.iter().try_for_each(|event| write(event, out))
}

/// The events about groups and products, in the order of the lines of `audit.ndjson`. What became of users
/// is remembered as changes and is not among them. The actor stands in the details: it need not be that of
/// the run.
pub fn license_events(run: &LicenseRun<'_>) -> Vec<store::AuditEvent> {
    let teller = AuditTeller::of(run);
    let events = teller.group_events().into_iter().filter(|event| !matches!(event.target, Target::Users(_)));
    let stored = |event: &AuditEvent| {
        let mut details = Map::from_iter([("actor".to_owned(), json!(event.actor))]);
        details.extend(teller.details(event, None));
        store::AuditEvent {
            activity: event.activity.name().to_owned(),
            category: event.activity.category().to_owned(),
            target: teller.words.target(run.ids, &event.target),
            details: Value::Object(details),
        }
    };
    events.map(stored).collect()
}

struct AuditTeller<'a> {
    run: &'a LicenseRun<'a>,
    words: Words<'a>,
    problems: Teller<'a>,
}

impl<'a> AuditTeller<'a> {
    fn of(run: &'a LicenseRun<'a>) -> Self {
        let words = Words { tenant: run.after, names: run.names };
        Self { run, words, problems: Teller::exact(words) }
    }

    /// All events but what became of users: first edits and the like, then what began, then what ended.
    fn group_events(&self) -> Vec<&'a AuditEvent> {
        let others = self.run.batch.audit.iter().filter(|event| !classes::is_of_users(event));
        let mut events: Vec<&AuditEvent> = others.collect();
        let place = |event: &&AuditEvent| {
            let group = match event.target {
                Target::Group(group) => self.words.group_id(group),
                _ => "",
            };
            match event.activity {
                Activity::StartRun => (1, group),
                Activity::FinishRun => (2, group),
                _ => (0, ""),
            }
        };
        events.sort_by_key(place);
        events
    }

    /// A line without its target.
    fn around(&self, event: &AuditEvent, change: Option<&OutcomeChange>) -> Around {
        let [activity, category] = [event.activity.name(), event.activity.category()].map(|word| json!(word));
        let [actor, time, run] =
            [&event.actor, &event.time.to_string(), self.run.run].map(|text| json!(text));
        let details = Value::Object(self.details(event, change));
        Around {
            head: format!("{{\"activity\":{activity},\"category\":{category},\"actor\":{actor},\"target\":"),
            tail: format!(",\"time\":{time},\"run\":{run},\"details\":{details}}}\n"),
        }
    }

    fn details(&self, event: &AuditEvent, change: Option<&OutcomeChange>) -> Map<String, Value> {
        let mut fields = match &event.details {
            Details::None => self.of_event(event),
            Details::Template { before, after } => object([
                ("property", json!("assignedLicenses")),
                ("before", Value::Array(self.words.version(before))),
                ("after", Value::Array(self.words.version(after))),
            ]),
            Details::Result { succeeded, failed } => object([
                ("property", json!("Result")),
                ("oldValue", json!("[]")),
                ("newValue", json!(result_text(*succeeded, *failed))),
                ("succeeded", json!(succeeded)),
                ("failed", json!(failed)),
            ]),
            Details::Refused(refusal) => object([
                ("result", json!("failure")),
                ("code", json!(refusal.word())),
                ("reason", json!(refusals::sentence(self.words, refusal))),
            ]),
            Details::Sources { sources, is_partial } => {
                self.of_sources(event.succeeded, *is_partial, sources, change)
            }
        };
        fields.extend(object([("correlationId", json!(self.run.run)), ("causes", json!(*event.causes))]));
        fields
    }

    /// What the event itself does not carry.
    fn of_event(&self, event: &AuditEvent) -> Map<String, Value> {
        match (event.activity, &event.target) {
            (Activity::StartRun, Target::Group(group)) => {
                let summary = self.run.batch.summaries.iter().find(|summary| summary.group == *group);
                object([("trigger", json!(summary.map(|summary| trigger_word(summary.trigger))))])
            }
            (_, Target::Product(sku)) => {
                let [before, after] =
                    [self.run.before, self.run.after].map(|tenant| tenant.catalog().plans_of(*sku));
                object([
                    ("plansAdded", json!(self.words.plan_ids(&after.minus(&before)))),
                    ("plansRemoved", json!(self.words.plan_ids(&before.minus(&after)))),
                ])
            }
            _ => Map::new(),
        }
    }

    /// What became of a user: what changed, and the reasons of what failed.
    fn of_sources(
        &self,
        succeeded: bool,
        is_partial: bool,
        sources: &[Source],
        change: Option<&OutcomeChange>,
    ) -> Map<String, Value> {
        let mut named: Vec<_> = sources.iter().map(|source| self.words.source(*source)).collect();
        named.sort();
        let mut fields = object([
            ("result", json!(if succeeded { "success" } else { "failure" })),
            ("sources", json!(named)),
        ]);
        let Some(change) = change else { return fields };
        if succeeded {
            fields.insert("licenses".to_owned(), self.licenses(sources, change));
        }
        if succeeded && !is_partial {
            return fields;
        }
        fields.extend(self.failures(sources, &change.after));
        fields
    }

    /// The records of some sources that changed, in the words of their states.
    fn licenses(&self, sources: &[Source], change: &OutcomeChange) -> Value {
        let mut records: Vec<_> = change.records.iter().filter(|one| sources.contains(&one.source)).collect();
        records.sort_by_key(|one| self.words.order(one.sku, one.source));
        let word = |record: &Option<Record>| record.as_ref().map(|record| record.state.word());
        let license = records.into_iter().map(|one| {
            json!({
                "skuId": self.words.sku_id(one.sku),
                "source": self.words.source(one.source),
                "before": word(&one.before),
                "after": word(&one.after),
            })
        });
        license.collect()
    }

    /// Why some sources failed: the reason that comes first in the order of the codes, all plans that matter,
    /// and which products are without a license or with a wrong one.
    fn failures(&self, sources: &[Source], outcome: &Outcome) -> Map<String, Value> {
        let own = outcome.records.iter().filter(|record| sources.contains(&record.source));
        let mut failed: Vec<(ErrorCode, &Record)> =
            own.filter_map(|record| Some((record.error?, record))).collect();
        failed.sort_by_key(|(code, record)| (*code, self.words.order(record.sku, record.source)));
        let troubles: Vec<Trouble> =
            failed.iter().map(|(_, record)| self.problems.tell(outcome, record)).collect();
        let plan_ids: BTreeSet<&String> = troubles.iter().flat_map(|trouble| &trouble.plan_ids).collect();
        let error = |(code, record): &(ErrorCode, &Record)| {
            json!({
                "skuId": self.words.sku_id(record.sku),
                "source": self.words.source(record.source),
                "code": code.word(),
            })
        };
        let mut fields = object([
            ("code", json!(failed.first().map(|(code, _)| code.word()))),
            ("reason", json!(troubles.first().map(|trouble| &trouble.message))),
            ("planIds", json!(plan_ids)),
            ("errors", failed.iter().map(error).collect()),
        ]);
        let short = failed.iter().filter(|(_, record)| record.problems.contains(&Problem::NoSeat));
        let short: BTreeSet<&str> = short.map(|(_, record)| self.words.sku_id(record.sku)).collect();
        if !short.is_empty() {
            fields.insert("shortSkuIds".to_owned(), json!(short));
        }
        fields
    }
}

/// Why a group was looked at, as a word.
pub(super) const fn trigger_word(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Membership => "membership",
        Trigger::Template => "template",
        Trigger::Reprocess => "reprocess",
    }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Run, World};
    use super::*;
    use crate::licensing::event::{EventKind, Reprocess};

    fn written(run: &Run) -> String {
        let mut out = Vec::new();
        write_license_audit(&run.told(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn edits_users_and_runs_over_groups_are_told() {
        insta::assert_snapshot!("audit_mixed", written(&Run::mixed()));
        insta::assert_snapshot!("audit_suspended", written(&Run::suspended()));
        insta::assert_snapshot!("audit_grown_product", written(&Run::grown_product()));
        insta::assert_snapshot!("audit_blocked_removal", written(&Run::blocked_removal()));
    }

    #[test]
    fn a_group_that_is_processed_again_is_told() {
        let Run { after, ids, .. } = Run::mixed();
        let mut world = World::new();
        (world.tenant, world.ids) = (after, ids);
        let (sales, calls) = (world.group("g-sales"), world.group("g-calls"));
        let mut kinds = [calls, sales].map(|group| EventKind::Reprocess(Reprocess::Group(group))).to_vec();
        kinds.push(EventKind::GroupDeleted(world.group("g-plain")));
        world.skip_events(99);
        insta::assert_snapshot!("audit_again", written(&Run::of(world, vec![kinds])));
    }

    #[test]
    fn lines_are_objects_of_one_shape() {
        for line in written(&Run::mixed()).lines() {
            let line: Map<String, Value> = serde_json::from_str(line).unwrap();
            let keys: Vec<&str> = line.keys().map(String::as_str).collect();
            assert_eq!(keys, ["activity", "category", "actor", "target", "time", "run", "details"]);
            assert_eq!(line["details"]["correlationId"], line["run"]);
        }
    }

    #[test]
    fn what_is_remembered_is_not_about_users() {
        let run = Run::mixed();
        let events = license_events(&run.told());
        let told: Vec<String> =
            events.iter().map(|event| format!("{} {}", event.activity, event.target)).collect();
        insta::assert_snapshot!(told.join("\n"));
        assert!(events.iter().all(|event| event.details["actor"].is_string()));
    }
}
