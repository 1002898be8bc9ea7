//! Who belongs to which group: ordinals for ids, the order among groups, snapshots, deltas and guards.
//! Hands columns to the engine without looking into them, and knows no rule text.

pub mod changed;
pub mod clock;
pub mod delta;
mod dependencies;
pub mod evaluation;
mod given;
pub mod guard;
pub mod order;
pub mod recompute;
pub mod register;
pub mod relations;
mod reporting;
pub mod roster;
pub mod snapshot;
