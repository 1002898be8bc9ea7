//! Guards: what stops a run before anything is written.

use roaring::RoaringBitmap;

use super::args::GuardArgs;
use super::failure::Failure;
use crate::directory::approval::Approval;
use crate::directory::policy::Policy;
use crate::membership::guard::{ChangedMembers, GroupChange, InputCount, ReviewedTrip, review, trips};
use crate::membership::roster::Roster;
use crate::report::recompute::RunReport;
use crate::store::AuditEvent;

/// The guards of a run, and what was let through them by hand.
pub(super) struct Guards {
    policy: Policy,
    approval: Approval,
    allow: Vec<String>,
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
        if args.no_guards {
            policy.guards.enabled = false;
        }
        let approval = match &args.approve {
            Some(path) => Approval::read(path)?,
            None => Approval::default(),
        };
        Ok(Self { policy, approval, allow: args.allow.clone() })
    }

    /// What the guards say about a run, and the groups that they do not look at.
    pub(super) fn look(
        &self,
        report: &RunReport,
        counts: &[InputCount],
    ) -> Result<(Vec<ReviewedTrip>, RoaringBitmap), Failure> {
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
        Ok((review(tripped, &changes, &allowed, members, &self.approval), allowed))
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

    /// What was let through by hand, for the audit.
    pub(super) fn overridden(&self, trips: &[ReviewedTrip], report: &RunReport) -> Vec<AuditEvent> {
        let event = |target: serde_json::Value, details: serde_json::Value| AuditEvent {
            activity: "Override guard".to_owned(),
            category: "Policy".to_owned(),
            target,
            details,
        };
        let mut events = Vec::new();
        if !self.policy.guards.enabled {
            events.push(event(serde_json::json!({}), serde_json::json!({ "by": "enabled=false" })));
        }
        for id in &self.allow {
            events.push(event(serde_json::json!({ "groupId": id }), serde_json::json!({ "by": "--allow" })));
        }
        for reviewed in trips.iter().filter(|reviewed| reviewed.approved) {
            let group = reviewed.trip.subject.group().map(|group| report.changes.roster.id(group));
            let details = serde_json::json!({
                "by": "--approve",
                "guard": reviewed.trip.kind.word(),
                "fingerprint": reviewed.fingerprint.to_string(),
            });
            events.push(event(serde_json::json!({ "groupId": group }), details));
        }
        events
    }
}
