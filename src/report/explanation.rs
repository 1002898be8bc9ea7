//! Why an object is in or out: as a tree for people, and in the shape of Graph's
//! `evaluateDynamicMembership`.

use std::io;

use serde_json::{Map, Value as Json, json};

use super::Style;
use super::output_format::OutputFormat;
use super::palette::{self, painted};
use super::printable::printable;
use crate::directory::object::{Object, Value};
use crate::engine::explain::{Connective, Detail, Explanation};
use crate::engine::flip::Flip;
use crate::language::certainty::Certainty;
use crate::language::typed::TypedRule;

/// One object with the explanation of its result.
#[derive(Clone, Debug)]
pub struct Explained<'a> {
    /// The object.
    pub object: &'a Object,
    /// The rule.
    pub rule: &'a TypedRule,
    /// Why it is in or out.
    pub explanation: Explanation,
    /// What would turn the result, if that was searched for.
    pub flip: Option<Flip>,
}

/// Writes explanations. `Json` writes one object for one explanation and an array for several; with
/// `details` both JSON shapes carry items and certainties that Graph does not have.
///
/// # Errors
/// Those of `out`.
pub fn write_explanations(
    format: OutputFormat,
    explained: &[Explained<'_>],
    details: bool,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Json => match explained {
            [single] => writeln!(out, "{:#}", graph_result(single, details)),
            several => {
                let all: Vec<Json> = several.iter().map(|one| graph_result(one, details)).collect();
                writeln!(out, "{:#}", Json::from(all))
            }
        },
        OutputFormat::Jsonl => {
            explained.iter().try_for_each(|one| writeln!(out, "{}", graph_result(one, details)))
        }
        OutputFormat::Concise => explained.iter().try_for_each(|one| {
            writeln!(out, "{} {}", mark(one.explanation.result, style), printable(one.object.id()))
        }),
        _ => explained.iter().enumerate().try_for_each(|(at, one)| {
            if at > 0 {
                writeln!(out)?;
            }
            write_tree(one, style, out)
        }),
    }
}

// ---- for people ----

fn write_tree(one: &Explained<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let Explanation { result, root, certainty } = &one.explanation;
    let name = match one.object.get("displayName") {
        Value::Text(name) => format!(" ({})", printable(name)),
        _ => String::new(),
    };
    let verdict = if *result { "is a member" } else { "is not a member" };
    writeln!(out, "{} {}{name} {verdict}", mark(*result, style), printable(one.object.id()))?;
    write_detail(root, 1, style, out)?;
    if *certainty != Certainty::Documented {
        writeln!(
            out,
            "  note: the result depends on behaviour that is {}, not documented",
            certainty.word()
        )?;
    }
    match &one.flip {
        Some(Flip::Changes(changes)) => {
            let outcome = if *result { "to leave" } else { "to join" };
            let listed: Vec<String> = changes
                .iter()
                .map(|change| {
                    let (from, to) = (written(&change.from), written(&change.to));
                    format!("{} from {from} to {to}", change.attribute)
                })
                .collect();
            writeln!(out, "  smallest change {outcome}: {}", listed.join(" and "))
        }
        Some(Flip::NotFound { .. }) => writeln!(out, "  no small change of attributes turns the result"),
        None => Ok(()),
    }
}

fn write_detail(detail: &Detail, level: usize, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let indent = "  ".repeat(level);
    let label = match detail.connective {
        Some(Connective::And) => "all of".to_owned(),
        Some(Connective::Or) => "at least one of".to_owned(),
        Some(Connective::Not) => "not".to_owned(),
        None => printable(&detail.expression).into_owned(),
    };
    let seen = match &detail.property {
        Some(seen) => match &seen.value {
            Some(value) => format!("   {} is {}", seen.name, quoted(value)),
            None => format!("   {} is null", seen.name),
        },
        None => String::new(),
    };
    let certainty = match detail.certainty {
        Certainty::Documented => String::new(),
        weaker if detail.connective.is_none() => format!("   [{}]", weaker.word()),
        _ => String::new(),
    };
    let dim = |text: &str| painted(*style, palette::DIM, text);
    writeln!(out, "{indent}{} {label}{}{}", mark(detail.result, style), dim(&seen), dim(&certainty))?;
    for part in &detail.parts {
        write_detail(part, level + 1, style, out)?;
    }
    for item in &detail.items {
        writeln!(out, "{indent}    {} item {}", mark(item.result, style), quoted(&item.value))?;
    }
    Ok(())
}

fn mark(result: bool, style: &Style) -> String {
    let (paint, mark) = if result { (palette::GOOD, "✓") } else { (palette::BAD, "✗") };
    painted(*style, paint, mark)
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", printable(value))
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::Instant(instant) => instant.to_string(),
        Value::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", texts.join(", "))
        }
        Value::Plans(plans) => {
            let field = |field: &Option<String>| field.as_deref().unwrap_or("null").to_owned();
            let plans: Vec<String> = plans
                .iter()
                .map(|plan| {
                    let parts = [&plan.service, &plan.service_plan_id, &plan.capability_status];
                    parts.map(field).join("/")
                })
                .collect();
            format!("[{}]", plans.join(", "))
        }
    }
}

// ---- for programs ----

/// The shape of Graph's `evaluateDynamicMembershipResult`.
fn graph_result(one: &Explained<'_>, details: bool) -> Json {
    let mut result = json!({
        "membershipRule": *one.rule.text,
        "membershipRuleEvaluationResult": one.explanation.result,
        "membershipRuleEvaluationDetails": graph_details(&one.explanation.root, details),
    });
    if details && let Json::Object(fields) = &mut result {
        fields.insert("memberId".to_owned(), json!(one.object.id()));
        fields.insert("certainty".to_owned(), json!(one.explanation.certainty.word()));
        if let Some(Flip::Changes(changes)) = &one.flip {
            let changes: Vec<Json> = changes
                .iter()
                .map(|change| {
                    json!({ "attribute": change.attribute, "from": plain(&change.from), "to": plain(&change.to) })
                })
                .collect();
            fields.insert("smallestChange".to_owned(), Json::from(changes));
        }
    }
    result
}

/// The shape of Graph's `expressionEvaluationDetails`.
fn graph_details(detail: &Detail, details: bool) -> Json {
    let mut fields = Map::new();
    fields.insert("expression".to_owned(), json!(detail.expression));
    fields.insert("expressionResult".to_owned(), json!(detail.result));
    if !detail.parts.is_empty() {
        let parts: Vec<Json> = detail.parts.iter().map(|part| graph_details(part, details)).collect();
        fields.insert("expressionEvaluationDetails".to_owned(), Json::from(parts));
    }
    if let Some(seen) = &detail.property {
        let property = json!({ "propertyName": seen.name, "propertyValue": seen.value });
        fields.insert("propertyToEvaluate".to_owned(), property);
    }
    if details {
        fields.insert("certainty".to_owned(), json!(detail.certainty.word()));
        if !detail.items.is_empty() {
            let items: Vec<Json> = detail
                .items
                .iter()
                .map(|item| json!({ "value": item.value, "result": item.result }))
                .collect();
            fields.insert("items".to_owned(), Json::from(items));
        }
    }
    Json::Object(fields)
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => json!(value),
        Value::Text(text) => json!(text),
        Value::Instant(instant) => json!(instant.to_string()),
        Value::Texts(texts) => json!(texts),
        Value::Plans(plans) => plans
            .iter()
            .map(|plan| {
                json!({
                    "service": plan.service,
                    "servicePlanId": plan.service_plan_id,
                    "capabilityStatus": plan.capability_status,
                })
            })
            .collect(),
    }
}
