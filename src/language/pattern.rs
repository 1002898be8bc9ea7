//! Regular expressions of `-match` and `-notMatch`, in the flavour of .NET.

/// placeholder until the real one lands
#[derive(Clone, Debug)]
pub struct Pattern;
