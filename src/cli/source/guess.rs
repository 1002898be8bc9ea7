//! The format of a text that comes without a known extension.

use super::{Format, table};

/// Words that begin a block of Terraform configuration, with what follows them.
const TERRAFORM_STARTS: [&str; 11] = [
    "resource \"",
    "data \"",
    "module \"",
    "variable \"",
    "output \"",
    "provider \"",
    "terraform {",
    "locals {",
    "import {",
    "moved {",
    "dynamic_membership",
];

/// The format of `text`, which has no byte order mark. What is nothing else is one rule.
pub(super) fn format_of(text: &str) -> Format {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    match first.chars().next() {
        Some('{') if is_line_of_data(first) && lines.next().is_some_and(|line| line.starts_with('{')) => {
            Format::Ndjson
        }
        Some('{') => Format::Json,
        Some('[') if is_list_of_data(text) => Format::Json,
        Some('#' | '/' | 'a'..='z') if is_terraform(text) => Format::Terraform,
        _ if table::has_rule_column(text) => Format::Csv,
        _ => Format::Rule,
    }
}

/// Whether NDJSON was written over several lines after all, as a document is.
pub(super) fn is_document(text: &str) -> bool {
    matches!(text.lines().map(str::trim).find(|line| !line.is_empty()), Some("{" | "["))
}

/// Not just the opening of an object that goes on in the next line.
fn is_line_of_data(line: &str) -> bool {
    line.len() > 1 && line.ends_with(['}', ','])
}

/// A rule can begin with a bracket too, but then a quote follows.
fn is_list_of_data(text: &str) -> bool {
    text.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', '[', ']']))
}

fn is_terraform(text: &str) -> bool {
    let code = text.lines().map(str::trim).find(|line| !is_comment(line));
    code.is_some_and(|line| TERRAFORM_STARTS.iter().any(|start| line.starts_with(start)))
}

fn is_comment(line: &str) -> bool {
    line.is_empty() || ["#", "//", "/*", "*"].iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_lines() {
        let cases = [
            ("", Format::Rule),
            ("user.city -eq \"Oslo\"", Format::Rule),
            ("(user.a -eq \"b\")\n-and\n(user.c -eq \"d\")", Format::Rule),
            ("[\"a\", \"b\"] -contains user.city", Format::Rule),
            ("membershipRule\n", Format::Csv),
            ("#TYPE System.Object\r\n\"Id\",\"MembershipRule\"\r\n", Format::Csv),
            ("id;rule\n1;x", Format::Csv),
            ("id,name\n1,x", Format::Rule),
            ("\n{\"rule\": \"x\"}\n", Format::Json),
            ("{\n  \"value\": []}", Format::Json),
            ("[{\"rule\": \"x\"}]", Format::Json),
            ("[\n]", Format::Json),
            ("{\"rule\": \"x\"}\n\n{\"rule\": \"y\"}", Format::Ndjson),
            ("{\"rule\": \"x}\n{\"rule\": \"y\"}", Format::Ndjson),
            ("# groups\n\nresource \"azuread_group\" \"x\" {\n}", Format::Terraform),
            ("locals {\n}", Format::Terraform),
            ("dynamic_membership {\n}", Format::Terraform),
        ];
        for (text, format) in cases {
            assert_eq!(format_of(text), format, "{text}");
        }
    }

    #[test]
    fn documents_are_told_from_lines() {
        assert!(is_document("\n{\n  \"rule\": \"x\"\n}"));
        assert!(!is_document("{\"rule\": \"x\"}"));
    }
}
