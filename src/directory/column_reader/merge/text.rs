//! Text pieces into one column: a dictionary if enough values repeat, plain if not.

use std::collections::HashSet;
use std::hash::BuildHasher;

use arrow_array::Array;
use arrow_buffer::NullBufferBuilder;
use hashbrown::DefaultHashBuilder;

use crate::directory::column_reader::intern::{Interner, Texts};
use crate::directory::column_reader::stop::Stop;
use crate::directory::columns::{NULL_CODE, PLAIN_VALUES_MIN, TextColumn};

/// Puts text columns together, one after the other.
pub(in crate::directory::column_reader) fn merge_text(pieces: Vec<TextColumn>) -> Result<TextColumn, Stop> {
    let rows = pieces.iter().map(TextColumn::len).sum();
    if looks_unique(&pieces, rows) {
        return plain(pieces, rows);
    }
    match dictionary(&pieces, rows)? {
        Some(column) => Ok(column),
        None => plain(pieces, rows),
    }
}

/// The number of distinct values from which on a column of so many rows is plain.
fn distinct_max(rows: usize) -> usize {
    PLAIN_VALUES_MIN.max(rows.div_ceil(2))
}

/// Values that are looked at to tell whether a column has hardly any repetition.
const SAMPLE_VALUES: usize = 16_384;

/// Guesses from a sample whether at least half of the values are distinct, so that no dictionary is
/// built in vain. Where it errs the column has a worse form, and the same values.
fn looks_unique(pieces: &[TextColumn], rows: usize) -> bool {
    let values = |piece: &TextColumn| match piece {
        TextColumn::Dictionary { values, .. } => values.len(),
        TextColumn::Plain(values) => values.len() - values.null_count(),
    };
    let most: usize = pieces.iter().map(values).sum();
    if most < distinct_max(rows) {
        return false;
    }
    let stride = most.div_ceil(SAMPLE_VALUES);
    let hasher = DefaultHashBuilder::default();
    let mut seen = HashSet::with_capacity(SAMPLE_VALUES);
    let mut sample = 0_u32;
    let all = pieces.iter().flat_map(|piece| match piece {
        TextColumn::Dictionary { values, .. } | TextColumn::Plain(values) => values.iter().flatten(),
    });
    for value in all.step_by(stride) {
        seen.insert(hasher.hash_one(value));
        sample += 1;
    }
    // So many draws from half as many values as there are rows, all of them equally likely, would find
    // so many distinct ones.
    #[expect(clippy::cast_precision_loss, reason = "a guess needs no precision")]
    let (half, found) = (rows as f64 / 2.0, seen.len() as f64);
    found >= half * (1.0 - (-f64::from(sample) / half).exp())
}

/// The dictionary of all pieces; `None` if it has too many values to be worth it.
fn dictionary(pieces: &[TextColumn], rows: usize) -> Result<Option<TextColumn>, Stop> {
    let most = distinct_max(rows);
    let mut interner = Interner::default();
    let mut codes: Vec<u32> = Vec::with_capacity(rows);
    let mut merged: Vec<u32> = Vec::new();
    for piece in pieces {
        match piece {
            TextColumn::Dictionary { codes: local, values } => {
                merged.clear();
                merged.push(NULL_CODE);
                for value in values.iter().flatten() {
                    merged.push(interner.code(value.as_bytes())?);
                }
                let code = |code: &u32| usize::try_from(*code).ok().and_then(|at| merged.get(at)).copied();
                codes.extend(local.iter().map(|local| code(local).unwrap_or(NULL_CODE)));
            }
            TextColumn::Plain(values) => {
                for value in values {
                    codes.push(match value {
                        Some(value) => interner.code(value.as_bytes())?,
                        None => NULL_CODE,
                    });
                    if interner.len() >= most {
                        return Ok(None);
                    }
                }
            }
        }
        if interner.len() >= most {
            return Ok(None);
        }
    }
    Ok(Some(TextColumn::Dictionary { codes: codes.into(), values: interner.into_texts().finish(None)? }))
}

