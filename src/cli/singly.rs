//! Rules that need to look at changed objects only.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::computed::{Followed, Past, fingerprint};
use super::licenses::reads_plans;
use super::loaded::Loaded;
use super::settings::Settings;
use crate::directory::columns::Columns;
use crate::directory::object::Object;
use crate::language::attribute::Subject;
use crate::language::typed::TypedRule;
use crate::membership::changed::{ChangedObject, MembersAfter, members_after};
use crate::membership::clock::Clock;
use crate::membership::recompute::{self, Plan, Status};

/// Decides the groups whose rules need to look at the changed objects only; the others keep their plans.
///
/// A rule that depends on nothing but the object, has not changed and was not in error gives for all other
/// objects what it gave before: as long as the clock has not reached a moment at which it changes. `crowd`
/// says of users and devices whether it is quicker to look at all of them. Rules about the plans of users follow
/// the licenses too, which others of a run can change.
pub(super) fn singly(
    loaded: &mut Loaded,
    past: &Past,
    [users, devices]: &[Vec<ChangedObject>; 2],
    (crowd, is_later): ([bool; 2], bool),
    settings: &Settings,
    choices: recompute::Settings,
) -> Vec<Followed> {
    let mut followed = vec![Followed::default(); loaded.inputs.len()];
    let kinds = [(Subject::User, users), (Subject::Device, devices)];
    for ((subject, changed), _) in kinds.into_iter().zip(crowd).filter(|(_, is_crowd)| !is_crowd) {
        let is_due = |next: Option<Timestamp>| !is_later || next.is_some_and(|next| next <= choices.now);
        for Decided { at, plan, follows } in
            decided(loaded, past, (subject, changed), settings, choices, is_due)
        {
            if let (Some(input), Some(home)) = (loaded.inputs.get_mut(at), followed.get_mut(at)) {
                (input.plan, *home) = (plan, follows);
            }
        }
    }
    followed
}

/// What becomes of the group at a place.
struct Decided {
    at: usize,
    plan: Plan,
    follows: Followed,
}

/// A rule that needs to look at changed objects only.
struct Single<'a> {
    at: usize,
    rule: &'a TypedRule,
    fingerprint: String,
    next_change: Option<Timestamp>,
    members: &'a RoaringBitmap,
}

fn decided(
    loaded: &Loaded,
    past: &Past,
    (subject, changed): (Subject, &[ChangedObject]),
    settings: &Settings,
    choices: recompute::Settings,
    is_due: impl Fn(Option<Timestamp>) -> bool,
) -> Vec<Decided> {
    let nobody = RoaringBitmap::new();
    let groups = loaded.groups.iter().zip(&loaded.inputs).enumerate();
    let licensed = loaded.is_licensed;
    let singles: Vec<Single<'_>> = groups
        .filter_map(|(at, (group, input))| {
            let rule = input.plan.rule().filter(|rule| rule.subject == subject)?;
            let past = past.get(&input.group)?;
            let fingerprint = fingerprint(group, rule, settings);
            let is_same = past.evaluated.as_ref() == Some(&fingerprint);
            let is_alone = rule.groups_read().is_empty()
                && !rule.reads_managers()
                && !(licensed && reads_plans(&input.plan));
            let is_due = rule.depends_on_now() && is_due(past.next_change);
            let members = loaded.before.members(input.group).unwrap_or(&nobody);
            let single = Single { at, rule, fingerprint, next_change: past.next_change, members };
            (is_same && is_alone && !is_due).then_some(single)
        })
        .collect();
    let rules: Vec<(&TypedRule, &RoaringBitmap)> =
        singles.iter().map(|single| (single.rule, single.members)).collect();
    let results = members_after(&rules, changed, choices);
    let columns = columns_of(&singles, changed);
    let mut clock = Clock::new(&columns, choices.now);
    let decided = |(single, result): (Single<'_>, MembersAfter)| {
        let Single { at, rule, fingerprint, next_change, .. } = single;
        let (plan, follows) = match result {
            Ok(members) => {
                let next_change = next_change.into_iter().chain(clock.next_change(rule)).min();
                let follows = Followed { evaluated: Some(fingerprint), next_change };
                (Plan::Known { members, status: Status::Succeeded }, follows)
            }
            Err(why) => (Plan::failed(&why), Followed::default()),
        };
        Decided { at, plan, follows }
    };
    singles.into_iter().zip(results).map(decided).collect()
}

/// The changed objects as they are, with what rules that look at the clock read.
fn columns_of(singles: &[Single<'_>], changed: &[ChangedObject]) -> Columns {
    let objects: Vec<Object> = changed.iter().filter_map(|object| object.after.clone()).collect();
    let attributes: BTreeMap<Arc<str>, _> = singles
        .iter()
        .filter(|single| single.rule.depends_on_now())
        .flat_map(|single| single.rule.attributes_read())
        .map(|attribute| (Arc::clone(&attribute.name), attribute))
        .collect();
    Columns::of_objects(&objects, attributes.values())
}
