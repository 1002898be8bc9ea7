//! The different values of an attribute: how they are written, and how many objects have each.

use std::collections::HashMap;

use arrow_array::Array;

use crate::base::fold::fold;
use crate::base::limits::SIMILAR_AMONG_MAX_VALUES;
use crate::directory::columns::{Column, Columns, ItemTable, NULL_CODE, TextColumn};
use crate::directory::row_object::items;
use crate::program::predicate::Target;

/// The values of an attribute, of the items of a collection, or of a field of service plans.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// By folded form.
    known: HashMap<Box<str>, Value>,
}

/// One value, in whatever letter case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// The most usual spelling.
    pub(super) written: Box<str>,
    /// How many objects have it.
    pub(super) objects: u64,
    /// How many of them in that spelling.
    in_spelling: u64,
}

/// Where a literal and a value are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The whole value.
    Whole,
    /// As many of its first characters as the literal has.
    Beginning,
    /// As many of its last characters.
    End,
}

impl Values {
    /// The values of what a test looks at. `None` if most are unique, or the text was not kept as written.
    pub(super) fn of(columns: &Columns, target: &Target) -> Option<Self> {
        let name = &*target.attribute().name;
        match (columns.columns.get(name)?, target) {
            (Column::Text(_), _) => Self::of_rows(columns.originals.get(name)?),
            (Column::Texts(table), _) => Self::of_items(table, columns.originals.get(name)?),
            (Column::Plans(table), Target::Plan(_, field)) => {
                Self::of_items(table, columns.originals.get(format!("{name}.{}", field.word()).as_str())?)
            }
            _ => None,
        }
    }

    fn of_rows(texts: &TextColumn) -> Option<Self> {
        let TextColumn::Dictionary { codes, values } = texts else { return None };
        let mut counts = vec![0_u64; values.len() + 1];
        for &code in codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        Self::of_counts(texts, &counts)
    }

    fn of_items<T>(table: &ItemTable<T>, texts: &TextColumn) -> Option<Self> {
        let TextColumn::Dictionary { codes, values } = texts else { return None };
        let mut counts = vec![0_u64; values.len() + 1];
        for row in 0..table.offsets.len().saturating_sub(1) {
            let here = codes.get(items(table, row)).unwrap_or_default();
            for (at, code) in here.iter().enumerate() {
                let is_first = !here.iter().take(at).any(|before| before == code);
                if let Some(count) = counts.get_mut(*code as usize).filter(|_| is_first) {
                    *count += 1;
                }
            }
        }
        Self::of_counts(texts, &counts)
    }

    fn of_counts(texts: &TextColumn, counts: &[u64]) -> Option<Self> {
        let TextColumn::Dictionary { values, .. } = texts else { return None };
        let mut known: HashMap<Box<str>, Value> = HashMap::new();
        // Value `n` has code `n + 1`.
        for (at, &objects) in counts.iter().enumerate().skip(NULL_CODE as usize + 1) {
            if objects == 0 {
                continue;
            }
            let written = values.value(at - 1);
            let value = known.entry(fold(written).into()).or_insert_with(|| Value {
                written: written.into(),
                objects: 0,
                in_spelling: 0,
            });
            value.objects += objects;
            let is_more_usual = (objects, std::cmp::Reverse(written))
                > (value.in_spelling, std::cmp::Reverse(&value.written));
            if is_more_usual {
                (value.written, value.in_spelling) = (written.into(), objects);
            }
        }
        Some(Self { known })
    }

    /// The usual spelling of a value, by its folded form.
    pub(super) fn written(&self, folded: &str) -> Option<&str> {
        self.known.get(folded).map(|value| &*value.written)
    }

