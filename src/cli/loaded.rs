//! A tenant ready to run: users and devices as columns, ordinals in place of ids, and a plan for each
//! group.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::failure::Failure;
use super::progress::Progress;
use super::settings::Settings;
use super::single::sentence;
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::fold::fold;
use crate::base::span::Span;
use crate::directory::column_reader::{ReadColumns, Wanted};
use crate::directory::columns::{Columns, TextColumn};
use crate::directory::group::{Group, ProcessingState};
use crate::directory::tenant::{TenantColumns, TenantGroups};
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::language::dialect::Dialect;
use crate::language::typed::TypedRule;
use crate::membership::recompute::{self, GroupInput, GroupOutcome, Objects, Plan};
use crate::membership::roster::{Ordinal, Roster, RowIds};
use crate::membership::snapshot::Snapshot;
use crate::report::summary::counted;

/// A tenant ready to run.
pub(super) struct Loaded {
    pub(super) roster: Roster,
    pub(super) users: Columns,
    pub(super) devices: Columns,
    managers: Option<TextColumn>,
    pub(super) deleted: RoaringBitmap,
    /// The groups, and at the same places what is to be done with them.
    pub(super) groups: Vec<Group>,
    pub(super) inputs: Vec<GroupInput>,
    pub(super) before: Snapshot,
    /// What is worth a look and no error.
    pub(super) warnings: Vec<String>,
}

impl Loaded {
    /// Reads the tenant in `folder`: its groups first, because their rules say what is to be read of the
    /// users and devices.
    pub(super) fn read(folder: &Path, settings: &Settings, progress: &mut Progress) -> Result<Self, Failure> {
        Self::read_with(folder, settings, progress, |_, _| Ok::<_, Failure>(Default::default()))
    }

    /// The same. `more` says from the groups and their plans what else is to be read of users and of
    /// devices; its error ends the reading.
    pub(super) fn read_with<E: From<Failure>>(
        folder: &Path,
        settings: &Settings,
        progress: &mut Progress,
        more: impl FnOnce(&[Group], &[Plan]) -> Result<[Wanted; 2], E>,
    ) -> Result<Self, E> {
        let groups = progress.stage("read", "reading the groups", || TenantGroups::read(folder));
        let groups = groups.map_err(Failure::from)?;
        let plans = progress.stage("compile", "compiling the rules", || plans_of(&groups.groups, settings));
        let [of_users, of_devices] = more(&groups.groups, &plans)?;
        progress.stage("read", "reading users and devices", || {
            let rules: Vec<&TypedRule> = plans.iter().filter_map(Plan::rule).collect();
            let managers = of_users.managers || rules.iter().any(|rule| rule.reads_managers());
            let wanted = |subject| {
                let more = if subject == Subject::User { &of_users } else { &of_devices };
                Wanted::of_rules(rules.iter().copied(), subject, managers).and(more)
            };
            let tenant = groups.with_columns(&settings.attributes, wanted).map_err(Failure::from)?;
            Ok(Self::of(tenant, plans)?)
        })
    }

    /// Numbers everything in `tenant`; `plans` are those of its groups.
    fn of(tenant: TenantColumns, plans: Vec<Plan>) -> Result<Self, Failure> {
        let warnings = warnings_of(&tenant, &plans);
        let TenantColumns { mut users, mut devices, groups, members, .. } = tenant;
        let mut roster = roster_of(&mut users, &mut devices)?;
        let mut before = Snapshot::default();
        let mut inputs = Vec::with_capacity(plans.len());
        for (group, plan) in groups.iter().zip(plans) {
            let group = ordinal(&mut roster, &group.id)?;
            before.add_group(group);
            inputs.push(GroupInput { group, plan });
        }
        let deleted = users.removed.iter().chain(&devices.removed);
        let deleted =
            deleted.map(|id| ordinal(&mut roster, id)).collect::<Result<RoaringBitmap, Failure>>()?;
        before.add_given(&members, &mut roster).ok_or_else(too_many)?;
        let (managers, users, devices) = (users.managers, users.columns, devices.columns);
        Ok(Self { roster, users, devices, managers, deleted, groups, inputs, before, warnings })
    }

