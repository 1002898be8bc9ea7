//! Positions, diagnostics, codes, limits and text folding: what every layer may use.
//! Nothing here knows what a membership rule is.

pub mod code;
pub mod diagnostic;
pub mod fold;
pub mod limits;
pub mod span;
