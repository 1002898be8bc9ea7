//! The one integration binary: linking once keeps the tests quick.

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod diagnostics_doc;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod licensing;
#[cfg(test)]
mod lint_fixes;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod one_object;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod recompute;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod runner;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod spans;
#[cfg(test)]
mod state;
#[cfg(test)]
mod state_commands;
#[cfg(test)]
mod synth;
#[cfg(test)]
mod whatif;