/// All values one after the other.
fn plain(mut pieces: Vec<TextColumn>, rows: usize) -> Result<TextColumn, Stop> {
    if let [TextColumn::Plain(_)] = pieces.as_slice()
        && let Some(only) = pieces.pop()
    {
        return Ok(only);
    }
    let bytes = pieces.iter().map(bytes_of).sum();
    let mut texts = Texts::with_capacity(rows, bytes);
    let mut valid = NullBufferBuilder::new(rows);
    for piece in pieces {
        match &piece {
            TextColumn::Dictionary { codes, .. } => {
                for row in 0..codes.len() {
                    let value = piece.get(row);
                    texts.push(value.unwrap_or_default().as_bytes())?;
                    valid.append(value.is_some());
                }
            }
            TextColumn::Plain(values) => {
                texts.extend(values)?;
                match values.nulls() {
                    Some(nulls) => valid.append_buffer(nulls),
                    None => valid.append_n_non_nulls(values.len()),
                }
            }
        }
    }
    Ok(TextColumn::Plain(texts.finish(valid.finish())?))
}

/// The bytes of the texts on all rows; for a dictionary those of its values, which are about as many
/// where this is asked.
fn bytes_of(piece: &TextColumn) -> usize {
    match piece {
        TextColumn::Dictionary { values, .. } | TextColumn::Plain(values) => values.value_data().len(),
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;

    use super::*;

    fn piece(texts: impl IntoIterator<Item = Option<String>>) -> TextColumn {
        let texts: Vec<_> = texts.into_iter().collect();
        TextColumn::of(texts.iter().map(Option::as_deref))
    }

    fn read(column: &TextColumn) -> Vec<Option<&str>> {
        (0..column.len()).map(|row| column.get(row)).collect()
    }

    #[test]
    fn pieces_share_a_dictionary() {
        let doubled = TextColumn::Dictionary {
            codes: vec![2, 0, 1, 3].into(),
            values: StringArray::from(vec!["B", "A", "B"]),
        };
        let plain = TextColumn::Plain(StringArray::from(vec![Some("C"), None, Some("A")]));
        let merged = merge_text(vec![doubled, plain]).unwrap();
        let expected = [Some("A"), None, Some("B"), Some("B"), Some("C"), None, Some("A")];
        assert_eq!(read(&merged), expected);
        assert!(matches!(&merged, TextColumn::Dictionary { values, .. } if values.len() == 3));
        assert!(matches!(merge_text(Vec::new()), Ok(column) if column.is_empty()));
    }

    #[test]
    fn unique_texts_are_plain_whatever_the_form_of_the_pieces() {
        let texts = |from: usize| (from..from + 40_000).map(|number| format!("U{number}"));
        let plain = TextColumn::Plain(texts(0).map(Some).collect());
        let codes: Vec<u32> = (0..=40_000).collect();
        let dictionary =
            TextColumn::Dictionary { codes: codes.into(), values: texts(40_000).map(Some).collect() };
        let merged = merge_text(vec![plain.clone(), dictionary]).unwrap();
        assert!(matches!(&merged, TextColumn::Plain(values) if values.null_count() == 1));
        assert_eq!(merged.get(39_999), Some("U39999"));
        assert_eq!((merged.get(40_000), merged.get(80_000)), (None, Some("U79999")));
        assert!(matches!(merge_text(vec![plain]), Ok(TextColumn::Plain(_))));
    }

    #[test]
    fn texts_that_repeat_over_pieces_become_a_dictionary() {
        // Each piece alone holds every text once.
        let pieces = (0..30).map(|_| piece((0..2_000).map(|number| Some(number.to_string()))));
        let merged = merge_text(pieces.collect()).unwrap();
        assert!(matches!(&merged, TextColumn::Dictionary { values, .. } if values.len() == 2_000));
        assert_eq!(merged.get(59_999), Some("1999"));
    }

    #[test]
    fn where_the_sample_errs_the_values_are_the_same() {
        // One text on nearly half of the rows looks like much repetition.
        let texts =
            (0..40_000).map(|number| Some(if number % 5 < 2 { "X".into() } else { format!("{number}") }));
        let column = TextColumn::Plain(texts.clone().collect());
        let merged = merge_text(vec![column, TextColumn::of([])]).unwrap();
        assert!(matches!(merged, TextColumn::Plain(_)));
        assert_eq!(read(&merged), texts.collect::<Vec<_>>().iter().map(Option::as_deref).collect::<Vec<_>>());
    }
}
