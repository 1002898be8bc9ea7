//! Findings about rules on a tenant in words, and as JSON.

use serde_json::{Value as Json, json};

use super::analysis::Named;
use crate::analysis::finding::{Absent, Asked, Finding, Other};
use crate::analysis::logic::Constant;
use crate::language::attribute::Subject;

/// The finding as a sentence without an end. `rules` are the groups of the rules that were looked at, by
/// place.
pub(super) fn sentence(finding: &Finding, subject: Subject, rules: &[Named]) -> String {
    let who = subject.word();
    match finding {
        Finding::Constant(Constant::Always) => format!("the rule holds for every {who}, whatever the data"),
        Finding::Constant(Constant::Never) => format!("the rule holds for no {who}, whatever the data"),
        // The words of the lint begin with the verdict, or are a sentence of their own.
        Finding::Part(message) if message.starts_with("this ") => format!("a part of the rule: {message}"),
        Finding::Part(message) => format!("a part of the rule is {message}"),
        Finding::Everybody(count) => format!("selects all {}", counted(*count, who)),
        Finding::Nobody => "selects nobody".to_owned(),
        Finding::SameAs(others, more) => {
            let more = if *more > 0 { format!(" and {} more", grouped(*more as u64)) } else { String::new() };
            format!("selects the same as {}{more}", listed(others, rules, false))
        }
        Finding::Within(others) => format!("all members are in {} too", listed(others, rules, true)),
        Finding::Absent(absent) => absence(absent, who),
        Finding::MoreAbsent(count) => format!("{count} more values that no {who} has are not listed"),
    }
}

/// The finding for programs.
pub(super) fn json(finding: &Finding, subject: Subject, rules: &[Named]) -> Json {
    let mut fields = json!({ "kind": finding.kind(), "message": sentence(finding, subject, rules) });
    let Some(object) = fields.as_object_mut() else { return fields };
    match finding {
        Finding::SameAs(others, _) | Finding::Within(others) => {
            let groups = others.iter().map(|other| {
                let id = rules.get(other.rule).map(|group| &group.id);
                json!({ "groupId": id, "members": other.members, "proved": other.is_proved })
            });
            object.insert("groups".to_owned(), groups.collect());
        }
        Finding::Absent(absent) => {
            object.insert("attribute".to_owned(), json!(absent.attribute));
            object.insert("value".to_owned(), json!(absent.value.as_ref().map(|(_, text)| text)));
            let similar = absent.similar.as_ref();
            let similar = similar.map(|(value, objects)| json!({ "value": value, "objects": objects }));
            object.insert("suggestion".to_owned(), json!(similar));
        }
        _ => {}
    }
    fields
}

fn listed(others: &[Other], rules: &[Named], with_sizes: bool) -> String {
    let names: Vec<String> = others
        .iter()
        .map(|other| {
            let name = rules.get(other.rule).map_or(String::new(), |group| format!("`{}`", group.name()));
            let size = with_sizes.then(|| format!("{} members", grouped(other.members)));
            let proof = other.is_proved.then(|| "whatever the data".to_owned());
            let notes: Vec<String> = size.into_iter().chain(proof).collect();
            if notes.is_empty() { name } else { format!("{name} ({})", notes.join(", ")) }
        })
        .collect();
    names.join(", ")
}

fn absence(absent: &Absent, who: &str) -> String {
    let Absent { attribute, field, is_item, value, similar } = absent;
    let Some((asked, text)) = value else { return format!("no {who} has a value of `{attribute}`") };
    let holder = field.map_or("", |_| "a service plan with ");
    let name = field.unwrap_or(attribute);
    let is_listed = *is_item && field.is_none();
    let thing = if is_listed { format!("an entry of `{name}`") } else { format!("{} {name}", article(name)) };
    let has = match asked {
        Asked::Equal if is_listed => format!("`{text}` in `{name}`"),
        Asked::Equal => format!("the {name} `{text}`"),
        Asked::Beginning => format!("{thing} that begins with `{text}`"),
        Asked::End => format!("{thing} that ends with `{text}`"),
        Asked::Inside => format!("{thing} that contains `{text}`"),
    };
    let meant = similar
        .as_ref()
        .map(|(similar, objects)| format!(": did you mean `{similar}` ({})?", counted(*objects, who)));
    format!("no {who} has {holder}{has}{}", meant.unwrap_or_default())
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// A count with its word: `4,210 users`.
pub(super) fn counted(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent(attribute: &str, field: Option<&'static str>, is_item: bool, asked: Asked) -> String {
        let value = Some((asked, "Slaes".to_owned()));
        let similar = (asked == Asked::Equal).then(|| ("Sales".to_owned(), 4_210));
        absence(&Absent { attribute: attribute.to_owned(), field, is_item, value, similar }, "user")
    }

    #[test]
    fn every_kind_of_absence_reads_well() {
        let lines = [
            absent("department", None, false, Asked::Equal),
            absent("employeeId", None, false, Asked::Beginning),
            absent("otherMails", None, true, Asked::Equal),
            absent("otherMails", None, true, Asked::End),
            absent("assignedPlans", Some("service"), true, Asked::Equal),
            absent("assignedPlans", Some("service"), true, Asked::Inside),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        no user has the department `Slaes`: did you mean `Sales` (4,210 users)?
        no user has an employeeId that begins with `Slaes`
        no user has `Slaes` in `otherMails`: did you mean `Sales` (4,210 users)?
        no user has an entry of `otherMails` that ends with `Slaes`
        no user has a service plan with the service `Slaes`: did you mean `Sales` (4,210 users)?
        no user has a service plan with a service that contains `Slaes`
        ");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
