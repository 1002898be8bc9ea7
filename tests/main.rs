//! The integration tests: one binary, so that the program is linked once.

#[cfg(test)]
mod generate;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod lint_fixes;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod readme;
