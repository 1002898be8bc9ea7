//! What a change tells of the licenses of a user, and of conflicts of addresses.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::directory::license_fields::{
    ADDRESS_CONFLICT, CONFLICT_SOURCES, DIRECT_LICENSES, LICENSE_SOURCES, LICENSES, conflict_of, licenses_of,
};
use crate::directory::object::Value;
use crate::directory::user_licenses::with_direct;

/// Puts what licensing makes of several fields in their place.
pub(super) fn make_licensing(values: &mut Vec<(Arc<str>, Value)>) {
    if !values.iter().any(|(name, _)| name.starts_with('@')) {
        return;
    }
    let mut take = |name: &str| {
        let at = values.iter().position(|(known, _)| **known == *name)?;
        Some(values.remove(at).1)
    };
    let [states, licenses] = LICENSE_SOURCES.map(&mut take);
    let conflicts = CONFLICT_SOURCES.map(&mut take);
    if states.is_some() || licenses.is_some() {
        let is_direct_only = states.is_none();
        let all = licenses_of(states.as_ref().and_then(text_of), licenses.as_ref().and_then(text_of));
        let all = all.map(|text| Value::Text(text.to_owned())).unwrap_or_default();
        values.push((if is_direct_only { DIRECT_LICENSES } else { LICENSES }.into(), all));
    }
    if conflicts.iter().any(Option::is_some) {
        let told = conflicts.map(|told| match told {
            Some(Value::Boolean(told)) => Some(told),
            _ => None,
        });
        values.push((ADDRESS_CONFLICT.into(), conflict_of(told).map(Value::Boolean).unwrap_or_default()));
    }
}

