//! A program in readable form.

use std::fmt::Write;

use super::Program;
use super::graph::Expression;
use super::instruction::{Instruction, Source};
use super::predicate::External;
use crate::base::fold::FoldedText;
use crate::language::typed::Reach;

/// The program as text: what it asks, then its sections with their instructions.
pub fn listing(program: &Program) -> String {
    let mut out = String::new();
    let counts = [
        (program.rules.len(), "rules"),
        (program.predicates.len(), "predicates"),
        (program.shared.len(), "shared"),
        (program.code.len(), "instructions"),
        (program.registers, "registers"),
    ];
    let counts: Vec<String> = counts.iter().map(|(count, of)| format!("{count} {of}")).collect();
    line(&mut out, &format!("; {}", counts.join(", ")));
    for (place, predicate) in program.predicates.iter().enumerate() {
        line(&mut out, &format!("p{place:<4} {}", predicate.key()));
    }
    for (place, external) in program.externals.iter().enumerate() {
        line(&mut out, &format!("x{place:<4} {}", external_words(external)));
    }
    for (place, any) in program.quantified.iter().enumerate() {
        let body = body_words(program, any.body);
        line(&mut out, &format!("q{place:<4} {} any: {body}", any.collection.name));
    }
    for (place, section) in program.shared.iter().enumerate() {
        line(&mut out, &format!("shared {place}"));
        instructions(program, section.start, section.end, &mut out);
    }
    for (place, section) in program.rules.iter().enumerate() {
        line(&mut out, &format!("rule {place}"));
        instructions(program, section.start, section.end, &mut out);
    }
    out
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", text.trim_end());
}

fn instructions(program: &Program, start: u32, end: u32, out: &mut String) {
    for at in start..end {
        let Some(instruction) = program.code.get(at as usize) else { return };
        line(out, &format!("{at:>6}  {}", words(instruction)));
    }
}

fn words(instruction: &Instruction) -> String {
    match *instruction {
        Instruction::Load { to, from } => format!("load     r{to} <- {}", source(from)),
        Instruction::Not { to, from } => format!("not      r{to} <- {}", source(from)),
        Instruction::And { to, with } => format!("and      r{to} <- {}", source(with)),
        Instruction::AndNot { to, without } => format!("and_not  r{to} <- {}", source(without)),
        Instruction::Or { to, with } => format!("or       r{to} <- {}", source(with)),
        Instruction::OrNot { to, without } => format!("or_not   r{to} <- {}", source(without)),
        Instruction::JumpIfEmpty { register, target } => format!("if_empty r{register} -> {target}"),
        Instruction::JumpIfFull { register, target } => format!("if_full  r{register} -> {target}"),
        Instruction::Emit { rule, from } => format!("emit     {rule} <- {}", source(from)),
    }
}

fn source(source: Source) -> String {
    match source {
        Source::Register(place) => format!("r{place}"),
        Source::Predicate(place) => format!("p{place}"),
        Source::External(place) => format!("x{place}"),
        Source::AnyItem(place) => format!("q{place}"),
    }
}

fn external_words(external: &External) -> String {
    let depth = |reach: &Reach| if *reach == Reach::Transitive { " (nested too)" } else { "" };
    match external {
        External::MemberOf(groups, reach) => {
            let ids: Vec<&str> = groups.iter().map(FoldedText::written).collect();
            format!("member of {{{}}}{}", ids.join(", "), depth(reach))
        }
        External::Reports(manager, reach) => format!("reports to {}{}", manager.written(), depth(reach)),
    }
}

fn body_words(program: &Program, id: u32) -> String {
    let joined = |parts: &[u32], word: &str| {
        let parts: Vec<String> = parts.iter().map(|&part| body_words(program, part)).collect();
        format!("({})", parts.join(word))
    };
    match program.item_expressions.get(id as usize) {
        Some(Expression::Predicate(place)) => format!("p{place}"),
        Some(Expression::Not(part)) => format!("not {}", body_words(program, *part)),
        Some(Expression::And(parts)) => joined(parts, " and "),
        Some(Expression::Or(parts)) => joined(parts, " or "),
        Some(Expression::External(place)) => format!("x{place}"),
        Some(Expression::AnyItem(_)) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Optimise;
    use super::super::emit::program;
    use super::super::verify::verify;
    use crate::language::compile::{Options, compile};
    use crate::language::typed::TypedRule;

    fn rules(texts: &[&str]) -> Vec<TypedRule> {
        texts.iter().map(|text| compile(text, Options::default()).rule.expect(text)).collect()
    }

    #[test]
    fn shared_parts_exist_once() {
        let rules = rules(&[
            r#"(user.department -eq "Sales") -and ((user.city -eq "Oslo") -or (user.city -eq "Bergen"))"#,
            r#"((user.city -eq "BERGEN") -or (user.city -eq "oslo")) -and -not (user.accountEnabled -eq false)"#,
            r#"user.proxyAddresses -all (_ -startsWith "smtp:")"#,
            r#"user.department -ne "Sales""#,
        ]);
        let program = program(&rules, Optimise::On).expect("small");
        verify(&program).expect("sound");
        insta::assert_snapshot!(super::listing(&program));
    }

    #[test]
    fn without_optimisation_rules_stand_alone() {
        let rules = rules(&[
            r#"user.city -eq "Oslo" -and user.accountEnabled -eq true"#,
            r#"user.city -eq "Oslo" -and user.accountEnabled -eq true"#,
        ]);
        let program = program(&rules, Optimise::Off).expect("small");
        verify(&program).expect("sound");
        insta::assert_snapshot!(super::listing(&program));
    }
}
