//! The canonical layout of an accepted rule reads back as the same rule, and is its own layout.

#![no_main]

use dyngroup::language::attribute::Attributes;
use dyngroup::language::compile::{Compiled, Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::print::{Layout, format};
use dyngroup::language::typed::{Node, NodeKind, Test};
use libfuzzer_sys::{Corpus, fuzz_target};

const LAYOUTS: [Layout; 3] = [
    Layout::OneLine,
    Layout::Lines { width_max_columns: 80 },
    // So narrow that everything is broken up.
    Layout::Lines { width_max_columns: 1 },
];

/// Longest rule, in bytes, for which nothing has to be left out to keep the limit on its length.
const ROOMY_MAX_BYTES: usize = 300;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    let mut accepted = false;
    for dialect in [Dialect::Entra, Dialect::Extended] {
        let options = Options { dialect, ..Options::default() };
        let compiled = compile(text, options);
        let printed = format(text, &compiled, Attributes::standard(), Layout::OneLine);
        assert_eq!(printed.is_some(), compiled.rule.is_some(), "{text:?}");
        if compiled.rule.is_some() {
            accepted = true;
            check(text, &compiled, options);
        }
    }
    // What is refused is the business of `parser`, but mutations lead from it to what is accepted.
    if accepted || text.len() <= ROOMY_MAX_BYTES { Corpus::Keep } else { Corpus::Reject }
});

fn check(text: &str, compiled: &Compiled, options: Options<'_>) {
    let print = |text: &str, compiled: &Compiled, layout| {
        format(text, compiled, options.attributes, layout).expect("the rule is accepted")
    };
    for layout in LAYOUTS {
        let printed = print(text, compiled, layout);
        let again = compile(&printed, options);
        assert!(again.rule.is_some(), "{text:?} is printed as {printed:?}: {:?}", again.diagnostics);
        assert_eq!(again.subject, compiled.subject, "{text:?} is printed as {printed:?}");
        assert_eq!(meaning(&again), meaning(compiled), "{text:?} is printed as {printed:?}");
        assert_eq!(print(&printed, &again, layout), printed, "{text:?} with {layout:?}");
        if text.len() <= ROOMY_MAX_BYTES {
            let lines = print(text, compiled, Layout::OneLine);
            assert_eq!(print(&printed, &again, Layout::OneLine), lines, "{text:?} by way of {layout:?}");
        }
    }
}

/// What a rule says, without the places in its text.
fn meaning(compiled: &Compiled) -> String {
    let mut out = String::new();
    if let Some(rule) = &compiled.rule {
        write_node(&rule.root, &mut out);
    }
    out
}

fn write_node(node: &Node, out: &mut String) {
    match &node.kind {
        NodeKind::And(_) => out.push_str("and"),
        NodeKind::Or(_) => out.push_str("or"),
        NodeKind::Not(_) => out.push_str("not"),
        NodeKind::Attribute { attribute, test } => {
            // A directory extension has the letter case of the rule, which does not count.
            out.push_str(&attribute.name.to_ascii_lowercase());
            write_test(test, out);
        }
        NodeKind::Quantified { quantifier, collection, .. } => {
            out.extend([&collection.name.to_ascii_lowercase(), quantifier.word()]);
        }
        NodeKind::Item { field, test } => {
            out.push_str(field.map_or("_", |field| field.word()));
            write_test(test, out);
        }
        kind @ (NodeKind::MemberOf { .. } | NodeKind::Reports { .. }) => out.push_str(&format!("{kind:?}")),
    }
    out.push('(');
    for part in node.parts() {
        write_node(part, out);
        out.push(',');
    }
    out.push(')');
}

fn write_test(test: &Test, out: &mut String) {
    match test {
        Test::Matches(pattern) => out.push_str(&format!(" matches {:?}", pattern.source())),
        test => out.push_str(&format!(" {test:?}")),
    }
}
