//! What a run comes to, as far as licenses go, in numbers.

use roaring::RoaringBitmap;

use super::LicenseRun;

/// The numbers of a run.
#[derive(Clone, Debug, Default)]
pub struct LicenseFigures {
    /// How many users had a license before.
    pub holders_before: u64,
    /// The users who lose one.
    pub losing: RoaringBitmap,
}

impl LicenseFigures {
    /// Counts.
    pub fn of(run: &LicenseRun<'_>) -> Self {
        Self { holders_before: run.before.holders().len(), losing: run.batch.losing() }
    }
}
