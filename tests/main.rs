//! The integration tests: one binary, so that the program is linked once.

#[cfg(test)]
mod layering;
#[cfg(test)]
mod readme;
