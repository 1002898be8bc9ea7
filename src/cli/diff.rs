//! `dyngroup diff`: who would join and leave with other rules.

mod proposed;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufWriter, Write};

use roaring::RoaringBitmap;

use self::proposed::{Proposed, Stop};
use super::args::{DiffArgs, Global};
use super::failure::Failure;
use super::licenses::{Ids, Names, WhatIfLicenses};
use super::loaded::{self, Loaded};
use super::progress::Progress;
use super::settings::Settings;
use super::{Outcome, named, output};
use crate::analysis::logic::relation;
use crate::analysis::reasons::{Deciding, deciding, turning};
use crate::analysis::survey::{Studied, survey};
use crate::analysis::whatif::{self, Explainer, WhatIf, sources_of};
use crate::base::fold::fold;
use crate::directory::group::Group;
use crate::language::typed::TypedRule;
use crate::membership::delta::Delta;
use crate::membership::recompute::{self, GroupInput, Plan, Status};
use crate::membership::roster::Ordinal;
use crate::report::analysis::Named;
use crate::report::difference::{
    AllChanges, Change, DifferenceReport, GroupDifference, Moves, Reader, Reason, Sample, Side,
    write_difference,
};
use crate::report::licenses::losses::LossesReport;

/// Runs the command.
pub(super) fn run(args: &DiffArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = args.on.settings(global)?;
    let names = args.names.read()?;
    let mut progress = Progress::shown();
    let mut proposed = None;
    let loaded = Loaded::read_with(&args.on.tenant, &settings, &mut progress, |groups, plans| {
        let found = Proposed::read(args, groups, plans, &settings)?;
        let [users, devices] = found.wanted(groups, plans, &settings);
        let wanted = [users.and(&loaded::of_licenses()), devices];
        proposed = Some(found);
        Ok(wanted)
    });
    let mut loaded = match loaded {
        Ok(loaded) => loaded,
        Err(Stop::Refused) => return Ok(Outcome::Findings),
        Err(Stop::Failed(failure)) => return Err(failure),
    };
    let proposed = proposed.unwrap_or_default();
    let inputs = inputs(&mut loaded, &proposed)?;
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    let comparison = Comparison::new(&loaded, &proposed, inputs, choices, &mut progress);
    let mut report = progress.stage("compare", "comparing", || comparison.report(args, &settings));
    report.licenses = losses(&loaded, (&proposed, &comparison), &names, &settings)?;
    progress.finish();
    for warning in &loaded.warnings {
        output::warn(warning);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    write_difference(output::report_format(args.on.output_format), &report, &output::style(), &mut out)?;
    out.flush()?;
    Ok(if report.failed() > 0 { Outcome::Findings } else { Outcome::Clean })
}

/// What becomes of licenses, if the tenant has products.
fn losses(
    loaded: &Loaded,
    (proposed, comparison): (&Proposed, &Comparison<'_>),
    names: &Names,
    settings: &Settings,
) -> Result<Option<LossesReport>, Failure> {
    let groups = comparison.inputs.iter().zip(&proposed.groups);
    let sides = WhatIfLicenses {
        loaded,
        present: &comparison.what_if.present.members,
        proposed: &comparison.what_if.proposed.members,
        groups: groups.map(|(input, group)| (input.group, group)).collect(),
        now: settings.now(),
    };
    let Some((licensed, roster)) = sides.settle()? else { return Ok(None) };
    Ok(Some(LossesReport::of(&licensed.told("", &Ids(&roster), names))))
}

/// The proposed groups with their ordinals; new ones get theirs now.
fn inputs(loaded: &mut Loaded, proposed: &Proposed) -> Result<Vec<GroupInput>, Failure> {
    let groups = proposed.groups.iter().zip(&proposed.plans);
    groups
        .map(|(group, plan)| {
            let group = loaded.roster.intern(&group.id).ok_or_else(loaded::too_many)?;
            loaded.before.add_group(group);
            Ok(GroupInput { group, plan: plan.clone() })
        })
        .collect()
}

/// Both sides, with the groups that they are about.
struct Comparison<'a> {
    loaded: &'a Loaded,
    proposed: &'a Proposed,
    inputs: Vec<GroupInput>,
    /// The groups with another rule, new or gone.
    changed: RoaringBitmap,
    what_if: WhatIf,
    choices: recompute::Settings,
}

/// A group on one side.
#[derive(Clone, Copy)]
struct OneSide<'a> {
    group: &'a Group,
    plan: &'a Plan,
}

