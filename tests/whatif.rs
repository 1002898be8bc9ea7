//! `diff`, `analyse` and `find-rule`: what rules say about a tenant, beyond who is a member.

mod commands;
mod comparison;
mod proofs;
