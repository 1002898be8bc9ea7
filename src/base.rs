//! Positions, diagnostics, codes, limits, text folding and fingerprints: what every layer may use.
//! Nothing here knows what a membership rule is.

pub mod code;
pub mod diagnostic;
pub mod fingerprint;
pub mod fold;
pub mod limits;
pub mod span;
