//! The state file that a command reads or writes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use crate::store::{Store, StoreError};

/// How long another process that writes to the state file is waited for, if nothing else is asked for.
pub(super) const WAIT_SECONDS: u64 = 30;

/// The options of commands that look at a state file.
#[derive(Args, Clone, Debug)]
pub(super) struct StateArgs {
    /// The state file that `dyngroup recompute --state` keeps
    #[arg(long, value_name = "FILE", env = "DYNGROUP_STATE")]
    pub(super) state: PathBuf,
    /// How long to wait for another process that writes to the state file
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_SECONDS)]
    pub(super) wait: u64,
}

impl StateArgs {
    /// Opens the file, which has to be there.
    pub(super) fn open(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.state, Duration::from_secs(self.wait))?)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string())
    }
}
