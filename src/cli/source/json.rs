//! Rules in JSON: Graph groups, other records with a rule, Terraform plans.
//!
//! One pass over the text: objects are walked as they are parsed, and only the fields that matter
//! are kept, as slices of the text. Their place is the place of the slice.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Problem;
use super::found::Found;
use super::guess;

mod collector;
mod fields;
mod mistake;
pub(super) mod string;

use collector::Collector;
use fields::{Field, Fields, Key, KeySeed};
use mistake::syntax;

/// Reads one document or several ones after another, such as pages of a Graph answer.
///
/// # Errors
/// Text that is no JSON.
pub(super) fn read(content: &str, start: usize) -> Result<Found, Problem> {
    let text = content.get(start..).unwrap_or_default();
    let mut collector = Collector::new(content);
    let mut parser = serde_json::Deserializer::from_str(text);
    let walk = Walk { collector: &mut collector, context: Context::TOP };
    walk.deserialize(&mut parser).map_err(|error| syntax(text, start, &error))?;
    if parser.end().is_err() {
        // Further pages are cut out first: the parser would count lines anew after each one.
        for page in parser.into_iter::<&RawValue>() {
            let page = page.map_err(|error| syntax(text, start, &error))?;
            let at = collector.span_of(page).start;
            read_whole(&mut collector, page.get(), at)?;
        }
    }
    Ok(collector.finish())
}

/// Reads one record a line. A broken line does not hide the others.
///
/// # Errors
/// A text that is a document after all, and a broken one.
pub(super) fn read_lines(content: &str, start: usize) -> Result<Found, Problem> {
    let text = content.get(start..).unwrap_or_default();
    if guess::is_document(text) {
        return read(content, start);
    }
    let mut collector = Collector::new(content);
    let mut at = start;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let mark = collector.mark();
            if let Err(problem) = read_line(&mut collector, line.trim_end_matches(['\r', '\n']), at) {
                collector.give_up(mark, problem);
            }
        }
        at += line.len();
    }
    Ok(collector.finish())
}

/// Reads the line that begins at byte `at` of the content.
fn read_line<'content>(
    collector: &mut Collector<'content>,
    line: &'content str,
    at: usize,
) -> Result<(), Problem> {
    read_whole(collector, line, at)?;
    let is_record = line.trim_start().starts_with(['{', '[']);
    if is_record { Ok(()) } else { Err(Problem::syntax(at, "expected an object")) }
}

/// Reads a text that is one value and begins at byte `at` of the content.
fn read_whole<'content>(
    collector: &mut Collector<'content>,
    text: &'content str,
    at: usize,
) -> Result<(), Problem> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let walk = Walk { collector, context: Context::TOP };
    let result = walk.deserialize(&mut parser).and_then(|()| parser.end());
    result.map_err(|error| syntax(text, at, &error))
}

/// What an object is by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// An object of the top level, of an array there, or of a page's `value`.
    Listed,
    /// What stands under `value`.
    Page,
    /// A block of a Terraform resource with its rule.
    DynamicMembership,
    /// Anything below another key.
    Inner,
}

/// The part of a Terraform plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planned {
    /// What the resources will be.
    Value,
    /// The same again, as changes.
    Change,
    /// No plan, or none of these parts.
    Unsaid,
    /// What the resources were, or how they are configured.
    Not,
}

/// What is known about an object before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Context {
    scope: Scope,
    planned: Planned,
}

impl Context {
    const TOP: Self = Self { scope: Scope::Listed, planned: Planned::Unsaid };

    /// What is known about the value of `key`, or the field if it is one.
    fn below(self, key: Key) -> Result<Self, Field> {
        let (scope, planned) = match (key, self.scope) {
            // Far down in a document, `rule` is a common word for other things.
            (Key::Field(Field::Rule), Scope::Inner) => (Scope::Inner, self.planned),
            (Key::Field(field), _) => return Err(field),
            (Key::Value, Scope::Listed) => (Scope::Page, self.planned),
            (Key::DynamicMembership, _) if self.planned != Planned::Not => {
                (Scope::DynamicMembership, self.planned)
            }
            (Key::PlannedValues, Scope::Listed) => (Scope::Inner, Planned::Value),
            (Key::ResourceChanges, Scope::Listed) => (Scope::Inner, Planned::Change),
            (Key::NotPlanned, _) => (Scope::Inner, Planned::Not),
            _ => (Scope::Inner, self.planned),
        };
        Ok(Self { scope, planned })
    }

