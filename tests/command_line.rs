//! The command line as a stranger meets it: what each command prints where, and how it ends.
//!
//! The transcripts are `tests/snapshots/*.snap`.

mod check;
mod evaluate;
mod explain;
mod fix;
mod fixtures;
mod fmt;
mod help;
mod inputs;
mod lists;
mod settings;
mod streams;
