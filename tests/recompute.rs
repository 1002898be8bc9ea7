//! `recompute`: a tenant in, members and changes out.

mod columns;
mod example;
mod faults;
mod formats;
mod order;
mod random;
mod run;
pub(crate) mod tenant;
