//! Integration tests, one binary.

mod corpus;
mod hostile;
mod recovery;
mod rules;
mod shapes;
