//! Users, devices, groups, static members and the policy: reading a tenant folder.
//! Knows attributes and their types, and nothing of rules.

pub mod approval;
pub mod column_reader;
pub mod columns;
pub mod error;
pub mod group;
pub mod license_fields;
pub mod managers;
pub mod mark;
pub mod members;
pub mod object;
pub mod organization;
pub mod policy;
pub mod product_names;
pub mod read;
pub(crate) mod row;
pub mod row_object;
pub(crate) mod shape;
pub mod sku;
pub mod source;
pub mod tenant;
pub mod user_licenses;
