//! The `dyngroup` command.

fn main() {}
