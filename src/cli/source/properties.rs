//! What holds for every text in every format.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Format, Input, read_bytes, read_text};
use crate::base::span::{Lines, Span};

/// A file of each kind with one rule, `x`, in it.
const TEMPLATES: [(Format, &str); 12] = [
    (Format::Rule, "x"),
    (Format::Rule, "x\n\n"),
    (Format::Rules, "\nx\n"),
    (Format::Json, "[{\"membershipRule\": \"x\", \"displayName\": \"å\"}]"),
    (Format::Ndjson, "{\"id\": 1}\n{\"rule\": \"x\"}\n"),
    (Format::Csv, "id,rule\n1,x\n"),
    (Format::Csv, "rule;id\r\n\"x\";1\r\n"),
    (Format::Terraform, "dynamic_membership {\n  rule = \"x\"\n}\n"),
    (Format::Terraform, "dynamic_membership {\n  rule = <<-EOT\n    x\n  EOT\n}\n"),
    (Format::Terraform, "dynamic_membership {\n\trule = <<-EOT\n\t\tx\n\tEOT\n}\n"),
    (Format::Terraform, "dynamic_membership {\n  rule = <<EOT\nx\nEOT\n}\n"),
    (Format::Terraform, "dynamic_membership {\r\n  rule = <<-E\r\n   x\r\n  E\r\n}\r\n"),
];

/// Characters that formats treat in their own ways, and some that none does.
const CHARACTERS: [char; 24] = [
    'a', 'x', ' ', '"', '\\', '\n', '\r', '\t', '$', '%', '{', '}', ',', ';', '\'', '-', '(', '/', 'é', '’',
    '😀', '\u{1}', '\u{2028}', 'E',
];

/// Pieces that make up inputs which are nearly right.
const PIECES: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\"\"",
    "\\\"",
    "\\u00e9",
    "\\ud83d",
    "\n",
    "\r\n",
    " ",
    "  ",
    "rule",
    "\"rule\":",
    "\"rule\": \"a\"",
    "\"membershipRule\":",
    "\"x\"",
    "null",
    "1",
    "\"id\":",
    "\"value\":",
    "id,rule\n",
    "rule;",
    "dynamic_membership {\n",
    "dynamic_membership",
    " = ",
    "rule = ",
    "<<-EOT\n",
    "<<EOT\n",
    "EOT\n",
    "${",
    "%{",
    "$${",
    "(",
    ")",
    "user.city -eq ",
    "é",
    "\u{feff}",
    "#",
    "\"dynamic_membership\":",
    "resource \"a\" \"b\" {\n",
];

/// What stands around pieces, so that they come where a rule is.
const FRAMES: [(&str, &str); 6] = [
    ("", ""),
    ("[{\"rule\": \"", "\"}, {\"membershipRule\": \"x\"}]"),
    ("id,rule\n1,\"", "\"\n2,x\n"),
    ("dynamic_membership {\n  rule = \"", "\"\n}\n"),
    ("dynamic_membership {\n  rule = <<-EOT\n    ", "\n  EOT\n}\n"),
    ("dynamic_membership {\n  rule = <<EOT\n", "\nEOT\n}\n"),
];

/// Keys of JSON objects, with and without a meaning.
const KEYS: [&str; 14] = [
    "membershipRule",
    "rule",
    "id",
    "displayName",
    "subject",
    "groupTypes",
    "value",
    "dynamic_membership",
    "enabled",
    "address",
    "planned_values",
    "resource_changes",
    "before",
    "other",
];

