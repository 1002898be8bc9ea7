//! Licenses that groups hand to their members: what a tenant owns, what is asked for, and what every user
//! ends up with. Knows members as ordinals, and neither rules nor columns nor files.

pub mod alike;
pub mod audit;
pub mod batch;
mod candidate;
pub mod catalog;
pub mod change;
pub mod codec;
mod column;
mod demand;
mod draft;
mod entry;
pub mod event;
pub mod explain;
pub mod facts;
pub mod forecast;
pub mod intent;
mod layout;
pub mod lint;
pub mod losses;
pub mod outcome;
pub mod pieces;
mod plain;
pub mod plan_set;
pub mod policy;
pub mod pool;
mod records;
mod registers;
mod resolve;
mod roll;
#[cfg(test)]
pub(crate) mod samples;
mod seats;
pub mod tenant;
mod tree;
mod validate;
