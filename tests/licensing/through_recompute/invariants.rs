//! What holds of the files after every step, whatever the scenario is about.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;
use super::outputs::{Key, Told};

/// What is wrong with the files of a run in themselves.
pub(super) fn of_run(told: &Told, run: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let moves = told.audit.iter().filter(|line| is_of_member(&line.activity)).count();
    if moves != told.moves {
        faults.push(format!("{moves} moves in the audit, {} in the deltas", told.moves));
    }
    for line in &told.audit {
        let is_named = !line.activity.is_empty() && !line.category.is_empty() && !line.actor.is_empty();
        let is_timed = line.time.parse::<jiff::Timestamp>().is_ok();
        if !is_named || !is_timed || line.run != run || !line.target.is_object() {
            faults.push(format!("an odd line of the audit: {line:?}"));
        }
        let group = line.target["groupId"].as_str().and_then(|group| told.groups.get(group));
        let members = group.and_then(|group| group["licenses"]["members"].as_u64());
        let [succeeded, failed] = ["succeeded", "failed"].map(|key| line.details[key].as_u64());
        if let (Some(members), Some(succeeded), Some(failed)) = (members, succeeded, failed)
            && succeeded + failed != members
        {
            faults.push(format!("{succeeded} and {failed} are not the {members} members: {line:?}"));
        }
    }
    faults
}

fn is_of_member(activity: &str) -> bool {
    matches!(activity, "Add member to group" | "Remove member from group")
}

/// What is wrong with what is known after a run. `deleted` users may hold seats and ask for none; without
/// `is_counted` demand is not what states tell.
pub(super) fn of_known(known: &Known, is_counted: bool, deleted: &BTreeSet<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut holders: BTreeMap<&str, i64> = BTreeMap::new();
    let mut demand: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut failed: BTreeMap<Key, &str> = BTreeMap::new();
    for (user, state) in &known.states {
        for sku in state.held() {
            *holders.entry(sku).or_default() += 1;
        }
        for (key, one) in state.assignments() {
            let fits = match one.state.as_str() {
                "Active" => one.error == "None",
                "ActiveWithError" | "Error" => one.error != "None",
                "Disabled" => true,
                _ => false,
            };
            if !fits {
                faults.push(format!("{key:?}: {} with {}", one.state, one.error));
            }
            if !known.pending.contains(&key) && !deleted.contains(user.as_str()) {
                demand.entry(&one.sku_id).or_default().insert(user);
            }
            if one.error != "None" {
                failed.insert(key, &one.error);
            }
        }
    }
    let told: BTreeMap<Key, &str> = known
        .errors
        .iter()
        .map(|line| ((line.user_id.clone(), line.sku_id.clone(), line.group_id.clone()), line.error.as_str()))
        .collect();
    if told != failed || told.len() != known.errors.len() {
        faults.push(format!("the errors are {told:?}, the states say {failed:?}"));
    }
    for (sku, seats) in &known.seats {
        let waiting = known.errors.iter().filter(|line| line.sku_id == *sku && line.waiting_since.is_some());
        let waiting: BTreeSet<&str> = waiting.map(|line| line.user_id.as_str()).collect();
        let wanting = demand.get(sku.as_str()).map_or(0, |users| i64::try_from(users.len()).unwrap());
        let counted = (
            holders.get(sku.as_str()).copied().unwrap_or_default(),
            seats.capacity - seats.consumed,
            i64::try_from(waiting.len()).unwrap(),
            if is_counted { wanting } else { seats.demand },
        );
        let reported = (seats.consumed, seats.available, seats.waiting, seats.demand);
        if counted != reported {
            faults.push(format!(
                "{}: consumed, available, waiting, demand are {counted:?}, reported are {reported:?}",
                seats.sku_part_number
            ));
        }
    }
    faults
}

/// What is wrong with a second run over the same folder, which tells all states: it changes nothing and knows
/// all that was told.
pub(super) fn of_second_look(known: &Known, second: &Told) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(delta) = second.deltas.first() {
        faults.push(format!("a second run makes {} changes, such as {delta:?}", second.deltas.len()));
    }
    if let Some(line) = second.audit.iter().find(|line| line.activity != "Override guard") {
        faults.push(format!("a second run tells that something happened: {line:?}"));
    }
    if second.moves > 0 {
        faults.push(format!("a second run moves {} members", second.moves));
    }
    if second.errors != known.errors {
        faults.push(format!("errors of a second run: {:?}, not {:?}", second.errors, known.errors));
    }
    let skus: BTreeSet<&String> = known.seats.keys().chain(second.seats.keys()).collect();
    for sku in skus {
        let (old, new) = (known.seats.get(sku), second.seats.get(sku));
        if old != new {
            faults.push(format!("seats of a second run: {new:?}, not {old:?}"));
        }
    }
    let users: BTreeSet<&String> = known.states.keys().chain(second.states.keys()).collect();
    for user in users {
        let nothing = Vec::new();
        let [old, new] = [&known.states, &second.states]
            .map(|states| states.get(user).map_or(&nothing, |state| &state.license_assignment_states));
        if old != new {
            faults.push(format!("{user}: told were {old:?}, there are {new:?}"));
        }
    }
    faults
}