    /// Who and what there is.
    pub(super) fn objects(&self) -> Objects<'_> {
        Objects {
            users: &self.users,
            devices: &self.devices,
            managers: self.managers.as_ref(),
            deleted: &self.deleted,
            roster: &self.roster,
        }
    }

    /// Computes the members of all groups.
    pub(super) fn recompute(
        &self,
        settings: recompute::Settings,
        progress: &mut Progress,
    ) -> (Vec<GroupOutcome>, Snapshot) {
        let objects = self.objects();
        progress.share("evaluate", recompute::evaluations(&self.inputs, objects), |done| {
            recompute::recompute(&self.inputs, objects, &self.before, settings, done)
        })
    }
}

/// The roster of the rows that were read; the indexes move into it.
pub(super) fn roster_of(users: &mut ReadColumns, devices: &mut ReadColumns) -> Result<Roster, Failure> {
    let ids = |read: &mut ReadColumns| RowIds::new(read.columns.ids.clone(), std::mem::take(&mut read.index));
    let (users, devices) = (ids(users), ids(devices));
    Roster::new(users, devices).ok_or_else(too_many)
}

fn ordinal(roster: &mut Roster, id: &str) -> Result<Ordinal, Failure> {
    roster.intern(id).ok_or_else(too_many)
}

pub(super) fn too_many() -> Failure {
    Failure::new("more objects than a run can hold (4,294,967,295)")
}

/// What is worth a look and no error: groups that are named and not there, chains of `memberOf`.
fn warnings_of(tenant: &TenantColumns, plans: &[Plan]) -> Vec<String> {
    let reads_groups = |plan: &Plan| plan.rule().is_some_and(|rule| !rule.groups_read().is_empty());
    let known: HashMap<_, _> =
        tenant.groups.iter().zip(plans).map(|(group, plan)| (fold(&group.id), reads_groups(plan))).collect();
    let mut warnings = Vec::new();
    for (group, plan) in tenant.groups.iter().zip(plans) {
        let Some(rule) = plan.rule() else { continue };
        for source in rule.groups_read() {
            let finding = match known.get(&fold(source)) {
                None => format!("which the tenant does not have [{}]", code::UNKNOWN_GROUP.id),
                Some(true) if rule.dialect == Dialect::Entra => {
                    "which has a memberOf rule itself; the service may not follow it".to_owned()
                }
                Some(_) => continue,
            };
            warnings.push(format!("group `{}`: memberOf names `{source}`, {finding}", group.id));
        }
    }
    let unknown = tenant.unknown_groups();
    if let Some(first) = unknown.first() {
        let groups = counted(unknown.len(), "group");
        warnings
            .push(format!("left out: members of {groups} that the tenant does not have, such as `{first}`"));
    }
    warnings
}

/// What is to be done with each group; rules are compiled in parallel.
fn plans_of(groups: &[Group], settings: &Settings) -> Vec<Plan> {
    groups.par_iter().map(|group| plan_of(group, settings)).collect()
}

/// What is to be done with a group.
pub(super) fn plan_of(group: &Group, settings: &Settings) -> Plan {
    if !group.is_dynamic() {
        return Plan::Static;
    }
    if group.processing_state == ProcessingState::Paused {
        return Plan::Paused;
    }
    let Some(text) = group.membership_rule.as_deref().filter(|text| !text.trim().is_empty()) else {
        let code = code::EMPTY_RULE.id;
        return Plan::Refused(format!("error[{code}] the group is dynamic and has no membership rule"));
    };
    let mut options = settings.options();
    if group.is_unified() {
        options.subject = Some(Subject::User);
    }
    let compiled = compile(text, options);
    let mut findings = compiled.diagnostics;
    if group.is_assignable_to_role {
        findings.push(not_for_roles(text));
    }
    let errors = findings.iter().filter(|finding| finding.is_error());
    let errors: Vec<String> = errors.map(|finding| sentence(text, finding)).collect();
    match compiled.rule.filter(|_| errors.is_empty()) {
        Some(rule) => Plan::Rule(Box::new(rule)),
        None => Plan::Refused(errors.join("; ")),
    }
}

/// A group that roles can be assigned to has a rule.
pub(super) fn not_for_roles(rule: &str) -> Diagnostic {
    Diagnostic::new(
        &code::GROUP_CANNOT_BE_DYNAMIC,
        Span::new(0, rule.len()),
        "a group that roles can be assigned to cannot have a membership rule",
    )
    .help("make another group for the rule; role-assignable groups have assigned members only")
}
