//! tests

mod diagnostics_doc;