    /// What is known about the items of an array.
    fn items(self) -> Self {
        let scope = if self.scope == Scope::Page { Scope::Listed } else { self.scope };
        Self { scope, ..self }
    }
}

/// Walks one value of a document.
struct Walk<'collector, 'content> {
    collector: &'collector mut Collector<'content>,
    context: Context,
}

impl Walk<'_, '_> {
    /// A value that is no object.
    fn scalar(self) {
        if self.context.scope == Scope::Listed {
            self.collector.skip();
        }
    }
}

impl<'content> DeserializeSeed<'content> for Walk<'_, 'content> {
    type Value = ();

    fn deserialize<D: Deserializer<'content>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'content> Visitor<'content> for Walk<'_, 'content> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_map<A: MapAccess<'content>>(self, mut map: A) -> Result<(), A::Error> {
        let Walk { collector, mut context } = self;
        let first = collector.rules();
        let mut fields = Fields::default();
        let mut is_wrapper = false;
        while let Some(key) = map.next_key_seed(KeySeed)? {
            is_wrapper |= matches!(key, Key::Value | Key::PlannedValues | Key::ResourceChanges);
            match context.below(key) {
                Ok(context) => map.next_value_seed(Walk { collector: &mut *collector, context })?,
                Err(field) => fields.set(field, map.next_value()?),
            }
        }
        if is_wrapper && context.scope == Scope::Listed {
            // A page or a plan without rules is no group without a rule.
            context.scope = Scope::Page;
        }
        collector.close(&fields, context, first);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'content>>(self, mut items: A) -> Result<(), A::Error> {
        let Walk { collector, context } = self;
        let context = context.items();
        while items.next_element_seed(Walk { collector: &mut *collector, context })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.scalar();
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Input, RuleSource, read_text};
    use crate::language::attribute::Subject;

    fn input(content: &str, format: Format) -> Input {
        read_text("x", content.to_owned(), Some(format)).expect("readable")
    }

    /// `line:column id rule` of each rule.
    fn shown(input: &Input) -> Vec<String> {
        let show = |rule: &RuleSource| {
            let at = rule.file_position(0);
            format!("{}:{} {} {}", at.line, at.column, rule.id.as_deref().unwrap_or("-"), rule.text)
        };
        input.rules.iter().map(show).collect()
    }