/// JSON documents whose keys mean something.
fn documents() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i8>().prop_map(Into::into),
        vec(select(CHARACTERS.to_vec()), 0..6).prop_map(|text| text.into_iter().collect::<String>().into()),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Into::into),
            vec((select(KEYS.to_vec()), inner), 0..6).prop_map(|fields| {
                fields
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

fn formats() -> impl Strategy<Value = Option<Format>> {
    use Format::{Csv, Json, Ndjson, Rule, Rules, Terraform};
    select(vec![None, Some(Rule), Some(Rules), Some(Json), Some(Ndjson), Some(Csv), Some(Terraform)])
}

/// Every character stands at its own place in the file, in order, inside what a change replaces.
fn check_places(input: &Input) {
    let lines = Lines::of(&input.content);
    for rule in &input.rules {
        let mut end = rule.place.token.start;
        for (at, character) in rule.text.char_indices() {
            let span = rule.file_span(Span::new(at, at + character.len_utf8()));
            let written = span.of(&input.content);
            assert!(!written.is_empty() && span.start >= end && span.end <= rule.place.token.end, "{span:?}");
            let escaped = written.starts_with(['\\', '$', '%', '"']);
            assert!(escaped || written == character.to_string(), "{character:?} is written as {written:?}");
            if !input.content.starts_with('\u{feff}') {
                assert_eq!(rule.file_position(at), lines.position(span.start));
            }
            end = span.end;
        }
        let whole = rule.file_span(Span::new(0, rule.text.len()));
        assert!(rule.place.token.contains(whole), "{whole:?} in {:?}", rule.place.token);
    }
}

/// Rules that stay as they are change no byte, and changed ones are all found again.
fn check_writing(input: &Input) {
    let every = |text: Option<&str>| -> Vec<(usize, String)> {
        let rules = input.rules.iter().enumerate();
        rules.map(|(index, rule)| (index, text.unwrap_or(&rule.text).to_owned())).collect()
    };
    let Ok(same) = input.rewritten(&every(None)) else { return };
    assert_eq!(same.as_str(), &*input.content);
    let changed = input.rewritten(&every(Some("z"))).expect("one letter fits everywhere");
    let again = read_text(&input.name, changed.clone(), Some(input.format)).expect("still readable");
    assert_eq!(again.rules.len(), input.rules.len(), "{changed:?}");
    assert!(again.rules.iter().all(|rule| rule.is_written_as("z")), "{changed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_rules_read_back(text in vec(select(CHARACTERS.to_vec()), 0..24), template in select(TEMPLATES.to_vec())) {
        let text: String = text.into_iter().collect();
        let (format, content) = template;
        let input = read_text("x", content.to_owned(), Some(format)).expect("a template");
        let Ok(written) = input.rewritten(&[(0, text.clone())]) else {
            prop_assert!(format == Format::Rules || content.contains("<<"), "only lines have no room");
            return Ok(());
        };
        let again = read_text("x", written.clone(), Some(format)).expect("what was written");
        if text.trim().is_empty() && matches!(format, Format::Rules | Format::Csv) {
            prop_assert!(again.rules.is_empty());
            return Ok(());
        }
        prop_assert_eq!(again.rules.len(), 1);
        prop_assert!(again.rules.iter().all(|rule| rule.is_written_as(&text)), "{:?}", written);
        check_places(&again);
        check_writing(&again);
    }

    #[test]
    fn json_escapes_keep_their_places(text in vec((select(CHARACTERS.to_vec()), any::<bool>()), 0..24)) {
        let escape = |(character, escaped): &(char, bool)| match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{1}' => unicode_escape(*character),
            other if *escaped => unicode_escape(*other),
            other => other.to_string(),
        };
        let json = format!("{{\"rule\": \"{}\"}}", text.iter().map(escape).collect::<String>());
        let input = read_text("x", json, Some(Format::Json)).expect("JSON");
        let expected: String = text.iter().map(|(character, _)| character).collect();
        prop_assert_eq!(&input.rules.first().expect("a rule").text, &expected);
        check_places(&input);
        check_writing(&input);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200), format in formats()) {
        if let Ok(input) = read_bytes("x", bytes, format) {
            check_places(&input);
            check_writing(&input);
        }
    }

    #[test]
    fn every_document_is_walked(document in documents(), pretty in any::<bool>()) {
        let json = if pretty { format!("{document:#}") } else { document.to_string() };
        let input = read_text("x", json, Some(Format::Json)).expect("JSON");
        check_places(&input);
        check_writing(&input);
    }

    #[test]
    fn no_text_makes_it_panic(
        pieces in vec(select(PIECES.to_vec()), 0..24),
        frame in select(FRAMES.to_vec()),
        format in formats(),
    ) {
        if let Ok(input) = read_text("x", [frame.0, &pieces.concat(), frame.1].concat(), format) {
            check_places(&input);
            check_writing(&input);
        }
    }
}

fn unicode_escape(character: char) -> String {
    let mut units = [0; 2];
    let escapes = character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"));
    escapes.collect::<Vec<_>>().concat()
}
