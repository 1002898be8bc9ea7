//! What rules say about a tenant, beyond who is a member: what another rule would change, how rules stand
//! to each other and to the values that there are, and which rule would give a list of members.
//! Knows rules, columns and bitmaps; no files, and nothing of what is printed.

pub mod discovery;
pub mod finding;
mod literals;
pub mod logic;
mod overlap;
pub mod reasons;
pub mod survey;
mod values;
pub mod whatif;
