//! A tenant ready to run: ordinals in place of ids, and a plan for each group.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::failure::Failure;
use super::settings::Settings;
use super::single::sentence;
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::directory::group::{Group, ProcessingState};
use crate::directory::managers::Managers;
use crate::directory::object::Object;
use crate::directory::tenant::Tenant;
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::membership::recompute::{self, GroupInput, GroupOutcome, Objects, Plan};
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;

/// A tenant ready to run.
pub(super) struct Loaded {
    pub(super) roster: Roster,
    pub(super) users: Vec<(Ordinal, Object)>,
    pub(super) devices: Vec<(Ordinal, Object)>,
    pub(super) deleted: RoaringBitmap,
    pub(super) managers: Managers,
    /// The groups, and at the same places what is to be done with them.
    pub(super) groups: Vec<Group>,
    pub(super) inputs: Vec<GroupInput>,
    pub(super) before: Snapshot,
}

impl Loaded {
    /// Numbers everything in `tenant`; `plans` are those of its groups.
    pub(super) fn of(tenant: Tenant, plans: Vec<Plan>) -> Result<Self, Failure> {
        let mut roster = Roster::default();
        let mut ordinal = |id: &str| {
            roster.intern(id).ok_or_else(|| Failure::new("more objects than a run can hold (4,294,967,295)"))
        };
        let mut numbered = |objects: Vec<Object>| -> Result<Vec<(Ordinal, Object)>, Failure> {
            objects.into_iter().map(|object| Ok((ordinal(object.id())?, object))).collect()
        };
        let (users, devices) = (numbered(tenant.users)?, numbered(tenant.devices)?);
        let deleted = tenant.removed_users.iter().chain(&tenant.removed_devices);
        let deleted = deleted.map(|id| ordinal(id)).collect::<Result<RoaringBitmap, Failure>>()?;
        let mut before = Snapshot::default();
        let mut inputs = Vec::with_capacity(plans.len());
        for (group, plan) in tenant.groups.iter().zip(plans) {
            let group = ordinal(&group.id)?;
            before.add_group(group);
            inputs.push(GroupInput { group, plan });
        }
        for (group, member) in tenant.members.iter() {
            let group = ordinal(group)?;
            // A group that the tenant does not have may have been deleted: nobody is a member of it.
            if before.has_group(group) {
                before.add(group, ordinal(member)?);
            }
        }
        let (groups, managers) = (tenant.groups, tenant.managers);
        Ok(Self { roster, users, devices, deleted, managers, groups, inputs, before })
    }

    /// Computes the members of all groups.
    pub(super) fn recompute(
        &self,
        settings: recompute::Settings,
        progress: &(dyn Fn() + Sync),
    ) -> (Vec<GroupOutcome>, Snapshot) {
        recompute::recompute(&self.inputs, self.objects(), &self.before, settings, progress)
    }

    /// The objects that a rule about `subject` selects from.
    pub(super) fn of_subject(&self, subject: Subject) -> &[(Ordinal, Object)] {
        self.objects().of(subject)
    }

    fn objects(&self) -> Objects<'_> {
        Objects {
            users: &self.users,
            devices: &self.devices,
            managers: &self.managers,
            deleted: &self.deleted,
            roster: &self.roster,
        }
    }
}

/// What is to be done with each group; rules are compiled in parallel.
pub(super) fn plans_of(groups: &[Group], settings: &Settings) -> Vec<Plan> {
    groups.par_iter().map(|group| plan_of(group, settings)).collect()
}

fn plan_of(group: &Group, settings: &Settings) -> Plan {
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
