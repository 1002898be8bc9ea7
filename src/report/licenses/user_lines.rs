//! Lines about users, sorted by the user's id: what stands around the id is shared by many of them.

use std::io::{self, Write};

use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::base::limits::{DELTA_BATCH_MAX_ROWS, DELTA_PIECE_MAX_ROWS};
use crate::licensing::intent::UserIndex;
use crate::licensing::tenant::UserIds;
use crate::report::printable::printable;

/// What stands before and behind the id of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) head: String,
    /// With the end of the line.
    pub(super) tail: String,
}

/// How an id is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As a string of JSON.
    Json,
    /// As a field of a table.
    Csv,
    /// For people.
    Text,
}

/// Lines to write, by the users whom they are about. Of a million users each can have other lines: texts are made
/// as they are written, and only those of many users are kept for all of them.
#[derive(Debug)]
pub(super) struct UserLines<T> {
    /// What is told, and of how many users.
    items: Vec<(T, u64)>,
    rows: Vec<Row>,
}

/// How many users make a text worth keeping.
const SHARED_MIN_USERS: u64 = 16;

#[derive(Clone, Copy, Debug)]
struct Row {
    /// The first bytes of the id: what mostly decides the order.
    prefix: u64,
    user: u32,
    item: u32,
}

impl<T> Default for UserLines<T> {
    fn default() -> Self {
        Self { items: Vec::new(), rows: Vec::new() }
    }
}

impl<T: Sync> UserLines<T> {
    /// Adds what is told of each of some users. What was added first for a user stands first.
    pub(super) fn add(&mut self, users: &RoaringBitmap, item: T) {
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.push((item, users.len()));
        self.rows.extend(users.iter().map(|user| Row { prefix: 0, user, item: number }));
    }

    /// Writes the lines that `lines_of` makes of what is told, sorted by the ids of the users byte for byte.
    pub(super) fn write(
        mut self,
        ids: &dyn UserIds,
        spelling: Spelling,
        lines_of: impl Fn(&T) -> Vec<Around> + Sync,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let shared: Vec<Option<Vec<Around>>> = self
            .items
            .par_iter()
            .map(|(item, users)| (*users >= SHARED_MIN_USERS).then(|| lines_of(item)))
            .collect();
        let id = |row: &Row| ids.id(UserIndex(row.user));
        self.rows.par_iter_mut().for_each(|row| row.prefix = prefix(id(row)));
        self.rows.par_sort_unstable_by(|one, other| {
            let order = one.prefix.cmp(&other.prefix).then_with(|| id(one).cmp(id(other)));
            order.then(one.item.cmp(&other.item))
        });
        for batch in self.rows.chunks(DELTA_BATCH_MAX_ROWS) {
            let piece = |rows: &[Row]| {
                let mut lines = Vec::new();
                let mut spelled = Vec::new();
                for row in rows {
                    spelled.clear();
                    spell(id(row), spelling, &mut spelled);
                    let at = row.item as usize;
                    let own = match shared.get(at) {
                        Some(Some(_)) => Vec::new(),
                        _ => self.items.get(at).map(|(item, _)| lines_of(item)).unwrap_or_default(),
                    };
                    let kept = shared.get(at).into_iter().flatten().flatten();
                    for around in kept.chain(&own) {
                        lines.extend_from_slice(around.head.as_bytes());
                        lines.extend_from_slice(&spelled);
                        lines.extend_from_slice(around.tail.as_bytes());
                    }
                }
                lines
            };
            let pieces: Vec<Vec<u8>> = batch.par_chunks(DELTA_PIECE_MAX_ROWS).map(piece).collect();
            pieces.iter().try_for_each(|piece| out.write_all(piece))?;
        }
        Ok(())
    }
}

