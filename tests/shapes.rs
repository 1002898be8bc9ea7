//! Tokens and trees of good rules, as text.

use dyngroup::language::lex::lex;
use dyngroup::language::parse::parse;
use dyngroup::language::tree::{Expr, ExprKind, Operand, OperandKind};

/// Rules that show every construct of the language.
const RULES: &[&str] = &[
    "user.department -eq \"Sales\"",
    "USER.City Eq 'Oslo' AND not User.mail -notContains \"it''s `\"so`\"\"",
    "user.country -eq \"US\" -and (user.department -eq \"Marketing\" -or user.department -eq \"Sales\")",
    "user.city -eq \"a\" -or user.city -eq \"b\" -and user.city -eq \"c\" -or user.city -eq \"d\"",
    "-not -not (user.accountEnabled -eq True) -and ((user.mail -ne $null))",
    "user.department -notIn [\"50001\", '50002']",
    "user.employeeHireDate -ge (system.now -minus P30D) -and user.employeeHireDate -le 2026-01-31T08:00:00Z",
    "(user.proxyAddresses -any (_ -startsWith \"smtp:\")) -or device.x -match \"^[a-z]\\d+$\"",
    "device.devicePhysicalIds -any _ -startsWith \"[ZTDId]\"",
    "user.assignedPlans -all (assignedPlan.service -ne \"SCO\") -or assignedPlan.capabilityStatus -ne \"Enabled\"",
    "user.memberOf -any (group.objectId -in ['G1','G2'])",
    "Direct Reports for \"62e19b97-8b3d-4d4a-a106-4ce66896a863\"",
    "all reports FOR \"boss\" -and user.extension_c272a57b722d4eb29bfe327874ae79cb_Nr -eq \"1\"",
    "user.mail\n–ne null",
];

#[test]
fn tokens() {
    let dumps: Vec<String> = RULES.iter().map(|rule| dump_tokens(rule)).collect();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(dumps.join("\n")) });
}

#[test]
fn trees() {
    let dumps: Vec<String> = RULES.iter().map(|rule| dump_tree(rule)).collect();
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(dumps.join("\n")) });
}

fn dump_tokens(rule: &str) -> String {
    let mut out = format!("{rule}\n");
    for (start, token, end) in lex(rule).tokens {
        out += &format!("  {start}..{end} {token:?}\n");
    }
    out
}

fn dump_tree(rule: &str) -> String {
    let mut out = format!("{rule}\n");
    dump_expr(&parse(rule).tree, rule, 1, &mut out);
    out
}

fn dump_expr(expr: &Expr, rule: &str, level: usize, out: &mut String) {
    let wrapped = if expr.wrapped.is_some() { " in parentheses" } else { "" };
    let what = match &expr.kind {
        ExprKind::And(_) => "and".to_owned(),
        ExprKind::Or(_) => "or".to_owned(),
        ExprKind::Not { times, .. } => format!("not, {times} times"),
        ExprKind::Comparison { left, operator, right, .. } => {
            format!("{} {} {}", operand(left, rule), operator.word(), operand(right, rule))
        }
        ExprKind::Quantified { collection, quantifier, .. } => {
            format!("{} {}", quantifier.word(), operand(collection, rule))
        }
        ExprKind::Reports { transitive, manager } => {
            format!("{} reports for {}", if *transitive { "all" } else { "direct" }, operand(manager, rule))
        }
        ExprKind::Hole => "hole".to_owned(),
    };
    *out += &format!("{}{}..{} {what}{wrapped}\n", "  ".repeat(level), expr.span.start, expr.span.end);
    for part in expr.parts() {
        dump_expr(part, rule, level + 1, out);
    }
}

fn operand(operand: &Operand, rule: &str) -> String {
    let text = operand.span.of(rule);
    match &operand.kind {
        OperandKind::List(items) => {
            let items: Vec<String> = items.iter().map(|item| self::operand(item, rule)).collect();
            format!("[{}]", items.join(", "))
        }
        OperandKind::Sum { base, offsets } => {
            let mut out = self::operand(base, rule);
            for offset in offsets {
                let sign = if offset.minus { "minus" } else { "plus" };
                out += &format!(" {sign} {}", self::operand(&offset.duration, rule));
            }
            format!("({out})")
        }
        kind => format!("{kind:?}({text})"),
    }
}
