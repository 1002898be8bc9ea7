//! Arrays of text into text columns. Dictionaries stay dictionaries.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, StringArray};
use arrow_schema::DataType;

use super::convert::Wrong;
use crate::directory::column_reader::folding::folded;
use crate::directory::column_reader::layout::Spelling;
use crate::directory::columns::{NULL_CODE, TextColumn};

/// The column of an array of strings, or of nothing but nulls. Its dictionary may name a text twice.
pub(in crate::directory::column_reader) fn text_column(
    array: &dyn Array,
    spelling: Spelling,
) -> Result<TextColumn, Wrong> {
    match array.data_type() {
        DataType::Utf8 => {
            let array = array.as_string_opt::<i32>().ok_or(Wrong::Broken)?;
            Ok(TextColumn::Plain(checked(array.clone(), spelling)?))
        }
        DataType::Dictionary(_, _) => {
            let array = array.as_dictionary_opt::<Int32Type>().ok_or(Wrong::Broken)?;
            let values = array.values().as_string_opt::<i32>().ok_or(Wrong::Broken)?;
            // A key outside of the dictionary becomes a code outside of it, which is null; so does a
            // negative one.
            let code = |key: &i32| key.cast_unsigned().wrapping_add(1);
            let mut codes: Vec<u32> = array.keys().values().iter().map(code).collect();
            for row in null_rows(array.keys()) {
                if let Some(code) = codes.get_mut(row) {
                    *code = NULL_CODE;
                }
            }
            Ok(TextColumn::Dictionary { codes: codes.into(), values: checked(values.clone(), spelling)? })
        }
        DataType::Null => Ok(TextColumn::Dictionary {
            codes: vec![NULL_CODE; array.len()].into(),
            values: StringArray::new_null(0),
        }),
        _ => Err(Wrong::Broken),
    }
}

fn null_rows(array: &dyn Array) -> Vec<usize> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    nulls.map(|nulls| (!nulls.inner()).set_indices().collect()).unwrap_or_default()
}

/// The values in the spelling that is asked for, and certainly UTF-8: a file may only say that they
/// are.
fn checked(values: StringArray, spelling: Spelling) -> Result<StringArray, Wrong> {
    match spelling {
        Spelling::Folded => Ok(folded(values)?),
        Spelling::Written => {
            let (offsets, bytes, nulls) = values.into_parts();
            StringArray::try_new(offsets, bytes, nulls).map_err(|_| Wrong::Broken)
        }
    }
}
