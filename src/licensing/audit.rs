//! What is told of a batch: one event for each thing that someone would look for later. Members who came
//! and went, and users who were deleted or restored, are told by who tells the batch of them.

use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::event::Refusal;
use super::intent::{GroupIndex, Version};
use super::outcome::Source;

/// What happened, as the audit names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// A group was deleted.
    DeleteGroup,
    /// A template was edited.
    SetGroupLicense,
    /// A group is to be processed again.
    TriggerRecalculation,
    /// A run over a group's members began.
    StartRun,
    /// A user's licenses changed, or failed to.
    ChangeUserLicense,
    /// A run over a group's members ended.
    FinishRun,
    /// A subscription's state changed what a user's licenses are worth.
    ChangeLicenseStatus,
    /// Plans came to a product or left it.
    ChangeProduct,
}

/// Whom or what it is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A group.
    Group(GroupIndex),
    /// Users, by ordinal: all of whom the same is told.
    Users(RoaringBitmap),
    /// A product.
    Product(super::catalog::SkuIndex),
}

/// More about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Details {
    /// Nothing.
    None,
    /// The template before and after.
    Template {
        /// What it was.
        before: Version,
        /// What it is.
        after: Version,
    },
    /// How a run ended, in members of the group.
    Result {
        /// Members without an error.
        succeeded: u64,
        /// Members with one.
        failed: u64,
    },
    /// Why an edit was refused.
    Refused(Refusal),
    /// The sources that the change is about; the records of the user tell the rest.
    Sources {
        /// What changed, or failed to.
        sources: Vec<Source>,
        /// Whether a part of what was asked for failed.
        is_partial: bool,
    },
}

/// One event of the audit; one for all users of whom the same is told.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// What happened.
    pub activity: Activity,
    /// Whether it was done; otherwise it failed.
    pub succeeded: bool,
    /// Who did it.
    pub actor: String,
    /// Whom or what it is about.
    pub target: Target,
    /// When.
    pub time: Timestamp,
    /// The number of the batch.
    pub run: u64,
    /// The ids of the events that led to it.
    pub causes: Arc<[String]>,
    /// More about it.
    pub details: Details,
}

impl Activity {
    /// The name in the audit.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeleteGroup => "Delete group",
            Self::SetGroupLicense => "Set group license",
            Self::TriggerRecalculation => "Trigger group license recalculation",
            Self::StartRun => "Start applying group based license to users",
            Self::ChangeUserLicense => "Change user license",
            Self::FinishRun => "Finish applying group based license to users",
            Self::ChangeLicenseStatus => "Change license status",
            Self::ChangeProduct => "Change product",
        }
    }

    /// The category in the audit.
    pub const fn category(self) -> &'static str {
        match self {
            Self::ChangeUserLicense | Self::ChangeLicenseStatus => "UserManagement",
            Self::ChangeProduct => "DirectoryManagement",
            _ => "GroupManagement",
        }
    }
}

/// The words in which the end of a run is told.
///
/// ```
/// use dyngroup::licensing::audit::result_text;
/// assert_eq!(result_text(3, 1), "[Users successfully assigned licenses: 3, Users for whom license assignment failed: 1.]");
/// ```
pub fn result_text(succeeded: u64, failed: u64) -> String {
    format!(
        "[Users successfully assigned licenses: {succeeded}, Users for whom license assignment failed: {failed}.]"
    )
}
