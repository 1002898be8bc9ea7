//! Sets of ordinals as bytes: the portable format of Roaring bitmaps, which all its libraries read.

use roaring::RoaringBitmap;

/// The bytes of a set. Runs are written out, so that equal sets give equal bytes and the views of the
/// schema need to know two kinds of containers only.
pub(super) fn bytes_of(set: &RoaringBitmap) -> rusqlite::Result<Vec<u8>> {
    let mut plain;
    let set = if set.statistics().n_run_containers > 0 {
        plain = set.clone();
        plain.remove_run_compression();
        &plain
    } else {
        set
    };
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    Ok(bytes)
}

/// The set that was written as `bytes`.
pub(super) fn set_of(bytes: &[u8]) -> rusqlite::Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, error.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_have_equal_bytes_whatever_their_containers() {
        let mut runs: RoaringBitmap = (0..10_000).collect();
        runs.optimize();
        let plain: RoaringBitmap = (0..10_000).collect();
        assert_eq!(bytes_of(&runs).unwrap(), bytes_of(&plain).unwrap());
        assert_eq!(set_of(&bytes_of(&runs).unwrap()).unwrap(), plain);
        assert!(set_of(b"none").is_err());
    }
}
