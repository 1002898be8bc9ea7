//! `policy.toml`: what an administrator has chosen for a tenant.

pub mod guards;
pub mod share;
pub mod trip_kind;

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use self::guards::{GuardPolicy, Refusal, Written};
use super::error::{DataError, DataErrors, Fault, Faults, excerpt};
use super::source::{position, read_text};
use crate::base::code::{self, Code};
use crate::base::limits::POLICY_FILE_MAX_BYTES;
use crate::language::suggest::nearest;

/// The choices for a tenant. Without a file all are at their defaults.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// `[guards]`.
    pub guards: GuardPolicy,
    /// The file with all its tables, if there is one.
    pub document: Option<PolicyDocument>,
}

/// The tables of a policy as they were written, with their places.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    file: PathBuf,
    tables: Document<String>,
}

/// The tables that a policy can have.
const TABLES: [&str; 5] = ["licensing", "guards", "families", "prerequisites", "groups"];

impl Policy {
    /// Reads the policy at `path`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is no TOML, has a table or a key of the guards that there is not, or
    /// a value of the guards of the wrong type or out of range. All faults but those of the syntax are
    /// collected.
    pub fn read(path: &Path) -> Result<Self, DataErrors> {
        Self::of_text(path, read_text(path, POLICY_FILE_MAX_BYTES)?)
    }

    /// The text of the file, if there is one.
    pub fn text(&self) -> Option<&str> {
        self.document.as_ref().map(|document| document.tables.raw())
    }

    /// Takes the text of a policy; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// As those of [`Policy::read`].
    ///
    /// ```
    /// use dyngroup::directory::policy::Policy;
    /// let policy = Policy::of_text("policy.toml", "[guards]\ngroup_removals_max_count = 500\n").unwrap();
    /// assert_eq!(policy.guards.group_removals.count_max, Some(500));
    /// let wrong = Policy::of_text("policy.toml", "[guards]\nenabled = 0\n").unwrap_err();
    /// assert_eq!(wrong.to_string(), "policy.toml:2:11: field guards.enabled: expected true or false, found 0");
    /// ```
    pub fn of_text(file: impl Into<PathBuf>, text: impl Into<String>) -> Result<Self, DataErrors> {
        let (file, text) = (file.into(), text.into());
        let tables = Document::parse(text.clone()).map_err(|error| {
            let place = position(&text, error.span().map_or(0, |span| span.start));
            let message = format!("the TOML is broken: {}", error.message());
            DataError::new(&code::DATA_SYNTAX, &file, message).at(place)
        })?;
        let document = PolicyDocument { file, tables };
        let mut faults = Faults::default();
        document.check_tables(&mut faults);
        let guards = document.guards(&mut faults);
        if faults.is_empty() {
            return Ok(Self { guards, document: Some(document) });
        }
        let (first, omitted) = faults.into_first();
        let placed = |fault: Fault| {
            let place = Some(fault.offset..fault.offset);
            document.error(fault.code, place, fault.field, fault.message)
        };
        Err(DataErrors::new(first.into_iter().map(placed).collect(), omitted))
    }

    /// The table called `name`, if there is a file that has it, with the places of all keys and values.
    pub fn table(&self, name: &str) -> Option<&dyn TableLike> {
        self.document.as_ref()?.table(name)
    }
}

impl PolicyDocument {
    /// The table called `name`, if the file has it, with the places of all keys and values.
    pub fn table(&self, name: &str) -> Option<&dyn TableLike> {
        self.tables.get(name)?.as_table_like()
    }

