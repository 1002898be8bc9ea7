//! Columns of text as codes of their values, whatever form they have.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::Array;

use crate::directory::columns::{Column, NULL_CODE, TextColumn};

/// A text column as codes of its values. Value `n` has code `n + 1`.
pub(super) struct Coded<'c> {
    codes: Cow<'c, [u32]>,
    values: Vec<&'c str>,
}

impl<'c> Coded<'c> {
    /// The column of an attribute; one that is no text is null everywhere.
    pub(super) fn of_attribute(column: Option<&'c Column>) -> Self {
        match column {
            Some(Column::Text(texts)) => Self::of(texts),
            _ => Self { codes: Cow::default(), values: Vec::new() },
        }
    }

    pub(super) fn of(column: &'c TextColumn) -> Self {
        match column {
            TextColumn::Dictionary { codes, values } => {
                let values = (0..values.len()).map(|at| values.value(at)).collect();
                Self { codes: Cow::Borrowed(codes), values }
            }
            TextColumn::Plain(texts) => {
                let mut numbers: HashMap<&str, u32> = HashMap::new();
                let mut values = Vec::new();
                let mut number = |text: &'c str| {
                    *numbers.entry(text).or_insert_with(|| {
                        values.push(text);
                        u32::try_from(values.len()).unwrap_or(NULL_CODE)
                    })
                };
                let codes = texts.iter().map(|text| text.map_or(NULL_CODE, &mut number)).collect();
                Self { codes, values }
            }
        }
    }

    /// The codes of all rows.
    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The code on a row.
    pub(super) fn code(&self, row: usize) -> u32 {
        self.codes.get(row).copied().unwrap_or(NULL_CODE)
    }

    /// The text with a code.
    pub(super) fn text(&self, code: u32) -> Option<&'c str> {
        self.values.get(code.checked_sub(NULL_CODE + 1)? as usize).copied()
    }

    /// All values, in the order of their codes.
    pub(super) fn values(&self) -> &[&'c str] {
        &self.values
    }
}
