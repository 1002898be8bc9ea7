//! What a user has, as text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::names::{Id, Names, Places};
use super::problem::{self, ProblemText};
use super::words::{CodeText, MomentText, StateText, TimeText};
use super::{CodecError, is_default, json, parse};
use crate::licensing::intent::Moment;
use crate::licensing::outcome::{AssignmentState, Outcome, PlanGrace, Record};
use crate::licensing::tenant::Tenant;

const OF: &str = "the licenses of a user";

/// The licenses of a user as text. Every product, plan and group of theirs is one of `tenant`.
///
/// ```
/// use dyngroup::licensing::codec::{outcome_text, read_outcome};
/// # use dyngroup::licensing::{catalog::Catalog, policy::LicensingPolicy, tenant::Tenant};
/// let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
/// let text = r#"{"records":[{"sku":"e5","state":"Active","disabled":["p1"],"lastUpdated":"2026-01-15T00:00:00Z"}]}"#;
/// let outcome = read_outcome(text, &mut tenant)?;
/// assert_eq!(tenant.catalog().find_sku("E5"), Some(outcome.records[0].sku));
/// assert_eq!(outcome_text(&outcome, &tenant), text);
/// # Ok::<(), dyngroup::licensing::codec::CodecError>(())
/// ```
pub fn outcome_text(outcome: &Outcome, tenant: &Tenant) -> String {
    let names = Names(tenant);
    let mut records: Vec<RecordText<'_>> =
        outcome.records.iter().map(|record| RecordText::of(record, names)).collect();
    records.sort_by(|one, other| (&one.sku, &one.group).cmp(&(&other.sku, &other.group)));
    let grace = |one: &PlanGrace| GraceText { plan: names.plan(one.plan), until: TimeText(one.until) };
    let mut grace: Vec<GraceText<'_>> = outcome.grace.iter().map(grace).collect();
    grace.sort_by(|one, other| one.plan.cmp(&other.plan));
    json(&OutcomeText { records, grace })
}

/// Reads what [`outcome_text`] has written. Products and plans that `tenant` does not know are named in it;
/// its groups have to be there.
///
/// # Errors
///
/// If the text is anything else, or names another group.
pub fn read_outcome(text: &str, tenant: &mut Tenant) -> Result<Outcome, CodecError> {
    let OutcomeText { records, grace } = parse(OF, text)?;
    let mut places = Places { tenant, of: OF };
    let mut outcome = Outcome::default();
    for record in records {
        let id = record.sku.clone();
        let record = record.read(&mut places)?;
        if outcome.record(record.sku, record.source).is_some() {
            return Err(places.twice(&id));
        }
        outcome.put(record);
    }
    for GraceText { plan, until } in grace {
        outcome.grace.push(PlanGrace { plan: places.plan(&plan)?, until: until.0 });
    }
    outcome.grace.sort_unstable();
    Ok(outcome)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct OutcomeText<'t> {
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    records: Vec<RecordText<'t>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    grace: Vec<GraceText<'t>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct RecordText<'t> {
    #[serde(borrow)]
    sku: Id<'t>,
    /// Not there for a direct license.
    #[serde(default, skip_serializing_if = "is_default")]
    group: Option<Id<'t>>,
    #[serde(with = "StateText")]
    state: AssignmentState,
    #[serde(default, skip_serializing_if = "is_default")]
    error: Option<CodeText>,
    #[serde(default, skip_serializing_if = "is_default")]
    problems: Vec<ProblemText<'t>>,
    #[serde(default, skip_serializing_if = "is_default")]
    disabled: Vec<Id<'t>>,
    #[serde(default, skip_serializing_if = "is_default")]
    held_back: Vec<Id<'t>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pending_removal: bool,
    last_updated: TimeText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    activated: Option<MomentText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting_since: Option<TimeText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_since: Option<TimeText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct GraceText<'t> {
    #[serde(borrow)]
    plan: Id<'t>,
    until: TimeText,
}

