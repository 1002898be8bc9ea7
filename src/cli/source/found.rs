//! What a reader finds in a text, in bytes, and how it becomes an [`Input`].

use std::sync::Arc;

use super::encoding::Encoding;
use super::error::Problem;
use super::place::{Cursor, Decoded};
use super::write::Host;
use super::{Format, GroupFacts, Input, Note, Place, RuleSource};
use crate::base::span::Span;
use crate::language::attribute::Subject;

/// A rule before positions are known.
pub(super) struct Draft {
    /// The text and its bytes in the file.
    pub(super) decoded: Decoded,
    /// What a changed rule replaces.
    pub(super) token: Span,
    /// How a changed rule is written.
    pub(super) host: Host,
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) subject: Option<Subject>,
    pub(super) group: Option<GroupFacts>,
}

impl Draft {
    /// A rule about which nothing else is known.
    pub(super) fn new(decoded: Decoded, token: Span, host: Host) -> Self {
        Self { decoded, token, host, id: None, display_name: None, subject: None, group: None }
    }
}

/// Everything that a reader finds, offsets in bytes of the whole content.
#[derive(Default)]
pub(super) struct Found {
    pub(super) drafts: Vec<Draft>,
    pub(super) skipped: usize,
    pub(super) notes: Vec<(usize, String)>,
    pub(super) problems: Vec<Problem>,
}

impl Found {
    /// Turns offsets into positions. The text of `content` begins at byte `start`.
    pub(super) fn into_input(
        mut self,
        name: &str,
        content: &Arc<str>,
        start: usize,
        format: Format,
        encoding: Encoding,
    ) -> Input {
        self.drafts.sort_by_key(|draft| draft.token.start);
        self.notes.sort_by_key(|(offset, _)| *offset);
        self.problems.sort_by_key(|problem| problem.offset);
        let cursor = Cursor::new(content, start);
        let mut at = cursor.clone();
        let rules = self.drafts.into_iter().map(|draft| rule(name, content, &mut at, draft)).collect();
        let mut at = cursor.clone();
        let notes = self.notes.into_iter();
        let notes = notes.map(|(offset, message)| Note { position: at.position(offset), message }).collect();
        let mut at = cursor;
        let problems = self.problems.into_iter();
        let errors = problems.map(|problem| {
            let position = at.position(problem.offset);
            problem.into_error(name, position)
        });
        Input {
            name: name.to_owned(),
            content: Arc::clone(content),
            format,
            rules,
            skipped: self.skipped,
            notes,
            errors: errors.collect(),
            encoding,
        }
    }
}

fn rule(name: &str, content: &Arc<str>, cursor: &mut Cursor<'_>, draft: Draft) -> RuleSource {
    let Decoded { text, map } = draft.decoded;
    let at = cursor.position(map.start_of(0));
    RuleSource {
        file: name.to_owned(),
        id: draft.id,
        display_name: draft.display_name,
        text,
        subject: draft.subject,
        group: draft.group,
        place: Place { content: Arc::clone(content), at, map, token: draft.token, host: draft.host },
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::Decoder;
    use super::*;

    #[test]
    fn everything_comes_out_in_the_order_of_the_text() {
        let content: Arc<str> = Arc::from("b\na");
        let draft = |span: Span| Draft::new(Decoder::verbatim(&content, span), span, Host::Line);
        let found = Found {
            drafts: vec![draft(Span::new(2, 3)), draft(Span::new(0, 1))],
            skipped: 0,
            notes: vec![(2, "second".into()), (0, "first".into())],
            problems: vec![Problem::syntax(2, "second"), Problem::syntax(1, "first")],
        };
        let input = found.into_input("x", &content, 0, Format::Rules, Encoding::Utf8);
        let rules: Vec<_> = input.rules.iter().map(|rule| (rule.text.as_str(), rule.line())).collect();
        assert_eq!(rules, [("b", 1), ("a", 2)]);
        let notes: Vec<_> = input.notes.iter().map(|note| note.message.as_str()).collect();
        assert_eq!(notes, ["first", "second"]);
        let errors: Vec<_> = input.errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, ["x:1:2: first", "x:2:1: second"]);
    }
}
