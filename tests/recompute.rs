//! `recompute`: a tenant in, members and changes out.

mod columns;
mod example;
mod faults;
mod formats;
mod order;
pub(crate) mod random;
mod run;
pub(crate) mod tenant;
