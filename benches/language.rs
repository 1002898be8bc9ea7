//! How fast are rules read? Lexing, parsing, checking and linting 15,000 rules, the most that a tenant
//! can hold, on one core.
//!
//! The rules have the shapes of real ones, each with values of its own. Throughput is rules a second.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::lex::lex;
use dyngroup::language::lint::{LintOptions, lint};
use dyngroup::language::parse::parse;

/// As many as the service allows in a tenant.
const RULES: usize = 15_000;

/// Shapes of rules; `§` becomes a number.
const SHAPES: &[&str] = &[
    r#"user.department -eq "Sales §""#,
    r#"(user.department -eq "Sales §") -and -not (user.jobTitle -startsWith "SDE §")"#,
    r#"(user.accountEnabled -eq true) and (user.userType -eq "Member") and (user.companyName -eq "Company §")"#,
    r#"user.department -in ["§1","§2","§3","§4"]"#,
    r#"(device.deviceOSType -eq "Windows") and (device.displayName -startsWith "DEV§-")"#,
    r#"(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:§"))"#,
    r#"user.assignedPlans -any (assignedPlan.servicePlanId -eq "§" -and assignedPlan.capabilityStatus -eq "Enabled")"#,
    r#"(user.userPrincipalName -match "^adm§.*@contoso\.example$") -and (user.accountEnabled -eq true)"#,
    r#"(user.country -eq "C§" -and user.city -eq "A") -or (user.country -eq "C§" -and user.city -eq "B")"#,
    r#"user.employeeHireDate -ge (system.now -minus P§D) -and user.employeeHireDate -le system.now"#,
    r#"(user.jobTitle -contains "Engineer §") and (user.extensionAttribute3 -ne "§")"#,
];

fn rules() -> Vec<String> {
    (0..RULES)
        .zip(SHAPES.iter().cycle())
        .map(|(number, shape)| shape.replace('§', &number.to_string()))
        .collect()
}

fn language(criterion: &mut Criterion) {
    let rules = rules();
    let mut group = criterion.benchmark_group("language/15000-rules");
    group.throughput(Throughput::Elements(RULES as u64));
    group.sample_size(10);
    group.bench_function("lex", |bencher| {
        bencher.iter(|| rules.iter().map(|rule| lex(black_box(rule)).tokens.len()).sum::<usize>());
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| rules.iter().map(|rule| parse(black_box(rule)).diagnostics.len()).sum::<usize>());
    });
    group.bench_function("compile", |bencher| {
        let accepted = |rule: &String| compile(black_box(rule), Options::default()).rule.is_some();
        bencher.iter(|| rules.iter().filter(|rule| accepted(rule)).count());
    });
    group.bench_function("check", |bencher| {
        let options = LintOptions::default();
        bencher.iter(|| {
            let findings = |rule: &String| {
                let compiled = compile(black_box(rule), Options::default());
                lint(rule, &compiled, &options).len() + compiled.diagnostics.len()
            };
            rules.iter().map(findings).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, language);
criterion_main!(benches);
