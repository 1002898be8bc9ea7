//! How the licenses of groups are: the object `licenses` in `groups.ndjson`.

use std::collections::{BTreeMap, HashMap};

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::LicenseRun;
use super::audit::trigger_word;
use super::summary::error_object;
use crate::base::fold::fold;
use crate::licensing::batch::Trigger;
use crate::licensing::intent::GroupIndex;
use crate::licensing::outcome::{ErrorCode, Source};
use crate::licensing::tenant::Tenant;

/// The groups of a tenant that have licenses, or of which some are left.
#[derive(Clone, Debug, Default)]
pub struct LicensedGroups {
    groups: BTreeMap<GroupIndex, GroupLicenses>,
    by_id: HashMap<String, GroupIndex>,
}

/// How the licenses of one group are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupLicenses {
    /// Members who are users and not deleted.
    pub members: u64,
    /// Members without an error from the group.
    pub succeeded: u64,
    /// Members with one.
    pub failed: u64,
    /// Members by error; one with several counts for each.
    pub by_error: BTreeMap<ErrorCode, u64>,
    /// Whether anyone has an error from the group, members or not.
    pub has_errors: bool,
    /// Why the run looked at the group, if it did.
    pub trigger: Option<Trigger>,
}

impl LicensedGroups {
    /// The groups after a run.
    pub fn of(run: &LicenseRun<'_>) -> Self {
        let mut groups = Self::of_tenant(run.after);
        for summary in &run.batch.summaries {
            let group = groups.groups.entry(summary.group).or_default();
            // Of a group whose last license went the tenant tells nothing any more.
            *group = GroupLicenses {
                members: summary.members,
                succeeded: summary.succeeded,
                failed: summary.failed,
                by_error: summary.by_error.clone(),
                has_errors: group.has_errors,
                trigger: Some(summary.trigger),
            };
        }
        groups
    }

    /// The groups as they are.
    pub fn of_tenant(tenant: &Tenant) -> Self {
        let mut failing: BTreeMap<GroupIndex, BTreeMap<ErrorCode, RoaringBitmap>> = BTreeMap::new();
        for (outcome, users) in tenant.outcomes_in_error() {
            for record in &outcome.records {
                if let (Source::Group(group), Some(code)) = (record.source, record.error) {
                    *failing.entry(group).or_default().entry(code).or_default() |= &users;
                }
            }
        }
        let mut found = Self::default();
        for group in tenant.groups() {
            let Some(known) = tenant.group(group) else { continue };
            found.by_id.entry(fold(&known.id).into_owned()).or_insert(group);
            if known.template.is_empty() && !tenant.has_records(group) {
                continue;
            }
            let failing = failing.remove(&group).unwrap_or_default();
            let members = &known.members - tenant.deleted();
            found.groups.insert(group, GroupLicenses::new(&members, &failing));
        }
        found
    }

    /// How the licenses of a group are, by its id in any letter case; nothing if it has none.
    pub fn get(&self, group_id: &str) -> Option<&GroupLicenses> {
        self.groups.get(self.by_id.get(&*fold(group_id))?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (GroupIndex, &GroupLicenses)> {
        self.groups.iter().map(|(group, licenses)| (*group, licenses))
    }
}

impl GroupLicenses {
    fn new(members: &RoaringBitmap, failing: &BTreeMap<ErrorCode, RoaringBitmap>) -> Self {
        let all = failing.values().fold(RoaringBitmap::new(), |all, users| all | users);
        let failed = all.intersection_len(members);
        let by_error = failing.iter().map(|(code, users)| (*code, users.intersection_len(members)));
        Self {
            members: members.len(),
            succeeded: members.len() - failed,
            failed,
            by_error: by_error.filter(|(_, count)| *count > 0).collect(),
            has_errors: !all.is_empty(),
            trigger: None,
        }
    }

    /// The object in `groups.ndjson`. All that was asked for is done when a run ends, so the state is that of
    /// a finished processing, with or without errors.
    pub fn object(&self) -> Value {
        json!({
            "state": "ProcessingComplete",
            "members": self.members,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "byError": error_object(&self.by_error),
            "hasMembersWithLicenseErrors": self.has_errors,
            "trigger": self.trigger.map(trigger_word),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Run, World};
    use super::*;
    use crate::licensing::event::EventKind;
    use crate::licensing::intent::Version;

    #[test]
    fn groups_are_counted_as_the_batch_counts_them() {
        for run in [Run::mixed(), Run::blocked_removal(), Run::suspended(), Run::grown_product()] {
            let groups = LicensedGroups::of_tenant(&run.after);
            for summary in &run.batch.summaries {
                let found = &groups.groups[&summary.group];
                assert_eq!((found.members, found.failed), (summary.members, summary.failed));
                assert_eq!((found.succeeded, &found.by_error), (summary.succeeded, &summary.by_error));
                assert_eq!(found.has_errors, run.after.has_errors(summary.group));
            }
        }
    }

    #[test]
    fn a_group_whose_last_license_went_is_told_once() {
        let mut world = World::new();
        world.run(vec![world.template("g-sales", "sku-e3"), world.join("g-sales", &["ada", "bob"])]);
        let (group, remove) = (world.group("g-sales"), vec![world.sku("sku-e3")]);
        let run =
            Run::of(world, vec![vec![EventKind::GroupTemplateSet { group, add: Version::new(), remove }]]);
        let groups = LicensedGroups::of(&run.told());
        let sales = groups.get("g-sales").unwrap();
        assert_eq!((sales.members, sales.succeeded, sales.trigger), (2, 2, Some(Trigger::Template)));
        assert!(LicensedGroups::of_tenant(&run.after).get("g-sales").is_none());
    }

    #[test]
    fn objects_follow_the_words_of_graph() {
        let run = Run::mixed();
        let groups = LicensedGroups::of(&run.told());
        let object = |id| groups.get(id).map(|group| group.object().to_string()).unwrap_or_default();
        insta::assert_snapshot!(["G-Sales", "g-calls", "g-kiosk", "g-plain", "none"].map(object).join("\n"));
        let blocked = Run::blocked_removal();
        let groups = LicensedGroups::of(&blocked.told());
        let sales = groups.get("g-sales").unwrap();
        assert!(sales.has_errors && sales.failed == 0 && sales.members == 0, "{sales:?}");
        assert_eq!(groups.iter().count(), 1);
    }
}
