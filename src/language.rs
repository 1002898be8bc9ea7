//! The rule language: text to tokens to tree to typed rule, printing and lints.
//! Knows nothing of bytecode or columns.

pub mod attribute;
pub mod certainty;
mod check;
pub mod compile;
pub mod condition;
pub mod dialect;
mod excerpt;
mod extent;
pub mod fix;
pub mod keyword;
pub mod lex;
pub mod lint;
pub mod literal;
pub mod parse;
pub mod pattern;
pub mod print;
mod repair;
pub mod suggest;
pub mod token;
pub mod tree;
pub mod typed;
