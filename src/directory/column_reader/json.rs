//! JSON records into columns, without a value in between. What is not wanted is passed over.

mod names;
mod value;

use self::names::Names;
use self::value::{Reading, Want};
use super::builder::Builders;
use super::layout::Layout;
use super::stop::Stop;
use crate::directory::columns::Column;
use crate::directory::shape::Shape;
use serde::de::DeserializeSeed;

/// Reads records into columns.
pub(super) struct RecordReader<'layout> {
    names: Names<'layout>,
    builders: Builders,
    /// Why the last value was not taken.
    stop: Option<Stop>,
    /// The text of the licenses that were read last, kept for its room.
    licenses: String,
}

impl<'layout> RecordReader<'layout> {
    pub(super) fn new(shape: &'layout Shape<'layout>, layout: &'layout Layout) -> Self {
        Self {
            names: Names::new(shape, layout),
            builders: Builders::new(layout),
            stop: None,
            licenses: String::new(),
        }
    }

    /// Adds one record to the columns.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Stop> {
        let mut json = serde_json::Deserializer::from_str(text);
        let read = Reading { reader: &mut *self, want: Want::Record }.deserialize(&mut json);
        if read.and_then(|()| json.end()).is_err() {
            return Err(self.stop.take().unwrap_or(Stop::Refused));
        }
        self.builders.end_row()
    }

    /// How many records were read.
    pub(super) fn rows(&self) -> usize {
        self.builders.rows()
    }

    /// The columns, in the order of the slots.
    pub(super) fn finish(self) -> Result<Vec<Column>, Stop> {
        self.builders.finish()
    }
}
