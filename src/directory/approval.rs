//! The changes that somebody has looked at and lets through: the `guards.json` of a stopped run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::error::{DataError, DataErrors};
use super::policy::trip_kind::TripKind;
use super::read::read_rows;
use super::row::Row;
use super::shape::{FieldKind, Shape};
use super::source::{Format, Source, read_text};
use crate::base::code;
use crate::base::fingerprint::Fingerprint;
use crate::base::fold::fold;
use crate::base::limits::APPROVAL_FILE_MAX_BYTES;

/// The layout of the file that is written and read.
pub const APPROVAL_VERSION: u64 = 1;

/// What passes although a guard would stop it: exactly these changes and no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    passes: HashSet<(TripKind, Option<String>, Fingerprint)>,
}

impl Approval {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is larger than [`APPROVAL_FILE_MAX_BYTES`], or is not what a stopped run
    /// writes. Faults are collected.
    pub fn read(path: &Path) -> Result<Self, DataErrors> {
        Self::of_text(path, &read_text(path, APPROVAL_FILE_MAX_BYTES)?)
    }

    /// Takes the text of such a file; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// As those of [`Approval::read`].
    ///
    /// ```
    /// use dyngroup::base::fingerprint::Fingerprinting;
    /// use dyngroup::directory::approval::Approval;
    /// use dyngroup::directory::policy::trip_kind::TripKind;
    /// let (seen, other) = (Fingerprinting::new("seen").finish(), Fingerprinting::new("other").finish());
    /// let text = format!(
    ///     r#"{{"version": 1, "trips": [{{"kind": "groupEmpty", "groupId": "G1", "fingerprint": "{seen}"}}]}}"#
    /// );
    /// let approval = Approval::of_text("guards.json", &text).unwrap();
    /// assert!(approval.passes(TripKind::GroupEmpty, Some("g1"), seen));
    /// assert!(!approval.passes(TripKind::GroupEmpty, Some("g1"), other));
    /// assert!(!approval.passes(TripKind::GroupRemovals, Some("g1"), seen));
    /// ```
    pub fn of_text(file: impl Into<PathBuf>, text: &str) -> Result<Self, DataErrors> {
        let source = Source::of_text(file, text, Format::Json)?;
        let mut found = read_rows(&source, &FILE, None, &|row, _| row)?;
        let wrong = |message: String| DataError::new(&code::DATA_FIELD, source.file(), message);
        let (Some(mut file), true) = (found.pop(), found.is_empty()) else {
            return Err(wrong("expected the one object that a stopped run writes".to_owned()).into());
        };
        let version = file.count("version").unwrap_or_default();
        if version != APPROVAL_VERSION {
            let message =
                format!("expected {APPROVAL_VERSION}, found {version}; run again to get a new file");
            return Err(wrong(message).field("version").into());
        }
        let mut passes = HashSet::new();
        let mut errors = Vec::new();
        for (at, row) in file.rows("trips").into_iter().enumerate() {
            match passed(row) {
                Ok(pass) => drop(passes.insert(pass)),
                Err((name, message)) => errors.push(wrong(message).field(format!("trips[{at}].{name}"))),
            }
        }
        if errors.is_empty() { Ok(Self { passes }) } else { Err(DataErrors::new(errors, 0)) }
    }

    /// Whether a change passes. `subject` is the id of the group, or `user.department` for an attribute;
    /// other kinds have none. Its letter case does not matter.
    pub fn passes(&self, kind: TripKind, subject: Option<&str>, fingerprint: Fingerprint) -> bool {
        self.passes.contains(&(kind, subject.map(|subject| fold(subject).into_owned()), fingerprint))
    }
}

static FILE: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([("version", FieldKind::Count), ("trips", FieldKind::Rows(&TRIP))])
        .require(["version", "trips"])
});

static TRIP: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("kind", FieldKind::Checked(check_kind)),
        ("groupId", FieldKind::Text),
        ("attribute", FieldKind::Text),
        ("fingerprint", FieldKind::Checked(|text| text.parse::<Fingerprint>().map(drop))),
    ])
    .require(["kind", "fingerprint"])
});

fn check_kind(word: &str) -> Result<(), &'static str> {
    TripKind::find(word).map(drop).ok_or("the kind of a guard such as \"groupRemovals\"")
}

