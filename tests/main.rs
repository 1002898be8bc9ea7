//! tests
mod generate;
mod lint_fixes;
mod machines;
