//! Guards: what stops a run before anything is written.

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::args::GuardArgs;
use super::failure::Failure;
use crate::directory::approval::Approval;
use crate::directory::policy::Policy;
use crate::directory::policy::share::Share;
use crate::licensing::policy::{LicensingPolicy, MassChange};
use crate::membership::guard::{
    ChangedMembers, Exceeded, GroupChange, InputCount, Limit, ReviewedTrip, Trip, TripKind, TripSubject,
    of_objects, review, trips,
};
use crate::membership::roster::Roster;
use crate::report::recompute::RunReport;
use crate::store::AuditEvent;

/// The guards of a run, and what was let through them by hand.
pub(super) struct Guards {
    policy: Policy,
    approval: Approval,
    allow: Vec<String>,
    /// How many users may lose a license.
    mass_change: Option<MassChange>,
    /// Whether the command line switches them off.
    off: bool,
}

/// What the guards say about a run.
pub(super) struct Looked {
    /// What stops it, or has been approved.
    pub(super) trips: Vec<ReviewedTrip>,
    /// The groups that are not looked at.
    pub(super) allowed: RoaringBitmap,
    /// What was let through by hand, for the audit.
    pub(super) overridden: Vec<AuditEvent>,
}

impl Guards {
    /// Those of the tenant's policy with the choices of the command line.
    pub(super) fn of(mut policy: Policy, args: &GuardArgs) -> Result<Self, Failure> {
        for choice in &args.guards {
            let (key, value) = choice.split_once('=').ok_or_else(|| {
                Failure::new(format!(
                    "--guard {choice}: expected KEY=VALUE, such as group_removals_max_share=50%"
                ))
            })?;
            policy
                .guards
                .set(key.trim(), value.trim())
                .map_err(|why| Failure::new(format!("--guard {choice}: {why}")))?;
        }
        let approval = match &args.approve {
            Some(path) => Approval::read(path)?,
            None => Approval::default(),
        };
        let mass_change = LicensingPolicy::read(&policy)?.mass_change_guard;
        Ok(Self { policy, approval, allow: args.allow.clone(), mass_change, off: args.no_guards })
    }

    /// Looks at a run; `counts` are those of what it has read.
    pub(super) fn look(&self, report: &RunReport, counts: &[InputCount]) -> Result<Looked, Failure> {
        let changes: Vec<GroupChange> = report
            .groups
            .iter()
            .map(|group| GroupChange {
                group: group.group,
                before: group.members.saturating_sub(group.added).saturating_add(group.removed),
                added: group.added,
                removed: group.removed,
            })
            .collect();
        let allowed = self.allowed(report)?;
        let tripped = trips(&self.policy.guards, &changes, &allowed, counts);
        let members = ChangedMembers {
            roster: &report.changes.roster,
            before: &report.changes.before,
            after: &report.changes.after,
        };
        let mut trips = review(tripped, &changes, &allowed, members, &self.approval);
        trips.extend(self.license_removals(report));
        let overridden = self.overridden(&trips, report);
        Ok(Looked { trips: if self.off { Vec::new() } else { trips }, allowed, overridden })
    }

    /// Stops a run in which too many users lose a license.
    fn license_removals(&self, report: &RunReport) -> Option<ReviewedTrip> {
        let (limit, licenses) = (self.mass_change?, report.licenses.as_ref()?);
        let (before, removed) = (licenses.holders_before, licenses.losing.len());
        let limit = match limit {
            MassChange::Users(most) => (removed > most).then_some(Limit::Count(most)),
            MassChange::Percent(percent) => {
                let share = Share::parse(&format!("{percent}%")).ok()?;
                share.is_exceeded_by(removed, before).then_some(Limit::Share(share))
            }
        }?;
        let trip = Trip {
            kind: TripKind::LicenseRemovals,
            subject: TripSubject::Licenses,
            before,
            added: 0,
            removed,
            exceeded: vec![Exceeded { key: "mass_change_guard", limit }],
        };
        let fingerprint = of_objects(&licenses.losing, &report.changes.roster);
        let approved = self.approval.passes(trip.kind, None, fingerprint);
        Some(ReviewedTrip { trip, fingerprint, approved })
    }

    fn allowed(&self, report: &RunReport) -> Result<RoaringBitmap, Failure> {
        let roster: &Roster = &report.changes.roster;
        self.allow
            .iter()
            .map(|id| {
                let group = roster.find(id).filter(|&it| report.groups.iter().any(|group| group.group == it));
                group.ok_or_else(|| Failure::new(format!("--allow {id}: there is no such group")))
            })
            .collect()
    }

    fn overridden(&self, trips: &[ReviewedTrip], report: &RunReport) -> Vec<AuditEvent> {
        let event = |target: Value, details: Value| AuditEvent {
            activity: "Override guard".to_owned(),
            category: "Policy".to_owned(),
            target,
            details,
        };
        let allowed = self.allow.iter().map(|id| event(json!({ "groupId": id }), json!({ "by": "--allow" })));
        let by_hand = trips.iter().filter(|reviewed| self.off || reviewed.approved).map(|reviewed| {
            let group = reviewed.trip.subject.group().map(|group| report.changes.roster.id(group));
            let details = json!({
                "by": if self.off { "--no-guards" } else { "--approve" },
                "guard": reviewed.trip.kind.word(),
                "fingerprint": reviewed.fingerprint.to_string(),
            });
            event(json!({ "groupId": group }), details)
        });
        allowed.chain(by_hand).collect()
    }
}
