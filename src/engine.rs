//! What a typed rule says about objects: the definition, the explanation, the smallest change.
//! Knows no files and no clock.

#[cfg(test)]
mod building;
mod candidates;
#[cfg(test)]
mod cases;
mod collections;
mod edits;
pub mod explain;
pub mod flip;
#[cfg(test)]
mod flip_properties;
pub mod oracle;
mod reading;
mod relations;
mod search;
mod weighing;
pub mod world;
