//! What holds of every batch, whatever it is about.

use std::collections::{BTreeMap, BTreeSet};

use dyngroup::licensing::batch::Batch;
use dyngroup::licensing::event::{Event, EventKind};
use dyngroup::licensing::intent::UserIndex;
use dyngroup::licensing::outcome::{AssignmentState, Outcome, Problem, Source};
use dyngroup::licensing::policy::FailedChange;
use dyngroup::licensing::tenant::{Tenant, UserIds};

/// The laws that a batch breaks.
pub(super) fn of_batch(
    before: &Tenant,
    batch: &Batch,
    after: &Tenant,
    events: &[Event],
    ids: &dyn UserIds,
) -> Vec<String> {
    let mut faults = Vec::new();
    for pool in after.pools() {
        let capacity = after.catalog().pool(pool.sku).capacity;
        let holders =
            after.users().filter(|user| after.outcome(*user).unwrap().held().contains(&pool.sku)).count();
        if pool.consumed != holders as u64 || after.consumed(pool.sku) != pool.consumed {
            faults.push(format!("{:?}: {} seats in use, {holders} holders", pool.sku, pool.consumed));
        }
        if pool.consumed > capacity && pool.consumed > before.consumed(pool.sku) {
            faults.push(format!("{:?}: more in use than there are", pool.sku));
        }
        if pool.available != i64::try_from(capacity).unwrap() - i64::try_from(pool.consumed).unwrap() {
            faults.push(format!("{:?}: {} left", pool.sku, pool.available));
        }
    }
    for user in after.users() {
        faults.extend(of_user(after, user).into_iter().map(|fault| format!("user {}: {fault}", user.0)));
        let moved = events
            .iter()
            .any(|event| matches!(event.kind, EventKind::UsageLocationChanged(ref users, _) if users.contains(user.0)));
        if !moved && before.user(user).unwrap().location != after.user(user).unwrap().location {
            faults.push(format!("user {}: the location was written", user.0));
        }
    }
    for summary in &batch.summaries {
        let members = after.group(summary.group).unwrap().members.iter().map(UserIndex);
        let members = members.filter(|user| after.user(*user).unwrap().deleted_at.is_none()).count() as u64;
        if summary.succeeded + summary.failed != members {
            faults.push(format!("group {:?}: {summary:?} of {members} members", summary.group));
        }
    }
    faults.extend(nothing_wanted_is_revoked(batch, after));
    let mut reversed = events.to_vec();
    reversed.reverse();
    match before.evaluate(&reversed, ids) {
        Ok(other) => {
            let same = other.changes == batch.changes
                && other.audit == batch.audit
                && other.summaries == batch.summaries;
            if !same {
                faults.push("the order of arrival matters".to_owned());
            }
        }
        Err(_) => faults.push("the order of arrival matters to the guard".to_owned()),
    }
    faults
}

fn of_user(tenant: &Tenant, index: UserIndex) -> Vec<String> {
    let mut faults = Vec::new();
    let (user, outcome) = (tenant.user(index).unwrap(), tenant.outcome(index).unwrap());
    for record in &outcome.records {
        let fits = match record.state {
            AssignmentState::Active => record.error.is_none(),
            AssignmentState::ActiveWithError | AssignmentState::Error => record.error.is_some(),
            AssignmentState::Disabled => true,
        };
        if !fits || record.problems.first().map(Problem::code) != record.error {
            faults.push(format!("state and error do not fit: {record:?}"));
        }
    }
    if user.memberships.is_empty() && user.direct.is_empty() && user.left.is_empty() {
        let rest: Vec<_> = outcome.records.iter().filter(|record| !record.pending_removal).collect();
        if !rest.is_empty() {
            faults.push(format!("nothing is asked for, and yet there is {rest:?}"));
        }
    }
    faults.extend(bundles_are_whole(tenant, outcome));
    faults.extend(plans_fit(tenant, outcome));
    faults.extend(nobody_waits_for_free_seats(tenant, outcome));
    faults
}