impl<'t> RecordText<'t> {
    fn of(record: &Record, names: Names<'t>) -> Self {
        Self {
            sku: names.sku(record.sku),
            group: names.source(record.source),
            state: record.state,
            error: record.error.map(CodeText),
            problems: problem::texts(&record.problems, names),
            disabled: names.plans(&record.disabled),
            held_back: names.plans(&record.held_back),
            pending_removal: record.pending_removal,
            last_updated: TimeText(record.last_updated),
            activated: record.activated.map(MomentText::from),
            waiting_since: record.waiting_since.map(TimeText),
            error_since: record.error_since.map(TimeText),
        }
    }

    fn read(self, places: &mut Places<'_>) -> Result<Record, CodecError> {
        let time = |text: Option<TimeText>| -> Option<Timestamp> { text.map(|text| text.0) };
        Ok(Record {
            sku: places.sku(&self.sku)?,
            source: places.source(self.group.as_deref())?,
            state: self.state,
            error: self.error.map(|code| code.0),
            problems: problem::read(&self.problems, places)?,
            disabled: places.plans(&self.disabled)?,
            held_back: places.plans(&self.held_back)?,
            pending_removal: self.pending_removal,
            last_updated: self.last_updated.0,
            activated: self.activated.map(Moment::from),
            waiting_since: time(self.waiting_since),
            error_since: time(self.error_since),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::licensing::codec::samples;
    use crate::licensing::outcome::Problem;

    proptest! {
        #[test]
        fn outcomes_come_back_whatever_their_places_are(outcome in samples::outcome()) {
            let [mut tenant, mut other] = [false, true].map(samples::tenant);
            let text = outcome_text(&outcome, &tenant);
            prop_assert_eq!(&read_outcome(&text, &mut tenant).unwrap(), &outcome, "{}", text);
            let read = read_outcome(&text, &mut other).unwrap();
            prop_assert_eq!(outcome_text(&read, &other), text);
        }

        #[test]
        fn no_damage_makes_a_panic(outcome in samples::outcome(), at: prop::sample::Index, letter: char) {
            let mut tenant = samples::tenant(false);
            let text = outcome_text(&outcome, &tenant);
            let at = at.index(text.len());
            let damaged = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
            if let Err(error) = read_outcome(&damaged, &mut tenant) {
                prop_assert!(error.to_string().starts_with("the licenses of a user: "));
            }
            prop_assert!(read_outcome(&text[..at], &mut tenant).is_err());
        }
    }

    #[test]
    fn a_record_with_everything_is_written_so() {
        let tenant = samples::tenant(false);
        let time: Timestamp = "2026-01-15T08:00:00.5Z".parse().unwrap();
        let mut outcome = samples::everything(time);
        insta::assert_snapshot!(outcome_text(&outcome, &tenant).replace("},{", "},\n{"), @r#"
        {"records":[{"sku":"sku-3","state":"ActiveWithError","error":"ProhibitedInUsageLocationViolation","problems":[{"kind":"prohibited","plan":"plan-1","location":"NO"},
        {"kind":"locationMissing"},
        {"kind":"exclusive","plan":"plan-1","other":"plan-2","otherSku":"sku-5","otherGroup":"group-2"},
        {"kind":"needs","plan":"plan-1","anyOf":["plan-20","plan-3"]},
        {"kind":"neededBy","plan":"plan-1","otherSku":"sku-5","anyOf":["plan-20","plan-3"]}],"disabled":["plan-10","plan-9"],"heldBack":["plan-11"],"pendingRemoval":true,"lastUpdated":"2026-01-15T08:00:00.5Z","activated":{"time":"2026-01-15T08:00:00.5Z","sequence":4},"waitingSince":"2026-01-15T08:00:00.5Z","errorSince":"2026-01-15T08:00:00.5Z"},
        {"sku":"sku-3","group":"group-2","state":"ActiveWithError","error":"CountViolation","problems":[{"kind":"noSeat"},
        {"kind":"heldForMove"},
        {"kind":"addressTaken"},
        {"kind":"notSubscribed"},
        {"kind":"sibling"},
        {"kind":"changeFailed","error":"Other"}],"disabled":["plan-10","plan-9"],"heldBack":["plan-11"],"pendingRemoval":true,"lastUpdated":"2026-01-15T08:00:00.5Z","activated":{"time":"2026-01-15T08:00:00.5Z","sequence":4},"waitingSince":"2026-01-15T08:00:00.5Z","errorSince":"2026-01-15T08:00:00.5Z"}],"grace":[{"plan":"plan-1","until":"2026-01-15T08:00:00.5Z"}]}
        "#);
        outcome.records[0].problems = vec![Problem::NoSeat];
        outcome.records.truncate(1);
        assert!(outcome_text(&outcome, &tenant).contains(r#""problems":[{"kind":"noSeat"}]"#));
        assert_eq!(outcome_text(&Outcome::default(), &tenant), "{}");
    }

    #[test]
    fn what_is_no_outcome_is_told() {
        let told = |text: &str| read_outcome(text, &mut samples::tenant(false)).unwrap_err().to_string();
        let record = |more: &str| {
            let text = r#"{"sku":"a","state":"Active","lastUpdated":"2026-01-15T00:00:00Z""#;
            told(&format!("{{\"records\":[{text}{more}}}]}}"))
        };
        insta::assert_snapshot!(told("null"), @"the licenses of a user: it is no JSON object");
        insta::assert_snapshot!(told(r#"{"records":[{"sku":"a"}]}"#), @"the licenses of a user: missing field `state` at line 1 column 23");
        insta::assert_snapshot!(record(r#","state":"Error""#), @"the licenses of a user: duplicate field `state` at line 1 column 84");
        insta::assert_snapshot!(record(r#","group":"nobody""#), @"the licenses of a user: there is no group `nobody`");
        insta::assert_snapshot!(record(r#","error":"Unknown""#), @"the licenses of a user: unknown variant `Unknown`, expected one of `ProhibitedInUsageLocationViolation`, `MutuallyExclusiveViolation`, `DependencyViolation`, `CountViolation`, `UniquenessViolation`, `Other` at line 1 column 94");
        insta::assert_snapshot!(record(r#","disabled":"p""#), @r#"the licenses of a user: invalid type: string "p", expected a sequence at line 1 column 91"#);
        insta::assert_snapshot!(record(r#","problems":[{"kind":"noSeat","plan":"p"}]"#), @"the licenses of a user: unknown field `plan`, there are no fields at line 1 column 118");
        insta::assert_snapshot!(record(r#","problems":[{"kind":"unknown"}]"#), @"the licenses of a user: unknown variant `unknown`, expected one of `prohibited`, `locationMissing`, `exclusive`, `needs`, `neededBy`, `noSeat`, `heldForMove`, `addressTaken`, `notSubscribed`, `sibling`, `changeFailed` at line 1 column 106");
        insta::assert_snapshot!(record(r#","problems":[{"plan":"p"}]"#), @"the licenses of a user: missing field `kind` at line 1 column 101");
        insta::assert_snapshot!(record(r#"},{"sku":"A","state":"Error","lastUpdated":"2026-01-15T00:00:00Z""#), @"the licenses of a user: `A` is in a list twice");
        insta::assert_snapshot!(told(r#"{"grace":[{"plan":"p","until":"2026-13-15T00:00:00Z"}]}"#), @"the licenses of a user: `2026-13-15T00:00:00Z` is no instant at line 1 column 53");
        insta::assert_snapshot!(told(r#"{"grace":[{"plan":"","until":"2026-12-15T00:00:00Z"}]}"#), @"the licenses of a user: an id is empty");
    }
}
