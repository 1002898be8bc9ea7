//! The rule language: text to tokens to tree to typed rule, printing and lints.
//! Knows nothing of bytecode or columns.

pub mod attribute;
pub mod certainty;
pub mod dialect;
pub mod pattern;
pub mod typed;