/// All products of a group or none, unless the ones in force stay because others failed.
fn bundles_are_whole(tenant: &Tenant, outcome: &Outcome) -> Vec<String> {
    let mut by_source: BTreeMap<Source, (usize, usize, usize)> = BTreeMap::new();
    for record in outcome.records.iter().filter(|record| record.source != Source::Direct) {
        let counts = by_source.entry(record.source).or_default();
        match record.state {
            AssignmentState::Error => counts.0 += 1,
            _ if record.error.is_none() => counts.1 += 1,
            _ => counts.2 += 1,
        }
    }
    let is_partial = |(source, (failed, fine, _)): (&Source, &(usize, usize, usize))| {
        (*failed > 0 && *fine > 0).then(|| format!("{source:?} is given in part"))
    };
    let has_alternatives = tenant.policy().groups.values().any(|group| !group.alternatives.is_empty());
    if tenant.policy().per_product || has_alternatives {
        Vec::new()
    } else {
        by_source.iter().filter_map(is_partial).collect()
    }
}

fn plans_fit(tenant: &Tenant, outcome: &Outcome) -> Vec<String> {
    let catalog = tenant.catalog();
    let mut faults = Vec::new();
    let all = outcome.enabled(catalog);
    let by_sku = outcome.enabled_by_sku(catalog);
    for family in catalog.families() {
        let pairs: BTreeSet<_> = by_sku
            .iter()
            .flat_map(|(sku, plans)| {
                plans.intersection(&family.exclusive).iter().map(|plan| (*sku, plan)).collect::<Vec<_>>()
            })
            .collect();
        for (sku, plan) in &pairs {
            if let Some(other) = pairs.iter().find(|(other_sku, other)| other_sku != sku && other != plan) {
                faults.push(format!("{} has both {plan:?} and {other:?}", family.name));
            }
        }
    }
    for plan in all.iter() {
        if catalog.plan_at(plan).unwrap().requires.iter().any(|set| !set.intersects(&all)) {
            faults.push(format!("{plan:?} lacks what it needs"));
        }
    }
    faults
}

/// A bundle that waits lacks a seat of one of its products.
fn nobody_waits_for_free_seats(tenant: &Tenant, outcome: &Outcome) -> Vec<String> {
    let is_free = |sku| tenant.consumed(sku) < tenant.catalog().pool(sku).capacity;
    let mut waiting: BTreeMap<Source, bool> = BTreeMap::new();
    for record in outcome.records.iter().filter(|record| record.problems.contains(&Problem::NoSeat)) {
        *waiting.entry(record.source).or_default() |= !is_free(record.sku);
    }
    if !tenant.policy().capacity_retry_auto {
        return Vec::new();
    }
    let idle = waiting.into_iter().filter(|(_, short)| !short);
    idle.map(|(source, _)| format!("{source:?} waits for seats that are free")).collect()
}

/// A product that a source gave and still asks for is not taken away.
fn nothing_wanted_is_revoked(batch: &Batch, after: &Tenant) -> Vec<String> {
    let mut faults = Vec::new();
    let policy = after.policy();
    if policy.revoke_prohibited || policy.failed_change == FailedChange::Strict {
        return faults;
    }
    for change in batch.user_changes() {
        let user = after.user(change.user).unwrap();
        if user.deleted_at.is_some() {
            continue;
        }
        for record in &change.change.records {
            let (sku, source) = (record.sku, record.source);
            let asks = match source {
                Source::Direct => user.direct.contains_key(&sku),
                Source::Group(group) => {
                    // Alternatives come as a whole: another list may take the place of the one that had it.
                    let group_after = after.group(group).unwrap();
                    user.memberships.contains_key(&group)
                        && group_after.template.contains_key(&sku)
                        && policy.group(&group_after.id).alternatives.is_empty()
                }
            };
            let had = record.before.as_ref().is_some_and(|before| before.state.is_in_force());
            let lost = change.change.seats_freed.contains(&sku) && after.catalog().is_subscribed(sku);
            if asks && had && lost {
                faults
                    .push(format!("user {} lost {sku:?}, which {source:?} gave and asks for", change.user.0));
            }
        }
    }
    faults
}
