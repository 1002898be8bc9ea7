//! The rules of the objects that a walk over JSON comes through.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::GroupFacts;
use super::super::error::Problem;
use super::super::found::{Draft, Found};
use super::super::write::Host;
use super::fields::{Field, Fields, kind_of};
use super::string;
use super::{Context, Planned, Scope};
use crate::base::span::Span;
use crate::language::attribute::Subject;

/// Collects rules from the objects of a text.
pub(super) struct Collector<'content> {
    content: &'content str,
    found: Found,
    /// For each draft, where it was.
    origins: Vec<Origin>,
}

/// Where in a document a rule was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// In an object with its own id.
    Record,
    /// In a Terraform resource.
    Resource(Planned),
}

/// A point to which a collector can go back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    rules: usize,
    skipped: usize,
    notes: usize,
    problems: usize,
}

impl<'content> Collector<'content> {
    /// A collector for slices of `content`.
    pub(super) fn new(content: &'content str) -> Self {
        Self { content, found: Found::default(), origins: Vec::new() }
    }

    /// How many rules there are so far.
    pub(super) fn rules(&self) -> usize {
        self.origins.len()
    }

    /// Counts something without a rule.
    pub(super) fn skip(&mut self) {
        self.found.skipped += 1;
    }

    /// This point, to forget what comes after it.
    pub(super) fn mark(&self) -> Mark {
        let Found { skipped, notes, problems, .. } = &self.found;
        Mark { rules: self.rules(), skipped: *skipped, notes: notes.len(), problems: problems.len() }
    }

    /// Forgets everything since `mark` and keeps the reason.
    pub(super) fn give_up(&mut self, mark: Mark, problem: Problem) {
        self.found.drafts.truncate(mark.rules);
        self.origins.truncate(mark.rules);
        self.found.notes.truncate(mark.notes);
        self.found.problems.truncate(mark.problems);
        self.found.skipped = mark.skipped;
        self.found.problems.push(problem);
    }

    /// An object came to its end. The rules from number `first` on were found inside it.
    pub(super) fn close(&mut self, fields: &Fields<'content>, context: Context, first: usize) {
        self.inherit(fields, first);
        let rule = fields.get(Field::MembershipRule).map(|raw| ("membershipRule", raw));
        let rule = rule.or_else(|| Some(("rule", fields.get(Field::Rule)?)));
        match (rule, context.scope) {
            (Some((name, raw)), _) => self.add(fields, name, raw, context),
            (None, Scope::Listed) if first == self.rules() => self.skip(),
            (None, Scope::DynamicMembership) => {
                // Terraform leaves out what it does not know yet; the block cannot be without a rule.
                if let Some(raw) = fields.any() {
                    let message = "the rule is known only after the plan is applied, so it was not checked";
                    self.found.notes.push((self.span_of(raw).start, message.to_owned()));
                }
            }
            _ => {}
        }
    }

    /// Adds the rule of an object, which stands under the key `name`.
    fn add(&mut self, fields: &Fields<'content>, name: &str, raw: &'content RawValue, context: Context) {
        let token = self.span_of(raw);
        if !raw.get().starts_with('"') {
            return self.wrong_type(raw, name, "a text");
        }
        let decoded = match string::decoded(self.content, token) {
            Ok(decoded) => decoded,
            Err(problem) => return self.found.problems.push(problem),
        };
        let mut draft = Draft::new(decoded, token, Host::JsonString);
        if context.scope == Scope::DynamicMembership {
            let enabled = self.typed(fields, Field::TerraformEnabled, "enabled", "a boolean");
            draft.group = enabled.map(GroupFacts::of_terraform);
            self.origins.push(Origin::Resource(context.planned));
        } else {
            draft.id = id(fields);
            draft.display_name = fields.text(Field::DisplayName);
            draft.subject = self.subject(fields);
            draft.group = self.group(fields);
            self.origins.push(Origin::Record);
        }
        self.found.drafts.push(draft);
    }

    /// Gives what an object says to the rules inside it that do not know it themselves.
    fn inherit(&mut self, fields: &Fields<'content>, first: usize) {
        let inside = self.rules() - first;
        for (draft, origin) in self.found.drafts.iter_mut().zip(&self.origins).skip(first) {
            if *origin != Origin::Record {
                inherit_resource(draft, fields);
            } else if inside == 1 {
                draft.id = draft.id.take().or_else(|| id(fields));
                draft.display_name = draft.display_name.take().or_else(|| fields.text(Field::DisplayName));
            }
        }
    }

