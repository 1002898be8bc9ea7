//! What a run comes to, as far as licenses go, ready to be told with the rest of it.

use roaring::RoaringBitmap;
use serde_json::Value;

use super::LicenseRun;
use super::groups::LicensedGroups;
use super::losses::LossesReport;
use super::summary::{LicenseCounts, license_summary, write_license_block};
use crate::report::Style;

/// The numbers of a run.
#[derive(Clone, Debug, Default)]
pub struct LicenseFigures {
    /// How many users had a license before.
    pub holders_before: u64,
    /// The users who lose one.
    pub losing: RoaringBitmap,
    /// What users lose and gain.
    pub losses: LossesReport,
    /// What changed, and what is in error.
    pub counts: LicenseCounts,
    /// The groups with licenses.
    pub groups: LicensedGroups,
    /// The object of `summary.json`.
    pub summary: Value,
    /// The block for people.
    pub block: String,
}

impl LicenseFigures {
    /// Counts. `style` is that of the block.
    pub fn of(run: &LicenseRun<'_>, style: &Style) -> Self {
        let mut block = Vec::new();
        // A list of bytes takes everything.
        let _ = write_license_block(run, style, &mut block);
        Self {
            holders_before: run.before.holders(),
            losing: run.batch.losing(),
            losses: LossesReport::of(run),
            counts: LicenseCounts::of(run),
            groups: LicensedGroups::of(run),
            summary: license_summary(run),
            block: String::from_utf8_lossy(&block).into_owned(),
        }
    }

    /// Whether some user is in error, or something was refused.
    pub fn has_errors(&self) -> bool {
        self.counts.users_with_errors > 0 || self.counts.refused > 0
    }
}
