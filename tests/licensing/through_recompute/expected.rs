//! What a step of a scenario states, against what the files tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::scenario::{Faults, Step, counted, sorted};
use super::super::world::names;
use super::Runner;
use super::known::Known;
use super::outputs::{AuditLine, Key, Told, UserState, word};
use super::products::{Products, Version};

/// The errors of users; other codes of a failure are those of edits that were refused.
const USER_ERRORS: [&str; 6] = [
    "CountViolation",
    "MutuallyExclusiveViolation",
    "DependencyViolation",
    "ProhibitedInUsageLocationViolation",
    "UniquenessViolation",
    "Other",
];

/// Events that no scenario is about: that a group was there for the first time, got another rule, or that the
/// guards over members were off.
const PASSED_OVER: [&str; 3] = ["Add group", "Update group", "Override guard"];

impl Runner<'_> {
    /// Looks at what a step states. `before` is what was known, `runs` are the files of the step's runs.
    pub(super) fn look(
        &self,
        step: &Step,
        before: &Known,
        runs: &[Told],
        back: &BTreeSet<String>,
    ) -> Vec<String> {
        let mut faults = Faults::default();
        self.look_at_runs(step, runs, back, &mut faults);
        self.look_at_users(step, &mut faults);
        self.look_at_plans(step, before, runs, &mut faults);
        faults.0
    }

    fn look_at_runs(&self, step: &Step, runs: &[Told], back: &BTreeSet<String>, faults: &mut Faults) {
        let products = &self.model.products;
        let mut seats: BTreeMap<String, i64> = BTreeMap::new();
        for delta in runs.iter().flat_map(|told| &told.deltas) {
            *seats.entry(products.name_of(&delta.sku_id)).or_default() += delta.seat;
        }
        seats.retain(|_, change| *change != 0);
        faults.same("seats", &step.seats, &seats);
        let errors =
            self.known.errors.iter().map(|line| format!("{} {}", products.name_of(&line.sku_id), line.error));
        faults.same("errors", &sorted(&step.errors), &counted(counts(errors)));
        let lines: Vec<&AuditLine> = runs.iter().flat_map(|told| &told.audit).collect();
        faults.same("audit", &sorted(&step.audit), &counted(counts(audit_words(&lines, back))));
        let refused: Vec<String> = lines.iter().filter_map(|line| refusal(line)).collect();
        faults.same("refused", &sorted(&step.refused), &sorted(&refused));
        for (name, expected) in &step.available {
            let found = self.known.seats.get(&products.named(name).id).map(|seats| seats.available);
            faults.same(&format!("available {name}"), &Some(*expected), &found);
        }
        let Some(last) = runs.last() else { return };
        for (name, expected) in &step.has_errors {
            let flag = last.groups.get(name).map(|row| &row["licenses"]["hasMembersWithLicenseErrors"]);
            faults.same(&format!("errors of {name}"), &Some(*expected), &flag.and_then(Value::as_bool));
        }
    }

    fn look_at_users(&self, step: &Step, faults: &mut Faults) {
        for (range, expected) in &step.users {
            let others = names(&[range.as_str()]).into_iter().filter_map(|name| {
                let found = sorted(&records(&self.known, &name, &self.model.products));
                (found != sorted(expected)).then_some((name, found))
            });
            let others: Vec<(String, Vec<String>)> = others.collect();
            if let Some((name, found)) = others.first() {
                let what = format!("{name}, one of {}", others.len());
                faults.same(&what, &sorted(expected), found);
            }
        }
        for (name, expected) in &step.assigned {
            let state = self.known.state(name);
            let text = |sku: &str, disabled: &BTreeSet<String>| self.model.products.text(sku, disabled);
            let told = state.assigned_licenses.iter().map(|one| text(&one.sku_id, &one.disabled_plans));
            let told: Vec<String> = told.collect();
            faults.same(&format!("assigned licenses of {name}"), &sorted(expected), &sorted(&told));
            let made = common(&state);
            let made: Vec<String> = made.iter().map(|(sku, disabled)| text(sku, disabled)).collect();
            faults.same(&format!("what {name} has in all sources"), &sorted(expected), &sorted(&made));
        }
        for (name, expected) in &step.location {
            let found = self.model.users[name].location.clone().unwrap_or("none".to_owned());
            faults.same("location", expected, &found);
        }
    }

    fn look_at_plans(&self, step: &Step, before: &Known, runs: &[Told], faults: &mut Faults) {
        for (lists, expected) in [(&step.on, true), (&step.off, false)] {
            for (name, plans) in lists {
                let enabled = self.known.enabled(name);
                for plan in plans {
                    let found = enabled.contains(&Products::plan(plan));
                    faults.same(&format!("{name} has {plan}"), &expected, &found);
                }
            }
        }
        for (name, expected) in &step.plans {
            faults.same(&format!("plans of {name}"), expected, &self.known.enabled(name).len());
        }
        for (name, expected) in &step.grace {
            faults.same(&format!("grace of {name}"), expected, &self.known.grace(name, self.now));
        }
        for (name, expected) in &step.restored {
            // Files do not say that a plan is the former one: it is if it comes back while it waited to be deleted.
            let state = before.state(name);
            let deltas = runs.iter().flat_map(|told| &told.deltas).filter(|delta| delta.user_id == *name);
            let back: BTreeSet<&String> = deltas.flat_map(|delta| &delta.plans_on).collect();
            let had = state.plans.iter().filter(|plan| plan.grace_until.is_some());
            let found = had.filter(|plan| back.contains(&plan.service_plan_id)).count();
            faults.same("restored", expected, &found);
        }
    }
}

