//! tests

mod synth;