impl OneSide<'_> {
    /// Its rule, if that is what gave its members.
    fn rule(&self, status: Option<Status>) -> Option<&TypedRule> {
        self.plan.rule().filter(|_| status == Some(Status::Succeeded))
    }

    fn listed(&self, status: Option<Status>) -> Option<&'static str> {
        match self.plan {
            Plan::Static | Plan::Known { .. } => Some("assigned members"),
            Plan::Paused => Some("the rule is paused"),
            Plan::Refused(_) => Some("the rule is refused"),
            Plan::Rule(_) => (status == Some(Status::Failed)).then_some("the rule cannot be evaluated"),
        }
    }

    fn text(&self) -> Option<String> {
        self.group.membership_rule.clone().filter(|_| self.group.is_dynamic())
    }
}

fn status_of(side: &whatif::Side, group: Ordinal) -> Option<Status> {
    side.outcomes.get(&group).map(|outcome| outcome.status)
}

impl<'a> Comparison<'a> {
    fn new(
        loaded: &'a Loaded,
        proposed: &'a Proposed,
        inputs: Vec<GroupInput>,
        choices: recompute::Settings,
        progress: &mut Progress,
    ) -> Self {
        let objects = loaded.objects();
        let changed: RoaringBitmap =
            proposed.changed.iter().filter_map(|id| loaded.roster.find(id)).collect();
        let all = recompute::evaluations(&loaded.inputs, objects);
        let what_if = progress.share("evaluate", all, |done| {
            WhatIf::compute(&loaded.inputs, &inputs, &changed, &loaded.before, objects, choices, done)
        });
        Self { loaded, proposed, inputs, changed, what_if, choices }
    }