/// The assignments of a user in the words of scenarios.
fn records(known: &Known, user: &str, products: &Products) -> Vec<String> {
    let state = known.state(user);
    let held_back = state.held_back();
    let text = |(key, one): (Key, &super::outputs::Assignment)| {
        let mut text = format!("{} {}", one.assigned_by_group.as_deref().unwrap_or("direct"), one.state);
        if one.error != "None" {
            text.push_str(&format!(" {}", one.error));
        }
        if known.pending.contains(&key) {
            text.push_str(" pending");
        }
        text.push_str(&format!(": {}", products.text(&one.sku_id, &one.disabled_plans)));
        let plans =
            products.0.values().find(|product| product.id == one.sku_id).map(|product| &product.plans);
        for (name, id) in plans.into_iter().flatten() {
            let is_asked = one.is_in_force() && !one.disabled_plans.contains(id);
            if is_asked && held_back.contains(id.as_str()) {
                text.push_str(&format!(" held:{name}"));
            }
        }
        text
    };
    state.assignments().into_iter().map(text).collect()
}

/// The products that a user holds with the plans that are off in all sources.
fn common(state: &UserState) -> Version {
    let mut common = Version::new();
    for one in state.in_force() {
        common
            .entry(one.sku_id.clone())
            .and_modify(|disabled| *disabled = disabled.intersection(&one.disabled_plans).cloned().collect())
            .or_insert_with(|| one.disabled_plans.clone());
    }
    common
}

fn counts(words: impl IntoIterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// Lines of the audit in the words of scenarios. Members who go because they or their group were deleted are a
/// part of the deletion, and those who come back are a part of the return: users are told of once.
fn audit_words(lines: &[&AuditLine], back: &BTreeSet<String>) -> Vec<String> {
    let mut words = Vec::new();
    let mut users: BTreeSet<String> = BTreeSet::new();
    for line in lines {
        let member = word(&line.target["memberId"]);
        match (line.activity.as_str(), word(&line.details["cause"])) {
            ("Remove member from group", "groupDeleted") => {}
            ("Remove member from group", "objectDeleted") => {
                if users.insert(member.to_owned()) {
                    words.push("delete".to_owned());
                }
            }
            ("Add member to group", _) if back.contains(member) => {
                if users.insert(member.to_owned()) {
                    words.push("restore".to_owned());
                }
            }
            (activity, _) if PASSED_OVER.contains(&activity) => {}
            _ => words.push(audit_word(line)),
        }
    }
    words
}

fn audit_word(line: &AuditLine) -> String {
    let (group, details) = (word(&line.target["groupId"]), &line.details);
    let has_failed = details["result"] == "failure";
    let edit = |short: &str| format!("{short} {group}{}", if has_failed { " failed" } else { "" });
    match line.activity.as_str() {
        "Add member to group" => "AM".to_owned(),
        "Remove member from group" => "RM".to_owned(),
        "Set group license" => edit("SGL"),
        "Delete group" => edit("delete"),
        "Trigger group license recalculation" => edit("TGR"),
        "Start applying group based license to users" => format!("START {group}"),
        "Finish applying group based license to users" => {
            format!("FIN {group} {} {}", details["succeeded"], details["failed"])
        }
        "Change user license" => {
            let sign = if has_failed { "-" } else { "+" };
            // What was done in part tells what failed.
            let is_partial = !has_failed && details["errors"].as_array().is_some_and(|them| !them.is_empty());
            let partial = if is_partial { " partial" } else { "" };
            let by = if line.actor == "admin" { " by admin" } else { "" };
            format!("CUL{sign}{partial}{by}")
        }
        "Change license status" => "status".to_owned(),
        "Change product" => "product".to_owned(),
        other => other.to_owned(),
    }
}

/// Why an edit was refused, if the line tells of one.
fn refusal(line: &AuditLine) -> Option<String> {
    let code = line.details["code"].as_str()?;
    let is_edit = line.details["result"] == "failure" && !USER_ERRORS.contains(&code);
    is_edit.then(|| code.to_owned())
}
