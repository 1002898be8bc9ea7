//! Rules in Terraform configuration: `rule` in every `dynamic_membership` of the provider `azuread`.

use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Block, BlockLabel, Body, Structure};
use hcl_edit::template::Element;

use super::GroupFacts;
use super::error::Problem;
use super::found::{Draft, Found};
use super::write::Host;
use crate::base::span::Span;

pub(super) mod string;

const MEMBERSHIP: &str = "dynamic_membership";

/// The longest piece of an expression that a note shows, in characters.
const SHOWN_MAX_CHARS: usize = 40;

/// Reads a configuration. A rule whose text only Terraform can tell becomes a note.
///
/// # Errors
/// Text that is no configuration.
pub(super) fn read(content: &str, start: usize) -> Result<Found, Problem> {
    let text = content.get(start..).unwrap_or_default();
    let body = hcl_edit::parser::parse_body(text).map_err(|error| syntax(start, &error))?;
    let mut reader = Reader { content, start, found: Found::default() };
    reader.body(&body, None);
    Ok(reader.found)
}

/// What a top-level block says about the rules in it.
#[derive(Default)]
struct Owner {
    address: String,
    display_name: Option<String>,
    group_types: Option<Vec<String>>,
    is_assignable_to_role: Option<bool>,
}

impl Owner {
    fn of(block: &Block) -> Self {
        let kind = Some(block.ident.as_str()).filter(|kind| *kind != "resource");
        let names = kind.into_iter().chain(block.labels.iter().map(BlockLabel::as_str));
        let value = |name: &str| block.body.get_attribute(name).map(|attribute| &attribute.value);
        let text = |value: &Expression| value.as_str().map(str::to_owned);
        let types = value("types").and_then(Expression::as_array);
        Self {
            address: names.collect::<Vec<_>>().join("."),
            display_name: value("display_name").and_then(text),
            group_types: types.and_then(|types| types.iter().map(text).collect()),
            is_assignable_to_role: value("assignable_to_role").and_then(Expression::as_bool),
        }
    }

    fn group(&self, enabled: Option<bool>) -> Option<GroupFacts> {
        let facts = GroupFacts {
            group_types: self.group_types.clone(),
            is_assignable_to_role: self.is_assignable_to_role,
            ..enabled.map(GroupFacts::of_terraform).unwrap_or_default()
        };
        (facts != GroupFacts::default()).then_some(facts)
    }
}

/// Collects the rules of a configuration.
struct Reader<'content> {
    content: &'content str,
    start: usize,
    found: Found,
}

