//! Rules in a table: CSV with a header.
//!
//! The rows are told apart here, and not by a library, because the place of each field's bytes is
//! needed and the libraries hand out decoded fields only.

use super::GroupFacts;
use super::error::Problem;
use super::found::{Draft, Found};
use super::place::{Decoded, Decoder};
use super::write::Host;
use crate::base::span::Span;
use crate::language::attribute::Subject;

const QUOTE_HELP: &str = "a field that holds quotes stands in quotes, with its own quotes written twice";

/// Reads a table whose fields are separated by commas, semicolons or tabs: what its header uses most.
/// A broken row does not hide the others.
///
/// # Errors
/// A header that cannot be read or names no column of rules.
pub(super) fn read(content: &str, start: usize) -> Result<Found, Problem> {
    let mut rows = Rows::of(content, start);
    let header = rows.next().unwrap_or_else(|| Ok(Vec::new()))?;
    let columns = Columns::of(content, &header).ok_or_else(|| {
        let problem = Problem::field(start, "no column is named `membershipRule` or `rule`");
        problem.help("name the columns in the first line")
    })?;
    let mut found = Found::default();
    for row in rows {
        match row.and_then(|row| columns.checked(&row).map(|()| row)) {
            Ok(row) => columns.read_row(content, &row, &mut found),
            Err(problem) => found.problems.push(problem),
        }
    }
    Ok(found)
}

/// Whether the first line of `text` names a column of rules.
pub(super) fn has_rule_column(text: &str) -> bool {
    let header = Rows::of(text, 0).next().and_then(Result::ok);
    header.is_some_and(|header| Columns::of(text, &header).is_some())
}

/// A field of a row.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Its bytes, quotes included.
    token: Span,
    quoted: bool,
}

impl Cell {
    fn decoded(self, content: &str) -> Decoded {
        if !self.quoted {
            return Decoder::verbatim(content, self.token);
        }
        let mut at = self.token.start + 1;
        let end = self.token.end - 1;
        let mut decoder = Decoder::new(content, at);
        while let Some(plain) = Span::new(at, end).of(content).find('"') {
            let quote = at + plain;
            decoder.copy(Span::new(at, quote));
            at = quote + 2;
            decoder.replace(Span::new(quote, at), "\"");
        }
        decoder.copy(Span::new(at, end));
        decoder.finish()
    }
}

/// Where the columns are.
#[derive(Debug)]
struct Columns {
    count: usize,
    delimiter: char,
    rule: usize,
    id: Option<usize>,
    display_name: Option<usize>,
    subject: Option<usize>,
    group_types: Option<usize>,
    assignable_to_role: Option<usize>,
    processing_state: Option<usize>,
}

impl Columns {
    /// Reads a header; `None` if no column holds rules.
    fn of(content: &str, header: &[Cell]) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|cell| cell.decoded(content).text).collect();
        let find = |wanted: &str| names.iter().position(|name| name.trim().eq_ignore_ascii_case(wanted));
        Some(Self {
            count: header.len(),
            delimiter: delimiter_after(content, header),
            rule: find("membershipRule").or_else(|| find("rule"))?,
            id: find("id").or_else(|| find("objectId")),
            display_name: find("displayName"),
            subject: find("subject"),
            group_types: find("groupTypes"),
            assignable_to_role: find("isAssignableToRole"),
            processing_state: find("membershipRuleProcessingState"),
        })
    }

    /// Refuses a row that does not fit the header: most often a rule with a comma and without quotes.
    fn checked(&self, row: &[Cell]) -> Result<(), Problem> {
        let odd = if row.len() > self.count { row.get(self.count) } else { row.first() };
        match odd {
            Some(cell) if row.len() > self.count || row.len() <= self.rule => {
                let message = format!("the header has {} fields, the row {}", self.count, row.len());
                let help =
                    format!("a field that holds a `{}` stands in quotes", self.delimiter.escape_debug());
                Err(Problem::syntax(cell.token.start, message).help(help))
            }
            _ => Ok(()),
        }
    }

    fn read_row(&self, content: &str, row: &[Cell], found: &mut Found) {
        let Some(cell) = row.get(self.rule) else { return };
        let decoded = cell.decoded(content);
        if decoded.text.trim().is_empty() {
            found.skipped += 1;
            return;
        }
        let host = Host::Cell { quoted: cell.quoted, delimiter: self.delimiter };
        let mut draft = Draft::new(decoded, cell.token, host);
        let text = |column: Option<usize>| {
            let text = row.get(column?)?.decoded(content).text;
            (!text.is_empty()).then_some(text)
        };
        let mut problem = |column: Option<usize>, message: String, help: &str| {
            let offset = column.and_then(|column| row.get(column)).map_or(0, |cell| cell.token.start);
            found.problems.push(Problem::field(offset, message).help(help));
        };
        draft.id = text(self.id);
        draft.display_name = text(self.display_name);
        if let Some(word) = text(self.subject) {
            draft.subject = Subject::from_word(&word);
            if draft.subject.is_none() {
                let message = format!("`{word}` is no subject of a rule");
                problem(self.subject, message, "write `user` or `device`");
            }
        }
        let mut facts = GroupFacts {
            group_types: text(self.group_types).and_then(|types| listed(&types)),
            is_assignable_to_role: None,
            processing_state: text(self.processing_state),
        };
        if let Some(word) = text(self.assignable_to_role) {
            facts.is_assignable_to_role = word.to_ascii_lowercase().parse().ok();
            if facts.is_assignable_to_role.is_none() {
                let message = format!("`isAssignableToRole` is `{word}`");
                problem(self.assignable_to_role, message, "write `true` or `false`");
            }
        }
        draft.group = (facts != GroupFacts::default()).then_some(facts);
        found.drafts.push(draft);
    }
}

