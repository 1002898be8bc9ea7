//! Compiler and evaluator for Microsoft Entra dynamic membership rules.
//!
//! ```text
//! rule text -> language -> engine -> membership -> report
//!                            ^
//!              directory ----'          cli on top
//! ```

pub mod base;
pub mod cli;
pub mod directory;
pub mod engine;
pub mod language;
pub mod membership;
pub mod program;
pub mod report;
