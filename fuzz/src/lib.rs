//! Made-up input that fuzz targets build from bytes.

pub mod case;
mod condition;
mod values;
