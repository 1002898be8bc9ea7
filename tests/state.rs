//! The state file: what a run remembers, and that runs over changes give what full runs give.

mod history;