    /// A fault at `place`, the span of a key or value of this file; without one it is its beginning.
    /// `field` is its path, parts joined by dots.
    pub fn error(
        &self,
        code: &'static Code,
        place: Option<Range<usize>>,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> DataError {
        let offset = place.map_or(0, |place| place.start);
        DataError::new(code, &self.file, message).at(position(self.tables.raw(), offset)).field(field)
    }

    /// Every table is one that there is, and a table.
    fn check_tables(&self, faults: &mut Faults) {
        for (name, item) in self.tables.iter() {
            let known = TABLES.contains(&name);
            if known && item.is_table_like() {
                continue;
            }
            let key = span_of_key(self.tables.as_table(), name);
            if known {
                let message = format!("expected a table, found {}", written(item).found());
                faults.push(fault(item.span().or(key), name, message));
            } else {
                faults.push(fault(key, "", unknown_table(name)));
            }
        }
    }

    fn guards(&self, faults: &mut Faults) -> GuardPolicy {
        let mut guards = GuardPolicy::default();
        let Some(table) = self.table("guards") else { return guards };
        for (key, item) in table.iter() {
            match guards.write(key, &written(item)) {
                Ok(()) => {}
                Err(Refusal::Key(message)) => faults.push(fault(span_of_key(table, key), "guards", message)),
                Err(Refusal::Value(message)) => {
                    let place = item.span().or_else(|| span_of_key(table, key));
                    faults.push(fault(place, &format!("guards.{key}"), message));
                }
            }
        }
        guards
    }
}

fn fault(place: Option<Range<usize>>, field: &str, message: String) -> Fault {
    let offset = place.map_or(0, |place| place.start);
    Fault { code: &code::DATA_FIELD, offset, field: field.to_owned(), message }
}

fn span_of_key(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    table.get_key_value(key)?.0.span()
}

fn unknown_table(name: &str) -> String {
    let shown = excerpt(name);
    let shown = shown.trim_matches('"');
    match nearest(name, TABLES) {
        Some(near) => format!("`{shown}` is no table of a policy; did you mean `[{near}]`?"),
        None => format!("`{shown}` is no table of a policy; these are {}", TABLES.join(", ")),
    }
}

/// What stands in the file, as keys of the guards take it.
fn written(item: &Item) -> Written {
    match item {
        Item::Value(Value::Boolean(value)) => Written::Boolean(*value.value()),
        Item::Value(Value::String(text)) => Written::Text(text.value().clone()),
        Item::Value(Value::Integer(number)) => Written::Number(number.value().to_string()),
        // The shortest form that means the same number: the one that was written.
        Item::Value(Value::Float(number)) => Written::Number(number.value().to_string()),
        Item::Value(Value::Datetime(_)) => Written::Other("a date"),
        Item::Value(Value::Array(_)) | Item::ArrayOfTables(_) => Written::Other("a list"),
        Item::Value(Value::InlineTable(_)) | Item::Table(_) => Written::Other("a table"),
        Item::None => Written::Other("nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::share::Share;
    use super::*;
    use crate::base::limits::DATA_ERRORS_PER_FILE_MAX;

    fn refusal(text: &str) -> String {
        Policy::of_text("policy.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_policy_is_the_defaults() {
        for text in ["", "# nothing\n", "[guards]\n", "[licensing]\ncapacity_retry = \"manual\"\n"] {
            assert_eq!(Policy::of_text("policy.toml", text).unwrap().guards, GuardPolicy::default());
        }
    }

    #[test]
    fn guards_are_read_in_every_layout() {
        let mut expected = GuardPolicy::default();
        for (key, value) in
            [("enabled", "false"), ("total_additions_max_count", "16"), ("users_lost_max_share", "0.3")]
        {
            expected.set(key, value).unwrap();
        }
        for text in [
            "[guards]\nenabled = false\ntotal_additions_max_count = 0x10\nusers_lost_max_share = 3e-1\n",
            "guards = { enabled = false, total_additions_max_count = 1_6, users_lost_max_share = '30%' }\n",
            "guards.enabled = false\nguards.total_additions_max_count = +16\nguards.users_lost_max_share = 0.30\n",
        ] {
            assert_eq!(Policy::of_text("policy.toml", text).unwrap().guards, expected, "{text}");
        }
        let exact = Policy::of_text("p", "[guards]\ngroup_removals_max_share = 0.1\n").unwrap();
        assert_eq!(exact.guards.group_removals.share_max, Some(Share::of_tenths(1)));
    }

    #[test]
    fn other_tables_are_kept_with_their_places() {
        let text = "[licensing]\nbundle_mode = 'per_product'\n\n[groups.'G 1']\npriority = 10\n";
        let policy = Policy::of_text("policy.toml", text).unwrap();
        let mode = policy.table("licensing").and_then(|table| table.get("bundle_mode")).unwrap();
        assert_eq!(mode.as_str(), Some("per_product"));
        let group = policy.table("groups").and_then(|table| table.get("G 1")?.as_table_like()).unwrap();
        assert_eq!(group.get("priority").and_then(Item::as_integer), Some(10));
        assert!(policy.table("families").is_none() && Policy::default().table("licensing").is_none());
        let document = policy.document.as_ref().unwrap();
        let error = document.error(&code::DATA_FIELD, mode.span(), "licensing.bundle_mode", "wrong");
        assert_eq!(error.to_string(), "policy.toml:2:15: field licensing.bundle_mode: wrong");
    }

    #[test]
    fn what_is_no_policy_is_refused_with_its_place() {
        let texts = [
            "[guards\n",
            "[guards]\nenabled = yes\n",
            "[guards]\nenabled = true\nenabled = true\n",
            "[guard]\nenabled = true\n",
            "[licenses]\n",
            "enabled = true\n",
            "guards = false\n",
            "[[guards]]\nenabled = true\n",
            "licensing = 'on'\n",
            "[guards]\nenable = true\n",
            "[guards]\nå = 1\n",
            "[guards]\nenabled = 'true'\nsmall_changes_max_count = 1.5\nempty_groups = 'never'\n",
            "[guards]\ngroup_removals_max_share = '0.2'\n",
            "[guards]\ngroup_removals_max_share = 20\n",
            "[guards]\ngroup_removals_max_share = inf\ngroup_additions_max_share = nan\n",
            "[guards]\ngroup_removals_max_share = 0.3333333333333\n",
            "[guards]\ngroup_removals_max_count = -1\n",
            "[guards]\ngroup_removals_max_count = 99999999999999999999\n",
            "[guards]\ngroup_removals_max_count = '10'\n",
            "[guards]\ngroup_removals_max_count = [1]\ntotal_removals_max_count = 2026-01-01\n",
            "[guards]\n\"a\\u0007b\" = 1\n",
            "\"a\\u0007b\" = 1\n",
            "[guards]\nenabled.x = true\n",
        ];
        let refusals: Vec<String> = texts.into_iter().map(refusal).collect();
        insta::assert_snapshot!(refusals.join("\n"));
    }

    #[test]
    fn all_faults_are_counted_and_the_first_are_listed() {
        let keys: Vec<String> = (0..30).map(|number| format!("key{number} = 1")).collect();
        let errors = Policy::of_text("policy.toml", format!("[guards]\n{}\n", keys.join("\n"))).unwrap_err();
        assert_eq!((errors.iter().count(), errors.omitted()), (DATA_ERRORS_PER_FILE_MAX, 10));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("[licensing]\nx = {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
        assert!(refusal(&deep).contains("the TOML is broken"));
    }

    #[test]
    fn files_are_read_and_unreadable_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        let refusal = |path: &Path| {
            let text = Policy::read(path).unwrap_err().to_string();
            text.replace(&folder.path().display().to_string(), "tenant")
        };
        insta::assert_snapshot!(refusal(&path), @"tenant/policy.toml: the file does not exist");
        insta::assert_snapshot!(refusal(folder.path()), @"tenant: a folder stands where a file is expected");
        std::fs::write(&path, b"[guards]\nx\xFF").unwrap();
        insta::assert_snapshot!(refusal(&path), @"tenant/policy.toml:2:2: byte 0xFF is not UTF-8; save the file as UTF-8");
        std::fs::write(&path, "\u{FEFF}[guards]\nempty_groups = 'pass'\n").unwrap();
        assert_eq!(Policy::read(&path).unwrap().guards.empty_groups, guards::EmptyGroups::Pass);
    }

    #[test]
    fn example_and_documentation_list_every_key_with_its_default() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/contoso/policy.toml");
        let text = std::fs::read_to_string(file).unwrap();
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guards.md");
        let page = std::fs::read_to_string(page).unwrap();
        assert_eq!(Policy::read(Path::new(file)).unwrap().guards, GuardPolicy::default());
        for (key, value) in GuardPolicy::default().values() {
            let line = format!("{key} = {value}");
            assert!(text.lines().any(|written| written == line), "{line}");
            assert!(page.contains(&format!("| `{key}` | `{value}` |")), "{line}");
        }
    }
}
