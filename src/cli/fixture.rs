//! A rule fixture: one TOML file with a rule, objects, and what is expected of them.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use toml_edit::{Array, Decor, DocumentMut, Item, Table};

use super::failure::Failure;
use super::fixture_read;
use crate::base::code::Code;
use crate::directory::object::Object;
use crate::engine::world::VersionOrder;
use crate::language::attribute::{Attributes, Subject};
use crate::language::dialect::Dialect;

/// A fixture as its file says.
#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) path: PathBuf,
    pub(super) rule: String,
    pub(super) subject: Option<Subject>,
    pub(super) dialect: Option<Dialect>,
    pub(super) now: Option<Timestamp>,
    pub(super) version_order: Option<VersionOrder>,
    pub(super) error: ExpectedError,
    /// Exactly these lints, if it says so.
    pub(super) lints: Option<Vec<&'static Code>>,
    pub(super) cases: Vec<Case>,
    /// Pairs of group and member, from `memberOf` of objects and groups.
    pub(super) memberships: Vec<(String, String)>,
    pub(super) document: DocumentMut,
}

/// What `error` asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum ExpectedError {
    /// No error: the rule is accepted.
    #[default]
    None,
    /// Any error.
    Some,
    /// This one, with or without others.
    Code(&'static Code),
}

/// An object and whether it is expected to be a member.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) object: Object,
    pub(super) subject: Subject,
    pub(super) member: Option<bool>,
    /// Which table of its kind it is, from 0.
    pub(super) index: usize,
}

/// Another expectation than the file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The rule is refused with this code, or accepted.
    Error(Option<&'static str>),
    /// Exactly these lints.
    Lints(Vec<&'static str>),
    /// The object in this table of its kind is a member, or not.
    Member {
        /// The kind.
        subject: Subject,
        /// The table, from 0.
        index: usize,
        /// Whether it is one.
        is_member: bool,
    },
}

impl Fixture {
    /// Reads a fixture; `Ok(None)` for a TOML file without a rule.
    pub(super) fn read(path: &Path, attributes: &Attributes) -> Result<Option<Self>, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", &error))?;
        fixture_read::read(path, &text, attributes)
    }

    /// The file's text with other expectations. Comments and layout stay.
    pub(super) fn rewritten<'change>(&self, changes: impl IntoIterator<Item = &'change Change>) -> String {
        let mut document = self.document.clone();
        for change in changes {
            match change {
                Change::Error(Some(code)) => set(document.as_table_mut(), "error", *code),
                Change::Error(None) => {
                    document.remove("error");
                }
                Change::Lints(lints) => {
                    set(document.as_table_mut(), "lints", lints.iter().copied().collect::<Array>());
                }
                Change::Member { subject, index, is_member } => {
                    let tables = document.get_mut(subject.word()).and_then(Item::as_array_of_tables_mut);
                    if let Some(table) = tables.and_then(|tables| tables.get_mut(*index)) {
                        set(table, "member", *is_member);
                    }
                }
            }
        }
        document.to_string()
    }
}

/// Sets a value; a comment behind the old one stays.
fn set(table: &mut Table, key: &str, value: impl Into<toml_edit::Value>) {
    let mut value = value.into();
    let old = table.get(key).and_then(Item::as_value);
    *value.decor_mut() = old.map_or_else(Decor::default, |old| old.decor().clone());
    table.insert(key, Item::Value(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepting_keeps_comments_and_layout() {
        let text = "# why\nrule='user.city -eq \"Oslo\"'  # the rule\nerror = true # not any more\nlints = ['L01'] # none\n\n\
                    [[user]]\nid = \"a\"\nmember = false  # wrong\n\n[[user]]\ncity = \"Oslo\"\n";
        let read = fixture_read::read(Path::new("a.toml"), text, Attributes::standard());
        let fixture = read.unwrap().unwrap();
        let member = |index| Change::Member { subject: Subject::User, index, is_member: true };
        let changes = [Change::Error(Some("DG0301")), Change::Lints(vec!["L21"]), member(0), member(1)];
        insta::assert_snapshot!(fixture.rewritten(&changes), @r#"
        # why
        rule='user.city -eq "Oslo"'  # the rule
        error = "DG0301" # not any more
        lints = ["L21"] # none

        [[user]]
        id = "a"
        member = true  # wrong

        [[user]]
        city = "Oslo"
        member = true
        "#);
        assert!(!fixture.rewritten(&[Change::Error(None)]).contains("error"));
        assert_eq!(fixture.rewritten(&[]), text);
    }
}