impl Reader<'_> {
    /// Looks for memberships in a body; `None` at the top level.
    fn body(&mut self, body: &Body, owner: Option<&Owner>) {
        let nobody = Owner::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) if attribute.key.as_str() == MEMBERSHIP => {
                    self.value(&attribute.value, owner.unwrap_or(&nobody));
                }
                Structure::Attribute(_) => {}
                Structure::Block(block) if block.ident.as_str() == MEMBERSHIP => {
                    self.membership(&block.body, owner.unwrap_or(&nobody));
                }
                Structure::Block(block) if is_dynamic(block) => {
                    for content in block.body.get_blocks("content") {
                        self.membership(&content.body, owner.unwrap_or(&nobody));
                    }
                }
                Structure::Block(block) => match owner {
                    Some(owner) => self.body(&block.body, Some(owner)),
                    None => self.body(&block.body, Some(&Owner::of(block))),
                },
            }
        }
    }

    /// A membership as a block.
    fn membership(&mut self, body: &Body, owner: &Owner) {
        let value = |name: &str| body.get_attribute(name).map(|attribute| &attribute.value);
        self.rule(value("rule"), value("enabled"), owner);
    }

    /// A membership as a value, as inputs of modules take it: an object or an array of objects.
    fn value(&mut self, value: &Expression, owner: &Owner) {
        match value {
            Expression::Object(object) => self.rule(field(object, "rule"), field(object, "enabled"), owner),
            Expression::Array(items) => items.iter().for_each(|item| self.value(item, owner)),
            Expression::Null(_) => self.found.skipped += 1,
            other => self.note_expression(other, owner),
        }
    }

    fn rule(&mut self, rule: Option<&Expression>, enabled: Option<&Expression>, owner: &Owner) {
        let draft = match rule {
            None | Some(Expression::Null(_)) => {
                self.found.skipped += 1;
                return;
            }
            Some(Expression::Parenthesis(inner)) => return self.rule(Some(inner.inner()), enabled, owner),
            Some(text @ Expression::String(_)) => self.quoted(text),
            Some(text @ Expression::HeredocTemplate(heredoc)) => {
                match heredoc.template.iter().find(|part| is_template(part)) {
                    Some(part) => return self.note_template(part, owner),
                    None => self.heredoc(text),
                }
            }
            Some(Expression::StringTemplate(text)) => match text.iter().find(|part| is_template(part)) {
                Some(part) => return self.note_template(part, owner),
                None => rule.and_then(|text| self.quoted(text)),
            },
            Some(other) => return self.note_expression(other, owner),
        };
        let Some(mut draft) = draft else {
            let offset =
                rule.and_then(hcl_edit::Span::span).map_or(self.start, |span| self.start + span.start);
            return self.found.problems.push(Problem::syntax(offset, "text that cannot be read"));
        };
        draft.id = Some(owner.address.clone()).filter(|address| !address.is_empty());
        draft.display_name.clone_from(&owner.display_name);
        draft.group = owner.group(enabled.and_then(Expression::as_bool));
        self.found.drafts.push(draft);
    }

    fn quoted(&self, text: &Expression) -> Option<Draft> {
        let token = self.span_of(text)?;
        Some(Draft::new(string::quoted(self.content, token)?, token, Host::TerraformString))
    }

    fn heredoc(&self, text: &Expression) -> Option<Draft> {
        let (decoded, lines, heredoc) = string::heredoc(self.content, self.span_of(text)?)?;
        Some(Draft::new(decoded, lines, Host::Heredoc(heredoc)))
    }

    /// The bytes of a part of the configuration.
    fn span_of(&self, part: &impl hcl_edit::Span) -> Option<Span> {
        part.span().map(|span| Span::new(self.start + span.start, self.start + span.end))
    }

    fn note_template(&mut self, part: &Element, owner: &Owner) {
        self.note(part, "depends on", owner);
    }

    fn note_expression(&mut self, value: &Expression, owner: &Owner) {
        self.note(value, "is", owner);
    }

    fn note(&mut self, part: &impl hcl_edit::Span, verb: &str, owner: &Owner) {
        let span = self.span_of(part).unwrap_or(Span::at(self.start));
        let whose = match owner.address.as_str() {
            "" => String::new(),
            address => format!(" of `{address}`"),
        };
        let what = shortened(span.of(self.content));
        let message =
            format!("the rule{whose} {verb} `{what}`, which only Terraform knows, so it was not checked");
        self.found.notes.push((span.start, message));
    }
}

/// The parser's mistake, with help for the usual cause of text after a value.
fn syntax(start: usize, error: &hcl_edit::parser::Error) -> Problem {
    let problem = Problem::syntax(start + error.location().offset(), error.message());
    if error.message().starts_with("expected newline") {
        return problem.help("a quote inside a text is written as `\\\"`");
    }
    problem
}

/// `dynamic "dynamic_membership"`, which makes blocks of that name.
fn is_dynamic(block: &Block) -> bool {
    block.ident.as_str() == "dynamic" && block.labels.iter().any(|label| label.as_str() == MEMBERSHIP)
}

fn is_template(part: &Element) -> bool {
    !matches!(part, Element::Literal(_))
}

fn field<'object>(object: &'object Object, name: &str) -> Option<&'object Expression> {
    let is_named = |key: &ObjectKey| match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(key) => key.as_str() == Some(name),
    };
    object.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value.expr())
}

