//! What an administrator has chosen about licenses.

mod read;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::facts::{ConflictProfile, Facts};
use super::plan_set::PlanIndex;

/// Every choice, at its default unless a policy says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the policy")]
pub struct LicensingPolicy {
    /// Whether users who wait for a seat get one that becomes free by themselves (`auto`), or only when
    /// they are processed again (`manual`).
    pub capacity_retry_auto: bool,
    /// Whether products of a group are given one by one (`per_product`), or all or none.
    pub per_product: bool,
    /// What becomes of the version in force when a change of the template cannot be applied.
    pub failed_change: FailedChange,
    /// What becomes of a license that cannot be removed because others need it.
    pub removal_block: RemovalBlock,
    /// What is done about a template with a plan whose needs are not in it.
    pub prereq_mode: PrereqMode,
    /// Which edition of the list of exclusive plans holds.
    pub conflict_profile: ConflictProfile,
    /// Whether the lower of two exclusive plans is switched off by its rank; otherwise the newcomer fails.
    pub precedence: bool,
    /// Whether users without a location are looked at as being where the directory is.
    pub inherit_location: bool,
    /// Whether a held license goes when one of its plans is prohibited at the user's new location.
    pub revoke_prohibited: bool,
    /// Whether plans that come to a product are on in templates.
    pub new_plan_on: bool,
    /// How long a license is kept for a user who left its group while another group waits for a seat.
    pub move_hold: Option<SignedDuration>,
    /// Who gets a seat first.
    pub seat_order: Vec<SeatKey>,
    /// Whether deleted users keep their seats for thirty days.
    pub hold_deleted_seats: bool,
    /// Whether members of groups in a group count. The caller flattens them; nothing here reads it.
    pub nested_members: bool,
    /// Whether a change of direct licenses, location or catalog lets a user's failed assignments be tried
    /// again; changes of membership always do.
    pub self_heal_on_user_change: bool,
    /// Seats beyond those bought: by product id in lower case, or for all others under the empty name.
    pub overallocation: BTreeMap<String, u64>,
    /// How many users may lose a license in one batch.
    pub mass_change_guard: Option<MassChange>,
    /// The display name of the service in the audit.
    pub actor: String,
    /// Facts that add to the built-in ones or replace them.
    pub added_facts: Facts,
    /// Choices about single groups, by id in lower case.
    pub groups: BTreeMap<String, GroupSettings>,
}

/// What becomes of the version in force when a change fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailedChange {
    /// It stays.
    #[default]
    KeepLastGood,
    /// It goes all the same.
    Strict,
}

/// What becomes of a license that others need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemovalBlock {
    /// It stays as the group's, with an error.
    #[default]
    RetainBundle,
    /// It becomes a direct license.
    ConvertToDirect,
}

/// What is done about a plan whose needs are not in its template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrereqMode {
    /// The edit is refused.
    #[default]
    Refuse,
    /// The plan is switched off in the template.
    AutoDisable,
}

/// What decides who gets a seat first; the id always comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatKey {
    /// The group's priority, the highest first.
    Priority,
    /// Since when the user was to have it, the earliest first.
    WantedSince,
}

/// How many users may lose a license in one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MassChange {
    /// So many.
    Users(u64),
    /// So many of a hundred users with licenses.
    Percent(u64),
}

/// Choices about one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSettings {
    /// Groups with a higher one come first.
    pub priority: i64,
    /// How long members keep the licenses after they left.
    pub grace: SignedDuration,
    /// Products that a member gets instead while the template's are short, the best first: lists of
    /// product ids in lower case.
    pub alternatives: Vec<Vec<String>>,
    /// Whether plans that come to a product are on; as the policy says if `None`.
    pub new_plan_on: Option<bool>,
}

impl LicensingPolicy {
    /// What is known of plans under this policy.
    pub fn facts(&self) -> Facts {
        Facts::built_in(self.conflict_profile).with(&self.added_facts)
    }

    /// Seats of a product beyond those bought.
    pub fn overallocation_of(&self, sku_id: &str) -> u64 {
        let own = self.overallocation.get(&sku_id.to_ascii_lowercase());
        own.or_else(|| self.overallocation.get("")).copied().unwrap_or_default()
    }

    /// The choices about a group.
    pub fn group(&self, id: &str) -> GroupSettings {
        self.groups.get(&id.to_ascii_lowercase()).cloned().unwrap_or_default()
    }
}

impl Default for LicensingPolicy {
    fn default() -> Self {
        Self {
            capacity_retry_auto: true,
            per_product: false,
            failed_change: FailedChange::default(),
            removal_block: RemovalBlock::default(),
            prereq_mode: PrereqMode::default(),
            conflict_profile: ConflictProfile::default(),
            precedence: false,
            inherit_location: true,
            revoke_prohibited: false,
            new_plan_on: true,
            move_hold: None,
            seat_order: vec![SeatKey::Priority, SeatKey::WantedSince],
            hold_deleted_seats: false,
            nested_members: false,
            self_heal_on_user_change: true,
            overallocation: BTreeMap::new(),
            mass_change_guard: None,
            actor: "Microsoft Entra ID Group-Based Licensing".to_owned(),
            added_facts: Facts::default(),
            groups: BTreeMap::new(),
        }
    }
}

/// The plan with the lower rank, where both have one.
pub(super) fn lower_of(
    ranks: &BTreeMap<PlanIndex, u32>,
    left: PlanIndex,
    right: PlanIndex,
) -> Option<PlanIndex> {
    let (a, b) = (ranks.get(&left)?, ranks.get(&right)?);
    match a.cmp(b) {
        std::cmp::Ordering::Less => Some(left),
        std::cmp::Ordering::Greater => Some(right),
        std::cmp::Ordering::Equal => None,
    }
}
