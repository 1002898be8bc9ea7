//! placeholder until the reader comes
