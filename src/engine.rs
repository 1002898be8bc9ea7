//! What a typed rule says about objects: the definition, the explanation, the smallest change.
//! Knows no files and no clock.

#[cfg(test)]
mod building;
#[cfg(test)]
mod cases;
pub mod explain;
pub mod oracle;
mod reading;
mod weighing;
pub mod world;
