//! Memberships of a state file as lines, as a table and as columns; and the changes of a past run.

use std::io::{self, Write};

use serde_json::json;

use super::member_order::{Ids, MemberOrder};
use super::membership_stream::{Change, GroupRows, NextGroup, Piece, Row, stream};
use super::parquet_table;
use crate::store::StoredIds;

/// A format that memberships and their changes are written in. Memberships in every one of them read back
/// as the members of a tenant folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipFormat {
    /// `{"groupId":…,"memberId":…}`, one a line.
    Ndjson,
    /// A table with the header `groupId,memberId`.
    Csv,
    /// The columns `groupId` and `memberId`.
    Parquet,
}

/// Writes those who are in the groups that `next` gives, group by group and then by the id of the member.
/// `ids` has to know all of them.
///
/// # Errors
/// Those of `next` and of `out`.
pub fn write_memberships(
    format: MembershipFormat,
    ids: &StoredIds,
    next: NextGroup<'_>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    write_rows(format, Told::Member, ids, std::iter::from_fn(|| next().transpose()), out)
}

/// Writes the changes that `next` gives as `membership-deltas.ndjson` has them.
///
/// # Errors
/// Those of `next` and of `out`.
pub fn write_past_deltas(
    ids: &StoredIds,
    next: NextGroup<'_>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    let groups = std::iter::from_fn(|| next().transpose());
    write_rows(MembershipFormat::Ndjson, Told::Change, ids, groups, out)
}

/// What a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// That somebody is in a group.
    Member,
    /// That somebody has come or gone: the column `change` says which.
    Change,
}

/// Writes all rows of `groups`.
pub(super) fn write_rows<G: GroupRows>(
    format: MembershipFormat,
    told: Told,
    ids: &impl Ids,
    groups: impl Iterator<Item = io::Result<G>>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    match format {
        MembershipFormat::Ndjson => {
            let tails = match told {
                Told::Member => ["}\n"; 2],
                Told::Change => [",\"change\":\"added\"}\n", ",\"change\":\"removed\"}\n"],
            };
            let lines = |piece: &Piece<'_>| {
                let head = format!(r#"{{"groupId":{},"memberId":"#, json!(piece.group));
                lines(piece, |row| [&head, tail(row, tails)])
            };
            write_lines(&MemberOrder::new(ids, push_json), groups, lines, out)
        }
        MembershipFormat::Csv => {
            let (header, tails) = match told {
                Told::Member => ("groupId,memberId\n", ["\n"; 2]),
                Told::Change => ("groupId,memberId,change\n", [",added\n", ",removed\n"]),
            };
            out.write_all(header.as_bytes())?;
            let lines = |piece: &Piece<'_>| {
                let mut head = Vec::new();
                push_field(piece.group, &mut head);
                let head = format!("{},", String::from_utf8_lossy(&head));
                lines(piece, |row| [&head, tail(row, tails)])
            };
            write_lines(&MemberOrder::new(ids, push_field), groups, lines, out)
        }
        MembershipFormat::Parquet => {
            let order = MemberOrder::new(ids, |id, out| out.extend_from_slice(id.as_bytes()));
            parquet_table::write(told, &order, groups, out)
        }
    }
}

fn tail(row: Row<'_>, [added, removed]: [&'static str; 2]) -> &'static str {
    match row.change {
        Change::Added => added,
        Change::Removed => removed,
    }
}

/// Writes the lines of all pieces.
pub(super) fn write_lines<G: GroupRows>(
    order: &MemberOrder,
    groups: impl Iterator<Item = io::Result<G>>,
    lines: impl Fn(&Piece<'_>) -> Vec<u8> + Sync,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    stream(order, groups, lines, |pieces| pieces.iter().try_for_each(|piece| out.write_all(piece)))
}

/// The lines of a piece: what stands around the id of each member.
pub(super) fn lines<'text>(piece: &Piece<'_>, around: impl Fn(Row<'_>) -> [&'text str; 2]) -> Vec<u8> {
    let mut lines = Vec::new();
    for row in piece.rows() {
        let [head, tail] = around(row);
        lines.extend_from_slice(head.as_bytes());
        lines.extend_from_slice(row.text);
        lines.extend_from_slice(tail.as_bytes());
    }
    lines
}

pub(super) fn push_json(text: &str, out: &mut Vec<u8>) {
    // A vector takes whatever it is given.
    let _ = serde_json::to_writer(out, text);
}

