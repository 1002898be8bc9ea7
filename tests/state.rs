//! The state file: what a run remembers, and that runs over changes give what full runs give.

mod absent;
mod corners;
#[cfg(unix)]
mod full_disk;
mod guards;
mod history;
mod kill;
mod town;
mod trouble;
mod upgrade;
