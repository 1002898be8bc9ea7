//! What rules say about objects. The oracle is the definition: a walk over the typed tree for one
//! object. The explanation and the smallest change stand on it. The column machine runs bytecode over
//! blocks of rows, the machine in [`single`] over one object; both have to agree with the oracle on everything.
//! Knows no files and no clock.

mod affixes;
mod block;
mod bound;
#[cfg(test)]
mod building;
mod candidates;
#[cfg(test)]
mod cases;
mod code_rows;
mod collections;
mod decided;
mod edits;
pub mod evaluate;
pub mod explain;
pub mod flip;
#[cfg(test)]
mod flip_properties;
mod gathered;
mod inside;
mod items;
mod machine;
pub mod oracle;
mod prepared;
mod reading;
mod relations;
mod scalar_tests;
mod scan;
mod search;
mod searches;
mod selection;
pub mod single;
mod term;
mod text_tests;
mod weighing;
pub mod world;
