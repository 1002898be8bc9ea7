//! Memberships on their way from a state file to a writer, group by group.

use std::io;

use super::failure::Failure;
use crate::report::membership_stream::GroupMemberships;
use crate::store::StoreError;

/// Reads the next group. Keeps the error of the state file, because a writer only knows those of its own
/// file.
pub(super) struct StateStream<Read> {
    read: Read,
    error: Option<StoreError>,
}

impl<Read: FnMut() -> Result<Option<GroupMemberships>, StoreError>> StateStream<Read> {
    pub(super) fn new(read: Read) -> Self {
        Self { read, error: None }
    }

    /// The next group; an error here is the state's own.
    pub(super) fn next(&mut self) -> io::Result<Option<GroupMemberships>> {
        (self.read)().map_err(|error| {
            self.error = Some(error);
            io::Error::other("the state file cannot be read")
        })
    }

    /// What the writer gave, or the error of the state file if there was one.
    pub(super) fn end<T>(self, written: Result<T, Failure>) -> Result<T, Failure> {
        match self.error {
            Some(error) => Err(error.into()),
            None => written,
        }
    }
}