/// The first ids of some users, sorted byte for byte.
pub(super) fn first_ids<'a>(ids: &'a dyn UserIds, users: &RoaringBitmap, count_max: usize) -> Vec<&'a str> {
    let mut all: Vec<&str> = users.iter().map(|user| ids.id(UserIndex(user))).collect();
    if all.len() > count_max {
        all.select_nth_unstable(count_max);
        all.truncate(count_max);
    }
    all.sort_unstable();
    all
}

/// The first eight bytes as a number that sorts as they do; zeros stand for missing ones.
fn prefix(id: &str) -> u64 {
    id.bytes().chain(std::iter::repeat(0)).take(8).fold(0, |number, byte| number << 8 | u64::from(byte))
}

fn spell(id: &str, spelling: Spelling, out: &mut Vec<u8>) {
    match spelling {
        // A vector takes whatever it is given.
        Spelling::Json => drop(serde_json::to_writer(out, id)),
        Spelling::Csv if !id.is_empty() && !id.contains(['"', ',', '\n', '\r']) => {
            out.extend_from_slice(id.as_bytes());
        }
        Spelling::Text => out.extend_from_slice(printable(id).as_bytes()),
        Spelling::Csv => out.extend_from_slice(csv_fields(&[id]).as_bytes()),
    }
}

/// Fields of a table, without the end of the line.
pub(super) fn csv_fields(fields: &[&str]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A vector takes whatever it is given.
    let _ = writer.write_record(fields);
    let mut text = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Ids(Vec<String>);

    impl UserIds for Ids {
        fn id(&self, user: UserIndex) -> &str {
            &self.0[user.0 as usize]
        }
    }

    fn line(head: &str, tail: &str) -> Around {
        Around { head: head.to_owned(), tail: format!("{tail}\n") }
    }

    fn written(lines: UserLines<Vec<Around>>, ids: &[&str], spelling: Spelling) -> String {
        let mut out = Vec::new();
        let ids = Ids(ids.iter().map(|&id| id.to_owned()).collect());
        lines.write(&ids, spelling, Vec::clone, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ids_are_sorted_and_spelled_as_the_format_needs() {
        let lines = || {
            let mut lines = UserLines::default();
            lines.add(&[0, 2].into(), vec![line("<", ">"), line("[", "]")]);
            lines.add(&[1, 2].into(), vec![line("(", ")")]);
            lines.add(&[0].into(), Vec::new());
            lines
        };
        let ids = ["zoe", "a\"d,a\n", "ab"];
        insta::assert_snapshot!(written(lines(), &ids, Spelling::Json), @r#"
        ("a\"d,a\n")
        <"ab">
        ["ab"]
        ("ab")
        <"zoe">
        ["zoe"]
        "#);
        insta::assert_snapshot!(written(lines(), &ids, Spelling::Csv), @r#"
        ("a""d,a
        ")
        <ab>
        [ab]
        (ab)
        <zoe>
        [zoe]
        "#);
        insta::assert_snapshot!(written(lines(), &ids, Spelling::Text), @r#"
        (a"d,a\n)
        <ab>
        [ab]
        (ab)
        <zoe>
        [zoe]
        "#);
        assert_eq!(csv_fields(&["a", "", "b,c"]), "a,,\"b,c\"");
    }

    #[test]
    fn the_first_ids_are_those_of_the_order() {
        let ids = Ids(["d", "b", "a", "c"].map(str::to_owned).to_vec());
        assert_eq!(first_ids(&ids, &(0..4).collect(), 3), ["a", "b", "c"]);
        assert_eq!(first_ids(&ids, &[0, 3].into(), 3), ["c", "d"]);
    }

    proptest! {
        #[test]
        fn lines_are_in_the_order_of_ids(ids in prop::collection::vec("[\\x00ab\u{e9}]{0,12}", 1..40)) {
            let mut lines = UserLines::default();
            let all = 0..u32::try_from(ids.len()).unwrap();
            lines.add(&all.collect(), vec![line("", "")]);
            let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
            let text = written(lines, &texts, Spelling::Json);
            let found: Vec<String> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let mut expected = ids.clone();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