    #[test]
    fn groups_are_found_in_every_wrapping() {
        let (group, found) = (r#"{"id":"g","membershipRule":"r"}"#, "g r");
        for (document, positions) in [
            (group.to_owned(), vec!["1:29"]),
            (format!("[{group},\n {group}]"), vec!["1:30", "2:30"]),
            (format!("{{\"value\":[{group}]}}"), vec!["1:39"]),
            (format!("{group}\n{{\"value\":[{group}]}}\n"), vec!["1:29", "2:39"]),
            (format!("[{{\"value\":[{group}]}}]"), vec!["1:40"]),
            (format!("{{\"responses\":[{{\"body\":{{\"value\":[{group}]}}}}]}}"), vec!["1:61"]),
        ] {
            let input = input(&document, Format::Json);
            let expected: Vec<_> = positions.iter().map(|at| format!("{at} {found}")).collect();
            assert_eq!(shown(&input), expected, "{document}");
            assert_eq!(input.skipped, 0, "{document}");
        }
    }

    #[test]
    fn names_go_in_any_letter_case() {
        let json = r#"[{"ObjectId": 7, "DisplayName": "A\u0042", "MEMBERSHIPRULE": "r", "Subject": "Device",
            "GroupTypes": ["DynamicMembership"], "isAssignableToRole": true, "membershipRuleProcessingState": "On"}]"#;
        let input = input(json, Format::Json);
        let rule = input.rules.first().expect("one rule");
        assert_eq!((rule.id.as_deref(), rule.display_name.as_deref()), (Some("7"), Some("AB")));
        assert_eq!(rule.subject.map(Subject::word), Some("device"));
        let group = rule.group.clone().expect("facts");
        assert_eq!(group.group_types, Some(vec!["DynamicMembership".to_owned()]));
        assert_eq!(group.is_assignable_to_role, Some(true));
        assert_eq!(group.processing_state.as_deref(), Some("On"));
    }

    #[test]
    fn objects_without_a_rule_are_counted() {
        let input = input(
            r#"{"value":[{"id":"a","membershipRule":null},{"id":"b"},7,{"rule":null,"membershipRule":"r"}]}"#,
            Format::Json,
        );
        assert_eq!((input.rules.len(), input.skipped), (1, 3));
        assert_eq!(read_text("x", "{\"value\":[]}".into(), None).expect("a page").skipped, 0);
    }

    #[test]
    fn a_rule_far_down_belongs_to_the_object_around_it() {
        let policy =
            r#"{"id":"p","displayName":"P","rule":null,"targets":[{"rule":"no","membershipRule":"r"}]}"#;
        let input = input(policy, Format::Json);
        assert_eq!(shown(&input), ["1:83 p r"]);
        assert_eq!(input.rules.first().and_then(|rule| rule.display_name.as_deref()), Some("P"));
    }

    #[test]
    fn wrong_types_are_errors_that_hide_no_other_rule() {
        let input = input(
            "[{\"rule\":1},\n{\"rule\":\"r\",\"subject\":\"group\",\"isAssignableToRole\":\"yes\"}]",
            Format::Json,
        );
        let errors: Vec<_> = input.errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "x:1:10: `rule` is a number, not a text",
                "x:2:23: `group` is no subject of a rule",
                "x:2:52: `isAssignableToRole` is a text, not a boolean",
            ]
        );
        assert_eq!(shown(&input), ["2:10 - r"]);
    }

    #[test]
    fn a_plan_yields_each_resource_once_with_its_address() {
        let resource = |rule: &str| {
            format!(
                r#"{{"display_name":"G","id":"x","types":["DynamicMembership"],"assignable_to_role":false,
                "dynamic_membership":[{{"enabled":true,"rule":"{rule}"}}]}}"#
            )
        };
        let (old, new) = (resource("old"), resource("new"));
        let plan = format!(
            r#"{{"format_version":"1.2","planned_values":{{"root_module":{{"resources":[
            {{"address":"azuread_group.a","values":{new}}}],"child_modules":[{{"resources":[
            {{"address":"module.m.azuread_group.b","values":{new}}}]}}]}}}},
            "resource_changes":[{{"address":"azuread_group.a","change":{{"before":{old},"after":{new},
            "after_unknown":{{"dynamic_membership":[{{}}]}}}}}},
            {{"address":"azuread_group.c","rule":"no","change":{{"after":{{"dynamic_membership":[{{"enabled":false}}]}}}}}}],
            "prior_state":{{"values":{old}}},"configuration":{{"dynamic_membership":[{{"rule":{{"references":[]}}}}]}}}}"#
        );
        let input = input(&plan, Format::Json);
        assert_eq!(shown(&input), ["5:63 module.m.azuread_group.b new", "8:63 azuread_group.a new"]);
        let rule = input.rules.first().expect("two rules");
        assert_eq!(rule.display_name.as_deref(), Some("G"));
        let facts = rule.group.clone().expect("facts");
        assert_eq!(
            (facts.is_assignable_to_role, facts.processing_state.as_deref()),
            (Some(false), Some("On"))
        );
        let notes: Vec<_> = input.notes.iter().map(|note| note.position.line).collect();
        assert_eq!(notes, [10], "the rule of c is not known yet");
        assert_eq!((input.skipped, input.errors.len()), (0, 0));
    }

    #[test]
    fn a_broken_line_does_not_hide_the_others() {
        let lines = "{\"rule\":\"a\"}\r\n\r\n{\"rule\":\"b\"\n7\n{\"rule\":\"c\"} {}\n{\"id\":\"d\"}\n{\"rule\":\"\\ud800\"}\n{\"rule\":\"e\"}";
        let input = input(lines, Format::Ndjson);
        assert_eq!(shown(&input), ["1:10 - a", "8:10 - e"]);
        let errors: Vec<_> = input.errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "x:3:12: the text ends inside an object",
                "x:4:1: expected an object",
                "x:5:14: expected the end of the line",
                "x:7:10: `\\ud800` stands for no character",
            ]
        );
        assert_eq!(input.skipped, 1);
    }

    #[test]
    fn mistakes_on_later_pages_have_their_place() {
        let broken = format!("{{}}\n{{}} {}", "[".repeat(129) + &"]".repeat(129));
        for (text, place) in [("{}\n{}\n  {\"rule\" 1}", "x:3:11"), (broken.as_str(), "x:2:131")] {
            let error = read_text("x", text.to_owned(), Some(Format::Json)).expect_err("broken").to_string();
            assert!(error.starts_with(place), "{error}");
        }
    }

    #[test]
    fn lines_that_are_a_document_are_read_as_one() {
        let document = input("{\n \"value\": [\n {\"rule\": \"a\"}\n]}", Format::Ndjson);
        assert_eq!(shown(&document), ["3:12 - a"]);
    }
}
