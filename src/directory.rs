//! Users, devices, groups and static members: reading a tenant folder.
//! Knows attributes and their types, and nothing of rules.

pub mod object;
