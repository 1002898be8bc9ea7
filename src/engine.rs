//! What a typed rule says about objects.
//! Knows no files and no clock.

#[cfg(test)]
mod building;
#[cfg(test)]
mod cases;
pub mod oracle;
mod reading;
pub mod world;
