//! The one integration binary: linking once keeps the tests quick.

mod diagnostics_doc;
mod generate;
mod lint_fixes;
mod machines;
