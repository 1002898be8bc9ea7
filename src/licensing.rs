//! Licenses that groups hand to their members: what a tenant owns, what is asked for, and what every user
//! ends up with. Knows members as ordinals, and neither rules nor columns nor files.

pub mod audit;
pub mod batch;
mod candidate;
pub mod catalog;
pub mod change;
mod column;
mod draft;
pub mod event;
pub mod facts;
pub mod intent;
mod layout;
pub mod outcome;
mod plain;
pub mod plan_set;
pub mod policy;
pub mod pool;
mod records;
mod registers;
mod resolve;
mod roll;
mod seats;
pub mod tenant;
mod validate;
