//! The command line: arguments, files, the clock and exit codes.

pub mod source;
