//! The `dyngroup` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dyngroup::cli::main().into()
}