fn push_field(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    let mut record = csv::WriterBuilder::new().buffer_capacity(FIELD_USUAL_BYTES).from_writer(&mut *out);
    let _ = record.write_record([text]);
    drop(record);
    // A field is a record without its end.
    if out.len() > start {
        out.pop();
    }
}

/// What the id of an object usually takes at most, with quotes.
const FIELD_USUAL_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;
    use roaring::RoaringBitmap;

    use super::super::membership_stream::GroupMemberships;
    use super::*;
    use crate::membership::register::{Known, Register};

    type Write = fn(&StoredIds, NextGroup<'_>, &mut (dyn io::Write + Send)) -> io::Result<()>;

    fn ids(ids: impl IntoIterator<Item = impl AsRef<str>>) -> StoredIds {
        let known = Known { segments: (0..5).collect(), ids: StringArray::from_iter_values(ids) };
        StoredIds::new(Register::new([known, Known::default(), Known::default()]).unwrap())
    }

    fn text(ids: &StoredIds, groups: &[GroupMemberships], write: Write) -> String {
        let mut groups = groups.iter().cloned();
        let mut out = Vec::new();
        write(ids, &mut || Ok(groups.next()), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ids_are_escaped_in_every_format() {
        let ids = ids(["bob", "Ada", "c,\"\\\n"]);
        let sets = |group: &str, added: &[u32], removed: &[u32]| GroupMemberships {
            group: group.to_owned(),
            added: added.iter().copied().collect(),
            removed: removed.iter().copied().collect(),
        };
        let groups = [sets("a \"group\"", &[0, 2], &[1]), sets("b", &[], &[]), sets("c", &[], &[0])];
        insta::assert_snapshot!(text(&ids, &groups, write_past_deltas), @r#"
        {"groupId":"a \"group\"","memberId":"Ada","change":"removed"}
        {"groupId":"a \"group\"","memberId":"bob","change":"added"}
        {"groupId":"a \"group\"","memberId":"c,\"\\\n","change":"added"}
        {"groupId":"c","memberId":"bob","change":"removed"}
        "#);
        let groups = [sets("a \"group\"", &[0, 1, 2], &[]), sets("b", &[1], &[])];
        let ndjson: Write = |ids, next, out| write_memberships(MembershipFormat::Ndjson, ids, next, out);
        insta::assert_snapshot!(text(&ids, &groups, ndjson), @r#"
        {"groupId":"a \"group\"","memberId":"Ada"}
        {"groupId":"a \"group\"","memberId":"bob"}
        {"groupId":"a \"group\"","memberId":"c,\"\\\n"}
        {"groupId":"b","memberId":"Ada"}
        "#);
        let csv: Write = |ids, next, out| write_memberships(MembershipFormat::Csv, ids, next, out);
        insta::assert_snapshot!(text(&ids, &groups, csv), @r#"
        groupId,memberId
        "a ""group""",Ada
        "a ""group""",bob
        "a ""group""","c,""\
        "
        b,Ada
        "#);
    }

    #[test]
    fn large_groups_are_written_whole_and_in_order() {
        let written: Vec<String> = (0..300_000_u32).map(|number| format!("u{number:06}")).collect();
        let ids = ids(&written);
        let sets = [(0..300_000).collect(), RoaringBitmap::new(), [5, 299_999].into_iter().collect()];
        let mut groups = ["g1", "g2", "g3"].into_iter().zip(sets);
        let mut next = || {
            let group = groups.next();
            Ok(group.map(|(group, added)| GroupMemberships {
                group: group.to_owned(),
                added,
                ..GroupMemberships::default()
            }))
        };
        let mut out = Vec::new();
        write_memberships(MembershipFormat::Csv, &ids, &mut next, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = written.iter().map(|id| format!("g1,{id}"));
        let expected = expected.chain(["g3,u000005".to_owned(), "g3,u299999".to_owned()]);
        assert!(text.lines().skip(1).eq(expected));
    }

    #[test]
    fn errors_of_both_ends_come_through() {
        struct Full;
        impl io::Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let ids = ids(["ada"]);
        let group = GroupMemberships { added: [0].into_iter().collect(), ..GroupMemberships::default() };
        for format in [MembershipFormat::Ndjson, MembershipFormat::Csv, MembershipFormat::Parquet] {
            let mut groups = vec![group.clone()].into_iter();
            let error = write_memberships(format, &ids, &mut || Ok(groups.next()), &mut Full).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format:?}");
            let mut broken = || Err(io::ErrorKind::InvalidData.into());
            let error = write_memberships(format, &ids, &mut broken, &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{format:?}");
        }
    }
}
