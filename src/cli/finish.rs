//! The end of a run: files are written beside their places, the state is committed, the files take their
//! places. Until the commit nothing has changed; after it the state has.

use std::path::Path;

use roaring::RoaringBitmap;

use super::args::DeltaFormat;
use super::computed::{Followed, Past};
use super::failure::Failure;
use super::licenses::{Ids, Licensed};
use super::progress::Progress;
use super::recompute::peak_memory_bytes;
use super::remembered::Inputs;
use super::run_files::RunFiles;
use crate::directory::group::Group;
use crate::membership::delta::Delta;
use crate::membership::recompute::Status;
use crate::membership::register::Holder;
use crate::report::licenses::audit::license_events;
use crate::report::licenses::{NoNames, ProductNaming};
use crate::report::recompute::{GroupReport, RunReport};
use crate::store::{AuditEvent, GroupHead, RunHead, RunKind, Session, StoredDelta, StoredGroup};

/// What a run leaves behind.
pub(super) struct Finished {
    pub(super) report: RunReport,
    pub(super) kind: RunKind,
    /// The run that it takes back.
    pub(super) undoes: Option<i64>,
    pub(super) actor: String,
    /// The groups as they are remembered from now on; those that are no more have the status for it.
    pub(super) groups: Vec<StoredGroup>,
    /// The ordinals of the users, of the devices and of deleted strangers, if they may have changed.
    pub(super) present: Option<[RoaringBitmap; 3]>,
    pub(super) inputs: Option<Inputs>,
    /// What came of the licenses, if the tenant has products.
    pub(super) licensed: Option<Licensed>,
}

/// Where files go, and in which form.
#[derive(Clone, Copy)]
pub(super) struct Out<'a> {
    pub(super) folder: &'a Path,
    pub(super) delta_format: DeltaFormat,
    /// Whether the licenses of all users are told, and not only of those with changes.
    pub(super) is_full: bool,
    /// The names of products and plans.
    pub(super) names: &'a dyn ProductNaming,
}

impl Finished {
    /// Writes everything: files, and the state if there is a session. Of both or of none something stays.
    pub(super) fn write(
        mut self,
        session: Option<Session<'_>>,
        out: Option<Out<'_>>,
        progress: &mut Progress,
    ) -> Result<RunReport, Failure> {
        if let Some(session) = &session {
            progress.stage("state", "remembering the run", || self.remember(session))?;
        }
        let mut report = self.report;
        let files = match out {
            Some(out) => Some(RunFiles::stage(&mut report, self.licensed.as_ref(), out, progress)?),
            None => None,
        };
        if let Some(session) = session {
            progress.stage("state", "committing", || session.commit())?;
        }
        report.stages = progress.seconds();
        report.peak_memory_bytes = peak_memory_bytes();
        if let Some(files) = files {
            files.commit()?;
        }
        Ok(report)
    }

    fn remember(&mut self, session: &Session<'_>) -> Result<(), Failure> {
        let report = &self.report;
        session.add_ids(&report.changes.roster)?;
        if let Some(present) = &self.present {
            for (holder, present) in Holder::ALL.into_iter().zip(present) {
                session.set_present(holder, present)?;
            }
        }
        if let Some(inputs) = &self.inputs {
            inputs.write(session)?;
        }
        let groups = std::mem::take(&mut self.groups);
        let (gone, there): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.head.status == Status::Deleted.word());
        let renamed = report.changes.roster.promoted().into_iter().map(|(_, now)| now).collect();
        session.set_groups(&there, &renamed)?;
        for group in gone {
            session.remove_group(group.head.ordinal)?;
        }
        let new = RunHead {
            id: report.run.clone(),
            kind: self.kind,
            undoes: self.undoes,
            started: report.started,
            now: report.now,
            actor: self.actor.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: crate::report::recompute::summary(report),
        };
        let Some(licensed) = &self.licensed else {
            session.add_run(&new, &deltas_of(report), &report.events, &[])?;
            return Ok(());
        };
        licensed.write(session)?;
        let ids = Ids(&report.changes.roster);
        let told = licensed.told(&report.run, &ids, &NoNames);
        let events: Vec<AuditEvent> = report.events.iter().cloned().chain(license_events(&told)).collect();
        session.add_run(&new, &deltas_of(report), &events, &Licensed::changes(&told))?;
        Ok(())
    }
}

fn deltas_of(report: &RunReport) -> Vec<StoredDelta> {
    let changes = &report.changes;
    let nobody = RoaringBitmap::new();
    let changed = report.groups.iter().filter(|group| group.added + group.removed > 0);
    let delta = |group: &GroupReport| {
        let before = changes.before.members(group.group).unwrap_or(&nobody);
        let Delta { added, removed } =
            Delta::between(before, changes.after.members(group.group).unwrap_or(&nobody));
        StoredDelta { ordinal: group.group, cause: group.cause.to_owned(), added, removed }
    };
    let mut deltas: Vec<StoredDelta> = changed.map(delta).collect();
    deltas.sort_unstable_by_key(|delta| delta.ordinal);
    deltas
}

/// The groups of a run as they are remembered from now on. `groups` and `followed` are in the same order.
pub(super) fn stored_groups(
    groups: &[Group],
    followed: Vec<Followed>,
    past: &Past,
    report: &RunReport,
    run: i64,
) -> Vec<StoredGroup> {
    let by_id: std::collections::HashMap<&str, &GroupReport> =
        report.groups.iter().map(|group| (group.id.as_str(), group)).collect();
    let stored = |(group, followed): (&Group, Followed)| {
        let outcome = *by_id.get(group.id.as_str())?;
        let past = past.get(&outcome.group);
        let changed = outcome.added + outcome.removed > 0;
        let members = report.changes.after.members(outcome.group).cloned().unwrap_or_default();
        let head = GroupHead {
            ordinal: outcome.group,
            id: group.id.clone(),
            display_name: group.display_name.clone(),
            status: outcome.status.word().to_owned(),
            error: outcome.error.clone(),
            rule: group.membership_rule.clone().filter(|_| group.is_dynamic()),
            evaluated: followed.evaluated,
            next_change: followed.next_change,
            members: members.len(),
            updated_run: run,
            changed_run: if changed { Some(run) } else { past.and_then(|past| past.changed_run) },
        };
        Some(StoredGroup { head, members })
    };
    groups.iter().zip(followed).filter_map(stored).collect()
}
