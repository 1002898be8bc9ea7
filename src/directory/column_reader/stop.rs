//! Why a quick reader gave up.

/// What ended the reading of a file, or of a part of it, before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Something that only the row readers can judge: mostly a fault, whose place and words they know.
    Refused,
    /// The texts of one attribute take more bytes than a column can address.
    TooLarge,
}
