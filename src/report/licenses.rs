//! What licensing tells: the files of a run, the block on the console, and the reports about a tenant.
//!
//! Users with the same change share it, and so do users with the same licenses: the text of each is made
//! once, and only the user's id differs from line to line.

pub mod audit;
mod classes;
pub mod deltas;
pub mod error_report;
pub mod errors;
pub mod explanation;
mod explanation_object;
mod explanation_text;
pub mod figures;
pub mod groups;
pub mod losses;
mod naming;
pub mod past_deltas;
mod problems;
mod refusals;
#[cfg(test)]
mod samples;
pub mod seats;
mod sentences;
pub mod states;
pub mod status;
pub mod summary;
mod user_lines;

use crate::licensing::batch::Batch;
use crate::licensing::tenant::{Tenant, UserIds};

pub(super) use naming::Words;
pub use naming::{NoNames, ProductNaming};

/// A batch that was worked out, with all that is needed to tell of it.
#[derive(Clone, Copy)]
pub struct LicenseRun<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The tenant before the batch.
    pub before: &'a Tenant,
    /// The tenant with the batch taken over.
    pub after: &'a Tenant,
    /// The batch.
    pub batch: &'a Batch,
    /// The ids of users.
    pub ids: &'a dyn UserIds,
    /// Names for people; [`NoNames`] if there are none.
    pub names: &'a dyn ProductNaming,
}