/// The licenses of a user who has `all` and now the direct ones of `direct`.
pub(super) fn with_direct_licenses(all: &Value, direct: &Value) -> Value {
    with_direct(text_of(all), text_of(direct)).map(Value::Text).unwrap_or_default()
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// A value and its name as a file has them.
pub(super) fn written<'n>(name: &'n str, value: &Value) -> (&'n str, Json) {
    // A canonical text is the JSON of a list; another one would be refused when it is read back.
    let licenses = || match value {
        Value::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| value.json()),
        _ => value.json(),
    };
    match name {
        LICENSES => ("licenseAssignmentStates", licenses()),
        DIRECT_LICENSES => ("assignedLicenses", licenses()),
        ADDRESS_CONFLICT => ("addressConflict", value.json()),
        _ => (name, value.json()),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::license_fields::Licensing;
    use crate::directory::object::Object;
    use crate::directory::read::{ObjectChange, changes_from_str, changes_from_str_with};
    use crate::directory::source::Format;
    use crate::language::attribute::{Attributes, Subject};

    const A: &str = r#"[{"skuId":"a"}]"#;
    const A_BY_G: &str = r#"[{"skuId":"a","assignedByGroup":"g"}]"#;

    fn read(text: &str, format: Format) -> Vec<ObjectChange> {
        let users = (Subject::User, Attributes::standard());
        changes_from_str_with("changes", text, format, users, Licensing::Read)
            .unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// The licenses of a user who had `before`, after each of some changes.
    fn after(before: Option<&str>, fields: &[&str]) -> Vec<Option<String>> {
        let before = Object::new("u").with(LICENSES, before.map(text).unwrap_or_default());
        let licenses = |fields: &&str| {
            let change = read(&format!("{{\"id\":\"u\"{fields}}}"), Format::Ndjson).remove(0);
            text_of(change.applied_to(before.clone()).unwrap().get(LICENSES)).map(str::to_owned)
        };
        fields.iter().map(licenses).collect()
    }

    #[test]
    fn only_what_is_named_changes() {
        let some = |text: &str| Some(text.to_owned());
        let fields = [
            r#","city":"Oslo""#,
            r#","licenseAssignmentStates":null"#,
            r#","licenseAssignmentStates":[],"assignedLicenses":[{"skuId":"B"}]"#,
            r#","licenseAssignmentStates":null,"assignedLicenses":[{"skuId":"B"}]"#,
            r#","licenseAssignmentStates":[{"skuId":"B"}],"assignedLicenses":[{"skuId":"c"}]"#,
        ];
        let b = some(r#"[{"skuId":"b"}]"#);
        assert_eq!(after(Some(A_BY_G), &fields), [some(A_BY_G), None, None, b.clone(), b]);
    }

    #[test]
    fn licenses_without_states_are_the_direct_ones() {
        let some = |text: &str| Some(text.to_owned());
        let both = r#"[{"skuId":"a","assignedByGroup":"g"},{"skuId":"c"}]"#;
        let fields = [
            r#","assignedLicenses":[{"skuId":"C"}]"#,
            r#","assignedLicenses":[]"#,
            r#","assignedLicenses":null"#,
        ];
        assert_eq!(after(Some(A_BY_G), &fields), [some(both), some(A_BY_G), some(A_BY_G)]);
        assert_eq!(after(Some(both), &fields), [some(both), some(A_BY_G), some(A_BY_G)]);
        assert_eq!(after(Some(A), &fields), [some(r#"[{"skuId":"c"}]"#), None, None]);
        assert_eq!(after(None, &fields), [some(r#"[{"skuId":"c"}]"#), None, None]);
    }

    #[test]
    fn conflicts_are_what_is_told_last() {
        let conflict = |fields: &str| {
            let change = read(&format!("{{\"id\":\"u\"{fields}}}"), Format::Ndjson).remove(0);
            let before = Object::new("u").with(ADDRESS_CONFLICT, Value::Boolean(true));
            change.applied_to(before).unwrap().get(ADDRESS_CONFLICT).clone()
        };
        assert_eq!(conflict(""), Value::Boolean(true));
        assert_eq!(conflict(r#","addressConflict":false"#), Value::Boolean(false));
        assert_eq!(conflict(r#","addressConflict":null"#), Value::Null);
        assert_eq!(conflict(r#","onPremisesProvisioningErrors":[]"#), Value::Boolean(false));
    }

    #[test]
    fn the_columns_of_a_sheet_are_told_of_every_row() {
        let changes =
            read("id,assignedLicenses,city\na,\"[{\"\"skuId\"\":\"\"A\"\"}]\",x\nb,,x\n", Format::Csv);
        let before = || Object::new("u").with(LICENSES, text(r#"[{"skuId":"z"}]"#));
        let licenses = |at: usize| changes[at].applied_to(before()).unwrap().get(LICENSES).clone();
        assert_eq!((licenses(0), licenses(1)), (text(A), Value::Null));
    }

    #[test]
    fn licenses_are_passed_over_if_nobody_asks() {
        let line = r#"{"id":"u","assignedLicenses":5,"addressConflict":"x","licenseAssignmentStates":[{}]}"#;
        let changes =
            changes_from_str("c", line, Format::Ndjson, Subject::User, Attributes::standard()).unwrap();
        assert!(changes[0].values.is_empty());
        let devices = (Subject::Device, Attributes::standard());
        let changes = changes_from_str_with("c", line, Format::Ndjson, devices, Licensing::Read).unwrap();
        assert!(changes[0].values.is_empty());
        let users = (Subject::User, Attributes::standard());
        let errors = changes_from_str_with("c", line, Format::Ndjson, users, Licensing::Read).unwrap_err();
        insta::assert_snapshot!(errors, @r#"
            c:1:30: field assignedLicenses: expected a list of objects or null, found the number 5
            c:1:50: field addressConflict: expected true, false or null, found "x"
            c:1:81: field licenseAssignmentStates[0].skuId: a value is missing
            "#);
    }

    fn list() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["null", "[]", A, r#"[{"skuId":"b","disabledPlans":["p"]},{"skuId":"c"}]"#])
    }

    fn states() -> impl Strategy<Value = &'static str> {
        let inherited =
            r#"[{"skuId":"b"},{"skuId":"a","assignedByGroup":"h","state":"Error","error":"Other"}]"#;
        prop_oneof![list(), prop::sample::select(vec![A_BY_G, inherited])]
    }

    /// What is told of one user, step by step.
    fn lines() -> impl Strategy<Value = Vec<String>> {
        let field =
            |name: &'static str, value| prop::option::of(value).prop_map(move |it| it.map(|it| (name, it)));
        let flag = prop::sample::select(vec!["true", "false", "null"]);
        let fields = (
            field("assignedLicenses", list().boxed()),
            field("licenseAssignmentStates", states().boxed()),
            field("addressConflict", flag.boxed()),
            prop::bool::weighted(0.1),
        );
        let line = fields.prop_map(|(licenses, states, conflict, removed)| {
            let mut line = "{\"id\":\"u\"".to_owned();
            if removed {
                line.push_str(",\"@removed\":{}");
            }
            for (name, value) in [licenses, states, conflict].into_iter().flatten() {
                let _ = write!(line, ",\"{name}\":{value}");
            }
            line + "}"
        });
        prop::collection::vec(line, 1..5)
    }

    proptest! {
        #[test]
        fn steps_together_are_the_steps_one_by_one(lines in lines(), before in states()) {
            let before = Some(before).filter(|text| text.len() > 4);
            let before = Object::new("u").with(LICENSES, before.map(text).unwrap_or_default());
            let mut expected = Some(before.clone());
            for line in &lines {
                let change = read(line, Format::Ndjson).remove(0);
                expected = change.applied_to(expected.unwrap_or_else(|| Object::new("u")));
            }
            let all = read(&lines.join("\n"), Format::Ndjson).remove(0);
            prop_assert_eq!(&all.applied_to(before.clone()), &expected);
            // As lines, and back again.
            let again = read(&all.to_lines(), Format::Ndjson).remove(0);
            prop_assert_eq!(again.applied_to(before), expected);
            let sorted = |mut change: ObjectChange| {
                change.values.sort_by(|(one, _), (other, _)| one.cmp(other));
                change.values.retain(|_| !change.removed);
                change
            };
            prop_assert_eq!(sorted(again), sorted(all));
        }
    }
}