    /// The value, or its part, that is most like `literal`: at most a fifth of the letters differ, or one. Of several
    /// that are as near, the one that most objects have.
    pub(super) fn nearest(&self, literal: &str, part: Part) -> Option<(String, u64)> {
        if self.known.len() > SIMILAR_AMONG_MAX_VALUES {
            return None;
        }
        let wanted = fold(literal);
        let letters = wanted.chars().count();
        let allowed = (letters / 5).clamp(1, DISTANCE_MAX);
        // Anything is near to a letter or two.
        if !(LETTERS_MIN..=LETTERS_MAX).contains(&letters) {
            return None;
        }
        let mut candidates: HashMap<String, (String, u64)> = HashMap::new();
        for (folded, value) in &self.known {
            let cut = cut(folded, letters, part);
            let is_near = cut.chars().count().abs_diff(letters) <= allowed
                && strsim::osa_distance(&wanted, cut) <= allowed
                && !differ_in_digits_alone(&wanted, cut);
            if !is_near {
                continue;
            }
            let written = self::cut(&value.written, letters, part);
            let entry = candidates.entry(cut.to_owned()).or_insert_with(|| (written.to_owned(), 0));
            entry.1 += value.objects;
            // Not the first one that a hash table gives.
            if written < entry.0.as_str() {
                written.clone_into(&mut entry.0);
            }
        }
        let nearest = candidates.into_iter().min_by_key(|(folded, (written, objects))| {
            (strsim::osa_distance(&wanted, folded), std::cmp::Reverse(*objects), written.clone())
        });
        nearest.map(|(_, found)| found)
    }
}

/// Shorter literals have no value that is like them and not like others, longer ones cost too much time.
const LETTERS_MIN: usize = 3;
/// See [`LETTERS_MIN`].
const LETTERS_MAX: usize = 64;

/// So many letters may differ at most, however long the literal is.
const DISTANCE_MAX: usize = 2;

/// Another number is another thing: `CC1997` is no misspelt `CC0997`.
fn differ_in_digits_alone(one: &str, other: &str) -> bool {
    let without_digits = |text: &str| text.chars().filter(|it| !it.is_numeric()).collect::<String>();
    one.chars().any(char::is_numeric) && without_digits(one) == without_digits(other)
}

/// The part of a text that is held against a literal of some length.
fn cut(text: &str, letters: usize, part: Part) -> &str {
    let place = |at: usize| text.char_indices().map(|(place, _)| place).nth(at);
    match part {
        Part::Whole => text,
        Part::Beginning => place(letters).and_then(|end| text.get(..end)).unwrap_or(text),
        Part::End => {
            let all = text.chars().count();
            let start = place(all.saturating_sub(letters)).unwrap_or(0);
            text.get(start..).unwrap_or(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::object::{Object, Value as Kept};
    use crate::language::attribute::{Attributes, Subject};

    fn values(name: &str, of: &[Kept]) -> Values {
        let objects: Vec<Object> = of
            .iter()
            .enumerate()
            .map(|(at, value)| Object::new(at.to_string()).with(name, value.clone()))
            .collect();
        let attribute = Attributes::standard().find(Subject::User, name).unwrap();
        let columns = Columns::of_objects(&objects, [&attribute]);
        let is_collection = attribute.kind.is_collection();
        let target = if is_collection { Target::Item(attribute) } else { Target::Attribute(attribute) };
        Values::of(&columns, &target).unwrap()
    }

    fn departments(texts: &[&str]) -> Values {
        values("department", &texts.iter().map(|text| Kept::Text((*text).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn spellings_of_one_value_are_counted_together() {
        let found = departments(&["Sales", "sales", "SALES", "sales", "HR"]);
        assert_eq!(found.written("SALES"), Some("sales"));
        assert_eq!(found.nearest("Slaes", Part::Whole), Some(("sales".to_owned(), 4)));
        assert_eq!(found.nearest("Finance", Part::Whole), None);
        assert_eq!(found.nearest("HT", Part::Whole), None, "too short");
        assert_eq!(departments(&["CC0997"]).nearest("CC1997", Part::Whole), None, "another number");
    }

    #[test]
    fn parts_of_values_are_counted_together() {
        let found = departments(&["Sales North", "Sales South", "Marketing"]);
        assert_eq!(found.nearest("Slaes", Part::Beginning), Some(("Sales".to_owned(), 2)));
        assert_eq!(found.nearest("Sotuh", Part::End), Some(("South".to_owned(), 1)));
        assert_eq!(found.nearest("Slaes", Part::Whole), None);
    }

    #[test]
    fn an_item_counts_once_for_an_object() {
        let texts = |items: &[&str]| Kept::Texts(items.iter().map(|item| (*item).to_owned()).collect());
        let found = values("otherMails", &[texts(&["a@x", "a@x", "b@x"]), texts(&["A@x"]), texts(&[])]);
        assert_eq!(found.nearest("a@y", Part::Whole), Some(("A@x".to_owned(), 2)));
    }
}
