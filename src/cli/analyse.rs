//! `dyngroup analyse`: findings about rules that only the tenant shows.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use super::args::{AnalyseArgs, Global};
use super::failure::Failure;
use super::loaded::Loaded;
use super::progress::Progress;
use super::settings::Settings;
use super::{Outcome, named, output};
use crate::analysis::survey::{Studied, survey};
use crate::directory::column_reader::Wanted;
use crate::directory::group::Group;
use crate::language::attribute::Subject;
use crate::membership::recompute::{self, GroupOutcome, Plan, Status};
use crate::membership::snapshot::Snapshot;
use crate::report::analysis::{Analysed, AnalysedRule, AnalysisReport, write_analysis};

/// Runs the command.
pub(super) fn run(args: &AnalyseArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = args.on.settings(global)?;
    let mut progress = Progress::shown();
    let loaded = Loaded::read_with(&args.on.tenant, &settings, &mut progress, |groups, plans| {
        let asked = asked(groups, &args.groups)?;
        let rules: Vec<_> = asked.iter().filter_map(|&at| plans.get(at)?.rule()).collect();
        Ok::<_, Failure>(
            Subject::ALL.map(|subject| Wanted::of_rules(rules.iter().copied(), subject, false).as_written()),
        )
    })?;
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    let (outcomes, members) = loaded.recompute(choices, &mut progress);
    let asked = asked(&loaded.groups, &args.groups)?;
    let report = progress.stage("analyse", "looking at the rules", || {
        analysed(&loaded, &outcomes, &members, &asked, &settings)
    });
    progress.finish();
    for warning in &loaded.warnings {
        output::warn(warning);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    write_analysis(output::report_format(args.on.output_format), &report, &output::style(), &mut out)?;
    out.flush()?;
    Ok(if report.failed() > 0 { Outcome::Findings } else { Outcome::Clean })
}

/// The places of the groups that were named, or of all.
fn asked(groups: &[Group], names: &[String]) -> Result<Vec<usize>, Failure> {
    if names.is_empty() {
        return Ok((0..groups.len()).collect());
    }
    let place = |name: &String| {
        let found = named::group(groups, name)?;
        Ok(groups.iter().position(|group| group.id == found.id))
    };
    let mut places: Vec<usize> =
        names.iter().filter_map(|name| place(name).transpose()).collect::<Result<_, Failure>>()?;
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

fn analysed(
    loaded: &Loaded,
    outcomes: &[GroupOutcome],
    members: &Snapshot,
    asked: &[usize],
    settings: &Settings,
) -> AnalysisReport {
    let mut places = Vec::new();
    let (mut rules, mut place_of) = (Vec::new(), HashMap::new());
    for (at, ((group, input), outcome)) in loaded.groups.iter().zip(&loaded.inputs).zip(outcomes).enumerate()
    {
        let evaluated = input.plan.rule().filter(|_| outcome.status == Status::Succeeded);
        if let Some((rule, members)) = evaluated.zip(members.members(input.group)) {
            place_of.insert(at, rules.len());
            rules.push(Studied { group: &group.id, rule, members });
            places.push(named::of_group(group));
        }
    }
    let studied: Vec<usize> = asked.iter().filter_map(|at| place_of.get(at).copied()).collect();
    let findings = survey(&rules, &studied, loaded.objects(), &settings.attributes);
    let mut findings: HashMap<usize, _> = studied.into_iter().zip(findings).collect();
    // Rules that nobody named and that are not there or paused are passed over.
    let is_named = asked.len() < loaded.groups.len();
    let analysed = asked.iter().filter_map(|&at| {
        let (group, input, result) = (loaded.groups.get(at)?, loaded.inputs.get(at)?, outcomes.get(at)?);
        let why = |why: &str| is_named.then(|| Err(why.to_owned()));
        let outcome = match (&input.plan, place_of.get(&at)) {
            (Plan::Static, _) => why("the group has no membership rule")?,
            (Plan::Paused, _) => why("the rule is paused")?,
            (Plan::Rule(rule), Some(place)) => Ok(Analysed {
                subject: rule.subject,
                members: result.members,
                findings: findings.remove(place).unwrap_or_default(),
            }),
            _ => Err(result.error.clone().unwrap_or_default()),
        };
        Some(AnalysedRule { group: named::of_group(group), outcome })
    });
    let mut analysed: Vec<AnalysedRule> = analysed.collect();
    analysed.sort_by(|one, other| one.group.id.cmp(&other.group.id));
    AnalysisReport { rules: analysed, places }
}
