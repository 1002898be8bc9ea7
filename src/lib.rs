#![doc = include_str!("../README.md")]

pub mod analysis;
pub mod base;
pub mod cli;
pub mod directory;
pub mod engine;
pub mod language;
pub mod licensing;
pub mod membership;
pub mod program;
pub mod report;
pub mod store;
