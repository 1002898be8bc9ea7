//! The columns that licensing makes of what a file tells in several fields.

use super::builder::validity;
use super::merge::merge_text;
use super::stop::Stop;
use super::take::{NO_ROW, taken_texts};
use crate::directory::columns::{Column, NULL_CODE, TextColumn};
use crate::directory::license_fields::{conflict_of, licenses_of};

/// The column of licenses or of conflicts, from the columns of its sources.
pub(super) fn made_of(sources: &[Column]) -> Result<Column, Stop> {
    match sources {
        [Column::Text(states), Column::Text(licenses)] => Ok(Column::Text(joined(states, licenses)?)),
        flags => conflicts(flags),
    }
}

/// The licenses on each row.
fn joined(states: &TextColumn, licenses: &TextColumn) -> Result<TextColumn, Stop> {
    let count = u32::try_from(states.len()).map_err(|_| Stop::TooLarge)?;
    let mut of_states = Vec::with_capacity(states.len());
    let mut of_licenses = Vec::with_capacity(states.len());
    for row in 0..count {
        let (state, license) = (states.get(row as usize), licenses.get(row as usize));
        let counts = licenses_of(state, license).is_some();
        of_states.push(if counts && state.is_some() { row } else { NO_ROW });
        of_licenses.push(if counts && state.is_none() { row } else { NO_ROW });
    }
    match (picked(states, &of_states)?, picked(licenses, &of_licenses)?) {
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (None, None) => Ok(TextColumn::Dictionary {
            codes: vec![NULL_CODE; states.len()].into(),
            values: arrow_array::StringArray::new_null(0),
        }),
        (Some(states), Some(licenses)) => {
            let both = merge_text(vec![states, licenses])?;
            let place = |(of_states, of_licenses): (&u32, &u32)| match (*of_states, *of_licenses) {
                (NO_ROW, NO_ROW) => Ok(NO_ROW),
                (NO_ROW, row) => row.checked_add(count).ok_or(Stop::TooLarge),
                (row, _) => Ok(row),
            };
            let order: Vec<u32> = of_states.iter().zip(&of_licenses).map(place).collect::<Result<_, _>>()?;
            taken_texts(&both, &order)
        }
    }
}

/// The texts of `rows` on these, null on all others; `None` if that is nothing.
fn picked(texts: &TextColumn, rows: &[u32]) -> Result<Option<TextColumn>, Stop> {
    if rows.iter().all(|&row| row == NO_ROW) {
        return Ok(None);
    }
    let is_as_it_was = (0..).zip(rows).all(|(at, &row)| row != NO_ROW || texts.get(at).is_none());
    Ok(Some(if is_as_it_was { texts.clone() } else { taken_texts(texts, rows)? }))
}

/// Whether there is a conflict on each row.
fn conflicts(flags: &[Column]) -> Result<Column, Stop> {
    let flag = |column: &Column, row: usize| match column {
        Column::Boolean { values, valid } => {
            let is_told = valid.as_ref().is_none_or(|valid| valid.is_valid(row));
            Ok((is_told && row < values.len()).then(|| values.value(row)))
        }
        _ => Err(Stop::Refused),
    };
    let Some(Column::Boolean { values, .. }) = flags.first() else { return Err(Stop::Refused) };
    let told: Vec<Option<bool>> = (0..values.len())
        .map(|row| {
            let all: Vec<Option<bool>> =
                flags.iter().map(|column| flag(column, row)).collect::<Result<_, _>>()?;
            Ok(conflict_of(all))
        })
        .collect::<Result<_, Stop>>()?;
    Ok(Column::Boolean {
        values: told.iter().map(|told| told.unwrap_or_default()).collect(),
        valid: validity(told.iter().map(Option::is_some)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[Option<&str>]) -> Column {
        Column::Text(TextColumn::of_originals(values.iter().copied()))
    }

    fn made(states: &[Option<&str>], licenses: &[Option<&str>]) -> Vec<Option<String>> {
        match made_of(&[texts(states), texts(licenses)]) {
            Ok(Column::Text(made)) => (0..made.len()).map(|row| made.get(row).map(str::to_owned)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn states_count_where_there_are_any() {
        let some = |text: &str| Some(text.to_owned());
        let (a, b, none) = (Some("[a]"), Some("[b]"), Some("[]"));
        assert_eq!(
            made(&[a, None, none, None, None, a], &[b, b, b, none, None, None]),
            [some("[a]"), some("[b]"), None, None, None, some("[a]")]
        );
        assert_eq!(made(&[None, None], &[b, None]), [some("[b]"), None]);
        assert_eq!(made(&[a, none], &[None, b]), [some("[a]"), None]);
        assert_eq!(made(&[None, none], &[none, None]), [None, None]);
    }

    #[test]
    fn plain_columns_are_joined_too() {
        let many = |letter: char, from: usize| -> Vec<Option<String>> {
            (0..3_000).map(|row| (row % 3 >= from).then(|| format!("[{letter}{row}]"))).collect()
        };
        let (states, licenses) = (many('s', 1), many('l', 0));
        let expected: Vec<Option<String>> =
            states.iter().zip(&licenses).map(|(state, license)| state.clone().or(license.clone())).collect();
        let texts_of = |all: &[Option<String>]| texts(&all.iter().map(Option::as_deref).collect::<Vec<_>>());
        let Ok(Column::Text(made)) = made_of(&[texts_of(&states), texts_of(&licenses)]) else {
            panic!("text")
        };
        assert!(matches!(made, TextColumn::Plain(_)));
        assert_eq!((0..3_000).map(|row| made.get(row).map(str::to_owned)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn flags_are_joined() {
        let flags = |values: [Option<bool>; 3]| Column::Boolean {
            values: values.map(Option::unwrap_or_default).into_iter().collect(),
            valid: validity(values.iter().map(Option::is_some)),
        };
        let all =
            [flags([Some(false), None, None]), flags([Some(true), Some(false), None]), flags([None; 3])];
        let Ok(Column::Boolean { values, valid: Some(valid) }) = made_of(&all) else { panic!("flags") };
        let told: Vec<_> = (0..3).map(|row| valid.is_valid(row).then(|| values.value(row))).collect();
        assert_eq!(told, [Some(true), Some(false), None]);
    }
}
