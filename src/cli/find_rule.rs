//! `dyngroup find-rule`: a rule for a group whose members are known as a list.

use std::io::{self, BufWriter, Write};

use roaring::RoaringBitmap;

use super::args::{FindRuleArgs, Global, ReportFormat};
use super::failure::Failure;
use super::loaded::Loaded;
use super::progress::Progress;
use super::settings::Settings;
use super::{Outcome, named, output};
use crate::analysis::discovery::{self, Proposal, Request, discover};
use crate::directory::column_reader::Wanted;
use crate::language::attribute::Subject;
use crate::language::compile::Options;
use crate::membership::recompute::{self, Plan};
use crate::report::analysis::Named;
use crate::report::proposals::{ProposalReport, ProposedRule, write_proposals};

/// Runs the command.
pub(super) fn run(args: &FindRuleArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = args.on.settings(global)?;
    let mut progress = Progress::shown();
    let loaded = Loaded::read_with(&args.on.tenant, &settings, &mut progress, |groups, _| {
        let group = named::group(groups, &args.group)?;
        if group.is_assignable_to_role {
            let id = &group.id;
            let why = "roles can be assigned to it, and such a group cannot have a membership rule";
            return Err(Failure::new(format!("group `{id}`: {why}")));
        }
        Ok(Subject::ALL.map(|subject| {
            let attributes = discovery::attributes(&settings.attributes, subject);
            Wanted { attributes, ..Wanted::default() }.as_written()
        }))
    })?;
    let report = found(args, &settings, &loaded, &mut progress)?;
    progress.finish();
    let mut out = BufWriter::new(io::stdout().lock());
    write_proposals(output::report_format(args.on.output_format), &report, &output::style(), &mut out)?;
    out.flush()?;
    if report.proposals.is_empty() {
        if output::format_or_default(args.on.output_format) != ReportFormat::Full {
            output::say("no good rule was found");
        }
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Clean)
}

fn found(
    args: &FindRuleArgs,
    settings: &Settings,
    loaded: &Loaded,
    progress: &mut Progress,
) -> Result<ProposalReport, Failure> {
    let group = named::group(&loaded.groups, &args.group)?;
    let members = members(loaded, &group.id, settings, progress);
    let objects = loaded.objects();
    // Of users and devices those that there are more of.
    let rows = |subject| objects.roster.rows_of(subject, &members);
    let is_about_devices = !group.is_unified() && rows(Subject::Device).len() > rows(Subject::User).len();
    let subject = if is_about_devices { Subject::Device } else { Subject::User };
    let wanted = rows(subject);
    let request = Request {
        columns: objects.of(subject),
        wanted: &wanted,
        options: Options { subject: Some(subject), ..settings.options() },
        terms_max: args.max_terms,
        proposals_max: args.proposals,
    };
    let proposals = progress.stage("search", "searching rules", || discover(request));
    let shown = |proposal: &Proposal| proposed(loaded, subject, &wanted, proposal, args.samples);
    let good: Vec<ProposedRule> = proposals.iter().filter(|it| it.is_good()).map(shown).collect();
    Ok(ProposalReport {
        group: named::of_group(group),
        subject,
        members: wanted.len(),
        others: members.len() - wanted.len(),
        objects: objects.of(subject).rows() as u64,
        terms_max: args.max_terms,
        best: proposals.first().filter(|_| good.is_empty()).map(shown),
        proposals: good,
    })
}

/// The members of a group: those that its rule gives, else those that the tenant lists.
fn members(loaded: &Loaded, id: &str, settings: &Settings, progress: &mut Progress) -> RoaringBitmap {
    let Some(input) =
        loaded.roster.find(id).and_then(|group| loaded.inputs.iter().find(|it| it.group == group))
    else {
        return RoaringBitmap::new();
    };
    if !matches!(input.plan, Plan::Rule(_)) {
        return loaded.before.members(input.group).map(|listed| listed - &loaded.deleted).unwrap_or_default();
    }
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    let (_, members) = loaded.recompute(choices, progress);
    members.members(input.group).cloned().unwrap_or_default()
}

fn proposed(
    loaded: &Loaded,
    subject: Subject,
    wanted: &RoaringBitmap,
    proposal: &Proposal,
    samples: usize,
) -> ProposedRule {
    let objects = loaded.objects();
    let (missed, admitted) = (wanted - &proposal.rows, &proposal.rows - wanted);
    let some = |rows: &RoaringBitmap| -> Vec<Named> {
        let members = objects.roster.ordinals_of_rows(subject, rows.clone());
        let members = named::first_members(objects, members, samples);
        members.into_iter().map(|member| named::of_member(loaded, member)).collect()
    };
    ProposedRule {
        rule: proposal.rule.text.to_string(),
        precision: proposal.precision(),
        recall: proposal.recall(),
        selected: proposal.rows.len(),
        missed: missed.len(),
        admitted: admitted.len(),
        missed_samples: some(&missed),
        admitted_samples: some(&admitted),
    }
}