/// The words of a field with several values. PowerShell writes `System.String[]` for any number of
/// them, which says nothing.
fn listed(text: &str) -> Option<Vec<String>> {
    let words = text.split([',', ';', '|', ' ']).filter(|word| !word.is_empty());
    (text != "System.String[]").then(|| words.map(str::to_owned).collect())
}

/// The delimiter that stands between the fields of a header.
fn delimiter_after(content: &str, header: &[Cell]) -> char {
    let end = header.first().map_or(0, |cell| cell.token.end);
    content.get(end..).and_then(|rest| rest.chars().next()).filter(|_| header.len() > 1).unwrap_or(',')
}

/// The rows of a table that are not blank.
struct Rows<'content> {
    content: &'content str,
    at: usize,
    delimiter: char,
}

impl<'content> Rows<'content> {
    /// The rows from byte `start` on. `Export-Csv` may put a line with a type first; it is no row.
    fn of(content: &'content str, start: usize) -> Self {
        let mut at = start;
        let mut first = "";
        for line in content.get(start..).unwrap_or_default().split_inclusive('\n') {
            if !line.trim().is_empty() && !line.starts_with("#TYPE") {
                first = line;
                break;
            }
            at += line.len();
        }
        let count = |delimiter: char| first.matches(delimiter).count();
        let delimiter = [';', '\t']
            .into_iter()
            .fold(',', |most, other| if count(other) > count(most) { other } else { most });
        Self { content, at, delimiter }
    }