    fn subject(&mut self, fields: &Fields<'content>) -> Option<Subject> {
        let word: String = self.typed(fields, Field::Subject, "subject", "a text")?;
        let subject = Subject::from_word(&word);
        if let (None, Some(raw)) = (subject, fields.get(Field::Subject)) {
            let problem =
                Problem::field(self.span_of(raw).start, format!("`{word}` is no subject of a rule"));
            self.found.problems.push(problem.help("write `user` or `device`"));
        }
        subject
    }

    fn group(&mut self, fields: &Fields<'content>) -> Option<GroupFacts> {
        let state = "membershipRuleProcessingState";
        let facts = GroupFacts {
            group_types: self.typed(fields, Field::GroupTypes, "groupTypes", "an array of texts"),
            is_assignable_to_role: self.typed(
                fields,
                Field::AssignableToRole,
                "isAssignableToRole",
                "a boolean",
            ),
            processing_state: self.typed(fields, Field::ProcessingState, state, "a text"),
        };
        (facts != GroupFacts::default()).then_some(facts)
    }

    /// A field of a certain type; another type is a mistake.
    fn typed<T: DeserializeOwned>(
        &mut self,
        fields: &Fields<'content>,
        field: Field,
        name: &str,
        expected: &str,
    ) -> Option<T> {
        let raw = fields.get(field)?;
        let value = serde_json::from_str(raw.get());
        if value.is_err() {
            self.wrong_type(raw, name, expected);
        }
        value.ok()
    }

    fn wrong_type(&mut self, raw: &'content RawValue, name: &str, expected: &str) {
        let message = format!("`{name}` is {}, not {expected}", kind_of(raw));
        self.found.problems.push(Problem::field(self.span_of(raw).start, message));
    }

    /// The bytes of a slice of the content.
    pub(super) fn span_of(&self, raw: &'content RawValue) -> Span {
        let start = raw.get().as_ptr().addr().saturating_sub(self.content.as_ptr().addr());
        Span::new(start, start + raw.get().len())
    }

    /// A plan holds each resource twice: what `resource_changes` has is dropped from `planned_values`.
    pub(super) fn finish(mut self) -> Found {
        let drafts = std::mem::take(&mut self.found.drafts);
        let all = drafts.iter().zip(&self.origins);
        let changed: HashSet<String> = all
            .filter(|(_, origin)| **origin == Origin::Resource(Planned::Change))
            .filter_map(|(draft, _)| draft.id.clone())
            .collect();
        let kept = drafts.into_iter().zip(&self.origins).filter(|(draft, origin)| {
            let is_twin = draft.id.as_ref().is_some_and(|id| changed.contains(id));
            **origin != Origin::Resource(Planned::Value) || !is_twin
        });
        self.found.drafts = kept.map(|(draft, _)| draft).collect();
        self.found
    }
}

fn id(fields: &Fields<'_>) -> Option<String> {
    fields.text(Field::Id).or_else(|| fields.text(Field::ObjectId))
}

fn inherit_resource(draft: &mut Draft, fields: &Fields<'_>) {
    draft.id = draft.id.take().or_else(|| fields.text(Field::TerraformAddress));
    draft.display_name = draft.display_name.take().or_else(|| fields.text(Field::TerraformDisplayName));
    // The provider's schema fixes these types, so another type is another provider's field.
    let assignable =
        fields.get(Field::TerraformAssignable).and_then(|raw| serde_json::from_str(raw.get()).ok());
    let types = fields.get(Field::TerraformTypes).and_then(|raw| serde_json::from_str(raw.get()).ok());
    if assignable.is_some() || types.is_some() {
        let group = draft.group.get_or_insert_default();
        group.is_assignable_to_role = group.is_assignable_to_role.or(assignable);
        group.group_types = group.group_types.take().or(types);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_up_forgets_what_came_after_the_mark() {
        let json = r#"["x"]"#;
        let values: Vec<&RawValue> = serde_json::from_str(json).expect("an array");
        let mut collector = Collector::new(json);
        let context = Context { scope: Scope::Listed, planned: Planned::Unsaid };
        for value in values {
            let mut fields = Fields::default();
            fields.set(Field::Rule, value);
            collector.close(&fields, context, 0);
        }
        let mark = collector.mark();
        collector.close(&Fields::default(), context, 1);
        assert_eq!(collector.mark().skipped, 1);
        collector.give_up(mark, Problem::syntax(0, "broken"));
        assert_eq!((collector.rules(), collector.mark().skipped), (1, 0));
        let found = collector.finish();
        assert_eq!((found.drafts.len(), found.problems.len()), (1, 1));
    }
}