/// One entry, or the field that is wrong in it and why.
fn passed(mut row: Row) -> Result<(TripKind, Option<String>, Fingerprint), (&'static str, String)> {
    let (kind, fingerprint) = (row.required_text("kind"), row.required_text("fingerprint"));
    let kind = TripKind::find(&kind).ok_or_else(|| ("kind", format!("`{kind}` is no kind of a guard")))?;
    let fingerprint =
        fingerprint.parse().map_err(|expected| ("fingerprint", format!("expected {expected}")))?;
    let Some(name) = subject_field(kind) else { return Ok((kind, None, fingerprint)) };
    let subject = row.text(name).filter(|subject| !subject.is_empty());
    let subject = subject.ok_or_else(|| (name, "a value is missing".to_owned()))?;
    Ok((kind, Some(fold(&subject).into_owned()), fingerprint))
}

/// The field that says what a guard of this kind has looked at.
fn subject_field(kind: TripKind) -> Option<&'static str> {
    match kind {
        TripKind::GroupEmpty | TripKind::GroupRemovals | TripKind::GroupAdditions => Some("groupId"),
        TripKind::AttributeLost => Some("attribute"),
        TripKind::UsersLost
        | TripKind::DevicesLost
        | TripKind::TotalRemovals
        | TripKind::TotalAdditions
        | TripKind::LicenseRemovals => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fingerprint::Fingerprinting;

    fn refusal(text: &str) -> String {
        let text = text.replace("FP", &Fingerprinting::new("x").finish().to_string());
        Approval::of_text("guards.json", &text)
            .map_or_else(|errors| errors.to_string(), |it| format!("{it:?}"))
    }

    #[test]
    fn every_kind_is_read_with_what_it_is_about() {
        let seen = Fingerprinting::new("seen").finish();
        let trips: Vec<String> = TripKind::ALL
            .into_iter()
            .map(|kind| {
                let word = kind.word();
                format!(
                    r#"{{"kind": "{word}", "groupId": "Ä", "attribute": "user.city", "extra": [1], "fingerprint": "{seen}"}}"#
                )
            })
            .collect();
        let text = format!(r#"{{"run": "run-1", "version": 1, "trips": [{}]}}"#, trips.join(",\n"));
        let approval = Approval::of_text("guards.json", &text).unwrap();
        for kind in TripKind::ALL {
            let subject = match subject_field(kind) {
                Some("groupId") => Some("ä"),
                Some(_) => Some("USER.City"),
                None => None,
            };
            assert!(approval.passes(kind, subject, seen), "{kind:?}");
            assert!(!approval.passes(kind, Some("other"), seen), "{kind:?}");
            assert!(!approval.passes(kind, subject, Fingerprinting::new("other").finish()), "{kind:?}");
        }
    }

    #[test]
    fn a_file_without_trips_approves_nothing() {
        assert_eq!(
            Approval::of_text("guards.json", r#"{"version": 1, "trips": []}"#),
            Ok(Approval::default())
        );
    }

    #[test]
    fn what_no_run_has_written_is_refused() {
        let texts = [
            "",
            "[]",
            "[1]",
            "{\"version\": 1}",
            "{\"trips\": []}",
            "{\"version\": 2, \"trips\": []}",
            "{\"version\": 1, \"trips\": {}}",
            "{\"version\": 1, \"trips\": []} {\"version\": 1, \"trips\": []}",
            "{\"version\": 1, \"trips\": [{}]}",
            "{\"version\": 1, \"trips\": [\n{\"kind\": \"groupremovals\", \"fingerprint\": \"FP\"}]}",
            "{\"version\": 1, \"trips\": [\n{\"kind\": \"groupRemovals\", \"fingerprint\": \"sha256:00\"}]}",
            "{\"version\": 1, \"trips\": [\n{\"kind\": \"groupRemovals\", \"fingerprint\": \"FP\"}]}",
            "{\"version\": 1, \"trips\": [\n{\"kind\": \"groupEmpty\", \"groupId\": \"\", \"fingerprint\": \"FP\"},\
             {\"kind\": \"attributeLost\", \"fingerprint\": \"FP\"}]}",
            "{\"version\": 1, \"trips\": [",
        ];
        insta::assert_snapshot!(texts.map(refusal).join("\n"));
    }

    #[test]
    fn any_name_of_the_file_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("approved-by-ada");
        std::fs::write(&path, r#"{"version": 1, "trips": []}"#).unwrap();
        assert!(Approval::read(&path).is_ok());
        assert!(Approval::read(folder.path()).unwrap_err().to_string().contains("a folder stands"));
    }
}