    fn rest(&self) -> &'content str {
        self.content.get(self.at..).unwrap_or_default()
    }

    /// Passes a line end, if one comes here.
    fn line_end(&mut self) -> bool {
        let end = ["\r\n", "\n"].into_iter().find(|end| self.rest().starts_with(end));
        self.at += end.map_or(0, str::len);
        end.is_some() || self.rest().is_empty()
    }

    /// The cells up to the end of the row.
    fn row(&mut self) -> Result<Vec<Cell>, Problem> {
        let mut row = Vec::new();
        loop {
            row.push(if self.rest().starts_with('"') { self.quoted()? } else { self.plain() });
            if self.rest().starts_with(self.delimiter) {
                self.at += self.delimiter.len_utf8();
            } else if self.line_end() {
                return Ok(row);
            } else {
                let offset = self.at;
                let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
                self.at += line.len();
                return Err(
                    Problem::syntax(offset, "text after the closing quote of a field").help(QUOTE_HELP)
                );
            }
        }
    }

    fn quoted(&mut self) -> Result<Cell, Problem> {
        let start = self.at;
        self.at += 1;
        while let Some(plain) = self.rest().find('"') {
            self.at += plain + 1;
            if !self.rest().starts_with('"') {
                return Ok(Cell { token: Span::new(start, self.at), quoted: true });
            }
            self.at += 1;
        }
        self.at = self.content.len();
        Err(Problem::syntax(start, "field without its closing quote").help(QUOTE_HELP))
    }

    fn plain(&mut self) -> Cell {
        let rest = self.rest();
        let field = rest.split([self.delimiter, '\n']).next().unwrap_or_default();
        let is_last = !rest.get(field.len()..).is_some_and(|rest| rest.starts_with(self.delimiter));
        let field = if is_last { field.strip_suffix('\r').unwrap_or(field) } else { field };
        let token = Span::new(self.at, self.at + field.len());
        self.at = token.end;
        // A carriage return at the very end of the file ends the line too.
        if self.rest() == "\r" {
            self.at += 1;
        }
        Cell { token, quoted: false }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Vec<Cell>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest().is_empty() {
            if !self.line_end() {
                return Some(self.row());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Input, read_text};
    use super::*;

    fn input(content: &str) -> Input {
        read_text("x", content.to_owned(), Some(Format::Csv)).expect("a table")
    }

    /// `line:column text` of byte `offset` of the first rule.
    fn place(content: &str, offset: usize) -> String {
        let input = input(content);
        let rule = input.rules.first().expect("a rule");
        let at = rule.file_position(offset);
        format!("{}:{} {}", at.line, at.column, rule.text)
    }

    #[test]
    fn positions_count_quotes_and_line_breaks() {
        let cases = [
            ("rule\na -eq \"b\"", 6, "2:7 a -eq \"b\""),
            ("\u{feff}id,rule\r\n1,\"a \"\"b\"\"\"\r\n", 3, "2:8 a \"b\""),
            ("id\tRULE\n\"x\n\"\"y\"\ta,b\n", 2, "3:8 a,b"),
            ("#TYPE X\n\n\"MembershipRule\";\"Id\"\n\"å\r\n\"\"b\"\"\";2", 5, "5:3 å\r\n\"b\""),
            ("rule\na\r", 0, "2:1 a"),
        ];
        for (content, offset, expected) in cases {
            assert_eq!(place(content, offset), expected, "{content:?}");
        }
    }

    #[test]
    fn columns_go_by_their_names() {
        let table = input(
            "objectId,DisplayName,rule,membershipRule,subject,groupTypes,isAssignableToRole,membershipRuleProcessingState\n\
             1,A,no,r,Device,\"DynamicMembership,Unified\",True,Paused\n\
             2,B,no,,,,,\n\
             3,,no,s,,System.String[],,\n",
        );
        let [first, second] = table.rules.as_slice() else { unreachable!("{:?}", table.rules) };
        assert_eq!((first.id.as_deref(), first.display_name.as_deref()), (Some("1"), Some("A")));
        assert_eq!((first.text.as_str(), first.subject), ("r", Some(Subject::Device)));
        let group = first.group.clone().expect("facts");
        assert_eq!(group.group_types, Some(vec!["DynamicMembership".to_owned(), "Unified".to_owned()]));
        assert_eq!(
            (group.is_assignable_to_role, group.processing_state.as_deref()),
            (Some(true), Some("Paused"))
        );
        assert_eq!((second.text.as_str(), &second.display_name, &second.group), ("s", &None, &None));
        assert_eq!(table.skipped, 1);
    }

    #[test]
    fn a_broken_row_does_not_hide_the_others() {
        let table = input(
            "id,rule,subject,isAssignableToRole\n1,a,group,maybe\n2,\"user.city -eq \"Oslo\"\"\n3,x -in [1,2],,,\n4\n5,e\n6,\"f",
        );
        let rules: Vec<_> = table.rules.iter().map(|rule| (rule.line(), rule.text.as_str())).collect();
        assert_eq!(rules, [(2, "a"), (6, "e")]);
        let errors: Vec<_> = table.errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "x:2:5: `group` is no subject of a rule",
                "x:2:11: `isAssignableToRole` is `maybe`",
                "x:3:19: text after the closing quote of a field",
                "x:4:16: the header has 4 fields, the row 6",
                "x:5:1: the header has 4 fields, the row 1",
                "x:7:3: field without its closing quote",
            ]
        );
    }

    #[test]
    fn a_table_without_rules_is_an_error() {
        for content in ["", "id,name\n1,a\n"] {
            let error = read_text("x", content.to_owned(), Some(Format::Csv)).expect_err("no column");
            assert_eq!(error.to_string(), "x:1:1: no column is named `membershipRule` or `rule`");
        }
        assert!(has_rule_column("name,\"Rule\"\n") && !has_rule_column("name,rules\n"));
    }
}
