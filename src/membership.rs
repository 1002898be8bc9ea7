//! Who belongs to which group: ordinals for ids, the order among groups, snapshots and deltas.
//! Knows nothing of columns or rule text.

pub mod delta;
mod dependencies;
pub mod order;
pub mod recompute;
pub mod roster;
pub mod snapshot;
