//! The rules that a tenant would have: from the command line or from another groups file.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::args::DiffArgs;
use super::super::failure::Failure;
use super::super::plans::plan_of;
use super::super::settings::Settings;
use super::super::{named, output, single};
use crate::base::fold::fold;
use crate::directory::column_reader::Wanted;
use crate::directory::group::{Group, ProcessingState, read_groups};
use crate::directory::source::Source;
use crate::language::attribute::Subject;
use crate::language::typed::TypedRule;
use crate::membership::recompute::Plan;

/// Why a comparison ends early.
pub(super) enum Stop {
    /// A new rule is refused, and its findings are printed.
    Refused,
    /// The command cannot work.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The groups as they would be.
#[derive(Default)]
pub(super) struct Proposed {
    /// All groups, sorted by id in folded form.
    pub(super) groups: Vec<Group>,
    /// What is to be done with each.
    pub(super) plans: Vec<Plan>,
    /// The ids of those whose rule is another one, new or gone.
    pub(super) changed: Vec<String>,
}

impl Proposed {
    /// What the arguments make of the groups that there are.
    pub(super) fn read(
        args: &DiffArgs,
        groups: &[Group],
        plans: &[Plan],
        settings: &Settings,
    ) -> Result<Self, Stop> {
        let other = match (&args.groups, &args.group, &args.rule) {
            (Some(file), ..) => of_file(file, groups)?,
            (None, Some(name), Some(rule)) => vec![with_rule(named::group(groups, name)?, rule)],
            _ => return Err(Failure::new("give --group ID with --rule RULE, or --groups FILE").into()),
        };
        let mut proposed = if args.groups.is_some() {
            Self::of_groups(other, groups, plans, settings)
        } else {
            Self::of_one(other, groups, plans, settings)
        };
        proposed.changed.sort_unstable();
        if proposed.print_refused(args.groups.is_none(), settings) {
            Err(Stop::Refused)
        } else {
            Ok(proposed)
        }
    }

    /// What is to be read of users and devices beside what the present rules read: all that is shown.
    pub(super) fn wanted(&self, groups: &[Group], plans: &[Plan], settings: &Settings) -> [Wanted; 2] {
        let is_changed = |group: &Group| self.changed.binary_search(&group.id).is_ok();
        let present = groups.iter().zip(plans).filter(|(group, _)| is_changed(group));
        let proposed = self.groups.iter().zip(&self.plans).filter(|(group, _)| is_changed(group));
        let shown: Vec<&TypedRule> = present.chain(proposed).filter_map(|(_, plan)| plan.rule()).collect();
        let managers = shown.iter().any(|rule| rule.reads_managers());
        Subject::ALL.map(|subject| {
            let name = settings.attributes.find(subject, "displayName");
            let names = Wanted { attributes: name.into_iter().collect(), ..Wanted::default() };
            Wanted::of_rules(shown.iter().copied(), subject, managers).and(&names).as_written()
        })
    }

    /// One group with another rule; the others stay.
    fn of_one(other: Vec<Group>, groups: &[Group], plans: &[Plan], settings: &Settings) -> Self {
        let mut proposed = Self { groups: groups.to_vec(), plans: plans.to_vec(), changed: Vec::new() };
        for new in other {
            let Some(place) = proposed.groups.iter().position(|group| group.id == new.id) else { continue };
            if let Some(plan) = proposed.plans.get_mut(place) {
                *plan = plan_of(&new, settings);
            }
            proposed.changed.push(new.id.clone());
            if let Some(group) = proposed.groups.get_mut(place) {
                *group = new;
            }
        }
        proposed
    }

    /// All groups of another file, and the assigned ones that it does not have.
    fn of_groups(other: Vec<Group>, groups: &[Group], plans: &[Plan], settings: &Settings) -> Self {
        let present: HashMap<_, _> =
            groups.iter().zip(plans).map(|(group, plan)| (fold(&group.id), (group, plan))).collect();
        let there: HashSet<_> = other.iter().map(|group| fold(&group.id).into_owned()).collect();
        let mut proposed = Self::default();
        for mut group in other {
            let id = fold(&group.id).into_owned();
            let plan = match present.get(id.as_str()) {
                Some((known, plan)) => {
                    // One spelling of the id on both sides.
                    group.id.clone_from(&known.id);
                    if decides_alike(known, &group) {
                        (*plan).clone()
                    } else {
                        proposed.changed.push(group.id.clone());
                        plan_of(&group, settings)
                    }
                }
                None if group.is_dynamic() => {
                    proposed.changed.push(group.id.clone());
                    plan_of(&group, settings)
                }
                None => continue,
            };
            proposed.groups.push(group);
            proposed.plans.push(plan);
        }
        for (group, plan) in groups.iter().zip(plans) {
            if there.contains(&*fold(&group.id)) {
                continue;
            }
            if group.is_dynamic() {
                proposed.changed.push(group.id.clone());
            } else {
                proposed.groups.push(group.clone());
                proposed.plans.push(plan.clone());
            }
        }
        proposed
    }

    /// Prints the findings of new rules that are refused, as `check` does; whether there are any. A rule
    /// that is paused is not looked at. `is_given` says that the rule comes from the command line.
    fn print_refused(&self, is_given: bool, settings: &Settings) -> bool {
        let mut is_refused = false;
        for (group, plan) in self.groups.iter().zip(&self.plans) {
            let Plan::Refused(why) = plan else { continue };
            if self.changed.binary_search(&group.id).is_err() {
                continue;
            }
            is_refused = true;
            let mut options = settings.options();
            options.subject = group.is_unified().then_some(Subject::User);
            let name = if is_given { "<rule>".to_owned() } else { format!("<group {}>", group.id) };
            let text = group.membership_rule.as_deref().unwrap_or_default();
            // What is wrong with the group and not with its rule is told in a sentence.
            if text.trim().is_empty() || single::accepted(&name, text, options).is_some() {
                output::error(&format!("group `{}`: {why}", group.id));
            }
        }
        is_refused
    }
}

/// Whether two states of a group give the same members.
fn decides_alike(one: &Group, other: &Group) -> bool {
    let deciding = |group: &Group| {
        let is_on = group.processing_state != Some(ProcessingState::Paused);
        group.is_dynamic().then(|| {
            let rule = group.membership_rule.as_deref().map(str::trim).map(str::to_owned);
            (rule, is_on, group.is_unified(), group.is_assignable_to_role)
        })
    };
    deciding(one) == deciding(other)
}

/// The group with another rule, which is on.
fn with_rule(group: &Group, rule: &str) -> Group {
    let mut group = group.clone();
    if !group.is_dynamic() {
        group.group_types.get_or_insert_default().push("DynamicMembership".to_owned());
    }
    group.membership_rule = Some(rule.to_owned());
    group.processing_state = Some(ProcessingState::On);
    group
}

fn of_file(file: &Path, present: &[Group]) -> Result<Vec<Group>, Failure> {
    let mut groups = Source::read(file).and_then(|source| read_groups(&source))?;
    groups.sort_by_cached_key(|group| fold(&group.id).into_owned());
    if groups.is_empty() && !present.is_empty() {
        return Err(Failure::new(format!("{}: there is no group in it", file.display())));
    }
    Ok(groups)
}