    fn report(&self, args: &DiffArgs, settings: &Settings) -> DifferenceReport<'a> {
        let (rules, mut place_of, mut places) = (self.rules(), HashMap::new(), Vec::new());
        for (place, (group, _)) in rules.iter().enumerate() {
            place_of.insert(group.group.id.as_str(), place);
            places.push(named::of_group(group.group));
        }
        let studied: Vec<Studied<'_>> = rules.iter().map(|(_, studied)| *studied).collect();
        let asked: Vec<usize> =
            self.proposed.changed.iter().filter_map(|id| place_of.get(id.as_str()).copied()).collect();
        let found = survey(&studied, &asked, self.loaded.objects(), &settings.attributes);
        let mut findings: HashMap<usize, _> = asked.into_iter().zip(found).collect();
        let mut groups: Vec<GroupDifference> =
            self.proposed.changed.iter().filter_map(|id| self.difference(id, args.samples)).collect();
        for group in &mut groups {
            let place = place_of.get(group.group.id.as_str());
            group.findings = place.and_then(|place| findings.remove(place)).unwrap_or_default();
        }
        groups.sort_by(|one, other| one.group.id.cmp(&other.group.id));
        let readers = self.readers();
        let all = args.all.then(|| self.all_changes(&groups, &readers));
        DifferenceReport { groups, readers, places, all, licenses: None }
    }

    /// The proposed rules that were evaluated, with their members.
    fn rules(&self) -> Vec<(OneSide<'_>, Studied<'_>)> {
        let sides = self.proposed.groups.iter().zip(&self.inputs);
        sides
            .filter_map(|(group, input)| {
                let side = OneSide { group, plan: &input.plan };
                let rule = input
                    .plan
                    .rule()
                    .filter(|_| status_of(&self.what_if.proposed, input.group) == Some(Status::Succeeded))?;
                let members = self.what_if.proposed.members.members(input.group)?;
                Some((side, Studied { group: &group.id, rule, members }))
            })
            .collect()
    }

    fn difference(&self, id: &str, samples: usize) -> Option<GroupDifference> {
        let group = self.loaded.roster.find(id)?;
        let find = |groups: &'a [Group]| groups.iter().position(|group| fold(&group.id) == fold(id));
        let at = |groups: &'a [Group], inputs: &'a [GroupInput]| {
            let place = find(groups)?;
            Some(OneSide { group: groups.get(place)?, plan: &inputs.get(place)?.plan })
        };
        let before = at(&self.loaded.groups, &self.loaded.inputs);
        let after = find(&self.proposed.groups).and_then(|place| {
            Some(OneSide { group: self.proposed.groups.get(place)?, plan: self.proposed.plans.get(place)? })
        });
        let (present, proposed) = (&self.what_if.present, &self.what_if.proposed);
        let rule_before = before.as_ref().and_then(|side| side.rule(status_of(present, group)));
        let rule_after = after.as_ref().and_then(|side| side.rule(status_of(proposed, group)));
        let error = proposed.error(group).filter(|_| after.is_some()).map(str::to_owned);
        let (old, new) = (present.members(group), proposed.members(group));
        let delta = if error.is_some() { Delta::default() } else { Delta::between(&old, &new) };
        let moves = |members: &RoaringBitmap| Moves {
            count: members.len(),
            samples: named::first_members(self.loaded.objects(), members, samples)
                .into_iter()
                .map(|member| self.sample(member, rule_before, rule_after))
                .collect(),
        };
        let side = |side: Option<OneSide<'_>>, status, members: u64| Side {
            rule: side.and_then(|side| side.text()),
            listed: side.and_then(|side| side.listed(status)),
            members,
        };
        Some(GroupDifference {
            group: named::of_group(after.or(before)?.group),
            change: match (before, after) {
                (None, _) => Change::New,
                (_, None) => Change::Gone,
                _ => Change::Changed,
            },
            before: side(before, status_of(present, group), old.len()),
            after: side(after, status_of(proposed, group), new.len()),
            joins: moves(&delta.added),
            leaves: moves(&delta.removed),
            error,
            subject: rule_after.map(|rule| rule.subject),
            relation: rule_before.zip(rule_after).and_then(|(old, new)| relation(old, new)),
            findings: Vec::new(),
        })
    }

    /// Why a member joins or leaves: what decides under each rule, without what both say.
    fn sample(&self, member: Ordinal, old: Option<&TypedRule>, new: Option<&TypedRule>) -> Sample {
        let objects = self.loaded.objects();
        let explained = |rule: Option<&TypedRule>, side: &whatif::Side| {
            let explainer = Explainer { objects, members: &side.members, settings: self.choices };
            explainer.explain(rule?, member)
        };
        let before = explained(old, &self.what_if.present);
        let after = explained(new, &self.what_if.proposed);
        let (before, after) = match (&before, &after) {
            (Some(before), Some(after)) => turning(before, after),
            (before, after) => (
                before.as_ref().map(deciding).unwrap_or_default(),
                after.as_ref().map(deciding).unwrap_or_default(),
            ),
        };
        let reasons = |found: Vec<Deciding<'_>>| found.into_iter().map(Reason::from).collect();
        let (before, after) = (reasons(before), reasons(after));
        Sample { member: named::of_member(self.loaded, member), before, after }
    }

    /// The groups that change because they read others, sorted by id.
    fn readers(&self) -> Vec<Reader> {
        let rules: BTreeMap<String, &TypedRule> = self
            .proposed
            .groups
            .iter()
            .zip(&self.proposed.plans)
            .filter_map(|(group, plan)| Some((fold(&group.id).into_owned(), plan.rule()?)))
            .collect();
        let sources: BTreeSet<String> =
            self.proposed.changed.iter().map(|id| fold(id).into_owned()).collect();
        let affected: RoaringBitmap =
            self.what_if.affected(&self.inputs, &self.changed).into_iter().collect();
        let groups = self.proposed.groups.iter().zip(&self.inputs);
        let readers = groups.filter(|(_, input)| affected.contains(input.group)).map(|(group, input)| {
            let through = sources_of(&group.id, &sources, &rules);
            let (old, new) =
                (self.what_if.present.members(input.group), self.what_if.proposed.members(input.group));
            Reader {
                group: named::of_group(group),
                through: through.iter().map(|id| self.named(id)).collect(),
                members: (old.len(), new.len()),
                joins: new.difference_len(&old),
                leaves: old.difference_len(&new),
                error: self.what_if.proposed.error(input.group).map(str::to_owned),
            }
        });
        let mut readers: Vec<Reader> = readers.collect();
        readers.sort_by(|one, other| one.group.id.cmp(&other.group.id));
        readers
    }

    /// A group by its folded id.
    fn named(&self, folded: &str) -> Named {
        let mut groups = self.proposed.groups.iter().chain(&self.loaded.groups);
        let group = groups.find(|group| fold(&group.id) == folded);
        group.map_or_else(|| Named { id: folded.to_owned(), display_name: None }, named::of_group)
    }

    fn all_changes(&self, groups: &[GroupDifference], readers: &[Reader]) -> AllChanges<'a> {
        let of_groups = groups.iter().filter(|group| group.error.is_none()).map(|group| &group.group.id);
        let of_readers = readers.iter().filter(|reader| reader.error.is_none()).map(|it| &it.group.id);
        let roster = &self.loaded.roster;
        let delta = |id: &String| {
            let group = roster.find(id)?;
            let (old, new) = (self.what_if.present.members(group), self.what_if.proposed.members(group));
            Some((id.clone(), Delta::between(&old, &new)))
        };
        let mut groups: Vec<(String, Delta)> = of_groups.chain(of_readers).filter_map(delta).collect();
        groups.sort_by(|one, other| one.0.cmp(&other.0));
        AllChanges { groups, roster }
    }
}