/// The first line, and not too much of it.
fn shortened(text: &str) -> String {
    let mut shown: String = text.lines().next().unwrap_or_default().chars().take(SHOWN_MAX_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Input, RuleSource, read_text};
    use super::*;

    fn input(content: &str) -> Input {
        read_text("x", content.to_owned(), Some(Format::Terraform)).expect("a configuration")
    }

    fn notes(content: &str) -> Vec<String> {
        let show = |note: &super::super::Note| {
            format!("{}:{} {}", note.position.line, note.position.column, note.message)
        };
        input(content).notes.iter().map(show).collect()
    }

    #[test]
    fn positions_point_into_the_configuration() {
        let block = |value: &str| {
            format!(
                "# å\nresource \"azuread_group\" \"x\" {{\n  dynamic_membership {{\n    rule = {value}\n  }}\n}}\n"
            )
        };
        let cases = [
            (block(r#""a \"b\"""#), "a \"b\"", 2, (4, 15)),
            (block(r#"("å$${b}")"#), "å${b}", 4, (4, 18)),
            (block("<<-EOT\n      a\n\n        é b\n      EOT"), "a\n\n  é b\n", 7, (7, 10)),
            (block("<<EOT\r\n a\r\n  b\r\nEOT"), " a\r\n  b\r\n", 6, (6, 3)),
            (block("<<-EOT\nEOT"), "", 0, (5, 1)),
            (format!("\u{feff}{}", block("\"a\"")), "a", 0, (4, 13)),
        ];
        for (content, text, byte, (line, column)) in cases {
            let input = input(&content);
            let rule = input.rules.first().expect("a rule");
            assert_eq!(rule.text, text);
            let at = rule.file_position(byte);
            assert_eq!((at.line, at.column), (line, column), "{content}");
            assert_eq!(rule.id.as_deref(), Some("azuread_group.x"));
        }
    }

    #[test]
    fn memberships_are_found_in_every_form() {
        let content = r#"
            resource "azuread_group" "a" {
              display_name       = "A"
              types              = ["DynamicMembership", "Unified"]
              assignable_to_role = true
              dynamic_membership {
                enabled = false
                rule    = "one"
              }
            }
            resource "azuread_group" "b" {
              dynamic "dynamic_membership" {
                for_each = [1]
                content { rule = "two" }
              }
            }
            module "c" {
              groups             = { x = { rule = "no" } }
              dynamic_membership = [{ "rule" : "three", enabled = true }]
            }
            resource "azuread_group" "d" {
              dynamic_membership { rule = null }
            }
            resource "other" "e" { rule = "no" }
        "#;
        let input = input(content);
        let show = |rule: &RuleSource| format!("{} {}", rule.id.as_deref().unwrap_or("-"), rule.text);
        let rules: Vec<_> = input.rules.iter().map(show).collect();
        assert_eq!(rules, ["azuread_group.a one", "azuread_group.b two", "module.c three"]);
        assert_eq!((input.skipped, input.notes.len(), input.errors.len()), (1, 0, 0));
        let first = input.rules.first().expect("three rules");
        assert_eq!(first.display_name.as_deref(), Some("A"));
        let facts = GroupFacts {
            group_types: Some(vec!["DynamicMembership".to_owned(), "Unified".to_owned()]),
            is_assignable_to_role: Some(true),
            processing_state: Some("Paused".to_owned()),
        };
        assert_eq!(first.group, Some(facts));
    }

    #[test]
    fn what_only_terraform_knows_is_noted() {
        let content = r#"resource "azuread_group" "x" {
  dynamic_membership { rule = "user.city -eq \"${var.city}\"" }
  dynamic_membership {
    rule = <<-EOT
      user.city -eq "x"
      %{ if var.more }-or user.city -eq "y"%{ endif }
    EOT
  }
  dynamic_membership { rule = local.rule }
  dynamic_membership { rule = join(" -or ", [for city in var.all_cities : "user.city -eq \"${city}\""]) }
}
dynamic_membership { rule = true ? "a" : "b" }
"#;
        assert_eq!(
            notes(content),
            [
                "2:48 the rule of `azuread_group.x` depends on `${var.city}`, which only Terraform knows, so it was not checked",
                "6:7 the rule of `azuread_group.x` depends on `%{ if var.more }-or user.city -eq \"y\"%{ …`, which only Terraform knows, so it was not checked",
                "9:31 the rule of `azuread_group.x` is `local.rule`, which only Terraform knows, so it was not checked",
                "10:31 the rule of `azuread_group.x` is `join(\" -or \", [for city in var.all_citie…`, which only Terraform knows, so it was not checked",
                "12:29 the rule is `true ? \"a\" : \"b\"`, which only Terraform knows, so it was not checked",
            ]
        );
    }

    #[test]
    fn broken_configuration_is_pointed_at() {
        let error = |content: &str| {
            let error = read_text("x", content.to_owned(), Some(Format::Terraform)).expect_err("broken");
            format!("{error}; {}", error.help.as_deref().unwrap_or_default())
        };
        assert_eq!(
            error("\u{feff}a \"b\" {\n"),
            "x:1:8: invalid block body; expected `}`, newline or identifier; "
        );
        assert_eq!(
            error("a = \"\\x\""),
            "x:1:8: invalid escape sequence; expected `n`, `r`, `t`, `u`, `U`, `\\` or `\"`; "
        );
        assert_eq!(
            error("a {\n  rule = \"user.city -eq \"Oslo\"\"\n}\n"),
            "x:2:26: expected newline or eof; a quote inside a text is written as `\\\"`"
        );
    }
}
