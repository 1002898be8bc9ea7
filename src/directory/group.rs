//! Groups: their membership rules and the licenses that they hand to their members.

use std::sync::LazyLock;

use super::error::DataErrors;
use super::read::{IdOf, read_rows_checked};
use super::row::Row;
use super::shape::{FieldKind, REMOVED, Shape};
use super::source::Source;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The object id.
    pub id: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// `DynamicMembership`, `Unified`, …; `None` where the file does not say.
    pub group_types: Option<Vec<String>>,
    /// Whether it can give access and licenses; true where the file does not say.
    pub security_enabled: bool,
    /// Whether it has a mail address; false where the file does not say.
    pub mail_enabled: bool,
    /// The membership rule as written.
    pub membership_rule: Option<String>,
    /// Whether the rule is applied; `None` where the file does not say. Rules are applied then.
    pub processing_state: Option<ProcessingState>,
    /// The licenses that members get.
    pub assigned_licenses: Vec<AssignedLicense>,
    /// Whether directory roles can be assigned to it.
    pub is_assignable_to_role: bool,
    /// The line of the file on which it begins, from 1.
    pub line: usize,
}

/// Whether the service applies a group's membership rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProcessingState {
    /// Members follow the rule.
    #[default]
    On,
    /// Members stay as they are.
    Paused,
}

/// One license that a group hands to its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedLicense {
    /// The product's GUID.
    pub sku_id: String,
    /// The GUIDs of the service plans that are left out.
    pub disabled_plans: Vec<String>,
}

impl Group {
    /// An assigned group of which no more is known.
    pub fn named(id: String, display_name: Option<String>) -> Self {
        Self {
            id,
            display_name,
            group_types: None,
            security_enabled: true,
            mail_enabled: false,
            membership_rule: None,
            processing_state: None,
            assigned_licenses: Vec::new(),
            is_assignable_to_role: false,
            line: 0,
        }
    }

    /// Whether a rule decides who is a member. `groupTypes` says so; where the file leaves it out, a
    /// membership rule does.
    pub fn is_dynamic(&self) -> bool {
        match &self.group_types {
            Some(types) => types.iter().any(|name| name.eq_ignore_ascii_case("DynamicMembership")),
            None => self.membership_rule.is_some(),
        }
    }

    /// Whether it is a Microsoft 365 group, which holds users only.
    pub fn is_unified(&self) -> bool {
        self.group_types.iter().flatten().any(|name| name.eq_ignore_ascii_case("Unified"))
    }
}

/// Reads groups in the order of the file. Groups that `@removed` marks as deleted are left out.
///
/// # Errors
///
/// If the text is not what its format says, holds a value of the wrong type, a group without id, a
/// license without `skuId`, a group with two licenses of one product, or two groups with one id.
pub fn read_groups(source: &Source<'_>) -> Result<Vec<Group>, DataErrors> {
    let id: IdOf<(Group, bool)> = |(group, _)| &group.id;
    let groups =
        read_rows_checked(source, &GROUP, Some(("id", id)), &group, |(group, _)| license_twice(group))?;
    Ok(groups.into_iter().filter(|(_, removed)| !removed).map(|(group, _)| group).collect())
}

static GROUP: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("id", FieldKind::Text),
        ("displayName", FieldKind::Text),
        ("groupTypes", FieldKind::Texts),
        ("securityEnabled", FieldKind::Boolean),
        ("mailEnabled", FieldKind::Boolean),
        ("membershipRule", FieldKind::Text),
        ("membershipRuleProcessingState", FieldKind::Checked(check_state)),
        ("assignedLicenses", FieldKind::Rows(&LICENSE)),
        ("isAssignableToRole", FieldKind::Boolean),
        (REMOVED, FieldKind::Mark),
    ])
    .require(["id"])
});

/// Two licenses of one product: nobody could say which one counts.
fn license_twice(group: &Group) -> Option<(String, String)> {
    let ids: Vec<String> =
        group.assigned_licenses.iter().map(|license| license.sku_id.to_ascii_lowercase()).collect();
    let at = (1..ids.len()).find(|at| ids.iter().take(*at).any(|before| Some(before) == ids.get(*at)))?;
    let sku_id = &group.assigned_licenses.get(at)?.sku_id;
    let field = format!("assignedLicenses[{at}].skuId");
    Some((
        field,
        format!("`{sku_id}` is a product of group `{}` twice: put its plans into one license", group.id),
    ))
}

static LICENSE: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([("skuId", FieldKind::Text), ("disabledPlans", FieldKind::Texts)]).require(["skuId"])
});

const PAUSED: &str = "Paused";

fn check_state(text: &str) -> Result<(), &'static str> {
    let known = ["On", PAUSED].iter().any(|word| word.eq_ignore_ascii_case(text));
    if known { Ok(()) } else { Err("\"On\", \"Paused\" or null") }
}

/// The group of a row, and whether it is deleted.
fn group(mut row: Row, line: usize) -> (Group, bool) {
    let state = row.text("membershipRuleProcessingState");
    let state = state.map(|state| {
        if state.eq_ignore_ascii_case(PAUSED) { ProcessingState::Paused } else { ProcessingState::On }
    });
    let group = Group {
        id: row.required_text("id"),
        display_name: row.text("displayName"),
        group_types: row.texts("groupTypes"),
        security_enabled: row.boolean("securityEnabled").unwrap_or(true),
        mail_enabled: row.boolean("mailEnabled").unwrap_or(false),
        membership_rule: row.text("membershipRule"),
        processing_state: state,
        assigned_licenses: row.rows("assignedLicenses").into_iter().map(license).collect(),
        is_assignable_to_role: row.boolean("isAssignableToRole").unwrap_or(false),
        line,
    };
    (group, row.boolean(REMOVED).unwrap_or(false))
}

fn license(mut row: Row) -> AssignedLicense {
    AssignedLicense {
        sku_id: row.required_text("skuId"),
        disabled_plans: row.texts("disabledPlans").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::source::Format;

    fn read(text: &str, format: Format) -> Result<Vec<Group>, String> {
        let source = Source::of_text("groups", text, format).unwrap();
        read_groups(&source).map_err(|errors| errors.to_string())
    }

    const GRAPH: &str = r#"{"value": [
        {"id": "g1", "displayName": "Sales", "groupTypes": ["DynamicMembership", "Unified"],
         "securityEnabled": false, "mailEnabled": true, "membershipRule": "user.city -eq \"Oslo\"",
         "membershipRuleProcessingState": "Paused", "isAssignableToRole": null,
         "assignedLicenses": [{"skuId": "s1", "disabledPlans": ["p1", "p2"]}], "createdDateTime": 5},
        {"id": "g2", "@removed": {"reason": "deleted"}},
        {"id": "g3"}
    ]}"#;

    #[test]
    fn a_graph_group_and_the_defaults() {
        let groups = read(GRAPH, Format::Json).unwrap();
        let [sales, plain] = groups.as_slice() else { panic!("two groups") };
        assert_eq!(
            *sales,
            Group {
                id: "g1".into(),
                display_name: Some("Sales".into()),
                group_types: Some(vec!["DynamicMembership".into(), "Unified".into()]),
                security_enabled: false,
                mail_enabled: true,
                membership_rule: Some("user.city -eq \"Oslo\"".into()),
                processing_state: Some(ProcessingState::Paused),
                assigned_licenses: vec![AssignedLicense {
                    sku_id: "s1".into(),
                    disabled_plans: vec!["p1".into(), "p2".into()]
                }],
                is_assignable_to_role: false,
                line: 2,
            }
        );
        assert!(plain.security_enabled && !plain.mail_enabled && !plain.is_dynamic());
        assert_eq!((plain.processing_state, plain.line), (None, 7));
    }

    #[test]
    fn the_same_group_as_csv() {
        let csv = "ID,DisplayName,groupTypes,securityEnabled,mailEnabled,membershipRule,\
                   membershipRuleProcessingState,assignedLicenses\n\
                   g1,Sales,DynamicMembership;Unified,False,True,\"user.city -eq \"\"Oslo\"\"\",paused,\
                   \"[{\"\"skuId\"\":\"\"s1\"\",\"\"disabledPlans\"\":[\"\"p1\"\",\"\"p2\"\"]}]\"\n";
        let json = read(GRAPH, Format::Json).unwrap();
        assert_eq!(read(csv, Format::Csv).unwrap().first(), json.first());
    }

    #[test]
    fn the_type_decides_and_where_it_is_missing_the_rule() {
        let text = "{\"id\":\"a\",\"groupTypes\":[],\"membershipRule\":\"x\"}\n\
                    {\"id\":\"b\",\"membershipRule\":\"x\"}\n{\"id\":\"c\",\"groupTypes\":null}\n\
                    {\"id\":\"d\",\"groupTypes\":[\"dynamicmembership\"]}\n";
        let dynamic: Vec<_> =
            read(text, Format::Ndjson).unwrap().into_iter().filter(Group::is_dynamic).map(|g| g.id).collect();
        assert_eq!(dynamic, ["b", "d"]);
    }

    #[test]
    fn a_product_is_in_a_template_once() {
        let text = "{\"id\":\"a\",\"assignedLicenses\":[{\"skuId\":\"s\"},{\"skuId\":\"t\"},{\"skuId\":\"S\"}]}\n\
                    {\"id\":\"b\",\"assignedLicenses\":[{\"skuId\":\"s\"}]}\n";
        insta::assert_snapshot!(read(text, Format::Ndjson).unwrap_err(), @"groups:1:1: field assignedLicenses[2].skuId: `S` is a product of group `a` twice: put its plans into one license");
    }

    #[test]
    fn faults_name_the_field_inside() {
        let text = "{\"id\":\"a\",\"membershipRuleProcessingState\":\"Off\"}\n\
                    {\"id\":\"b\",\"assignedLicenses\":[{\"skuId\":\"s\"},{\"disabledPlans\":[1]}]}\n\
                    {\"displayName\":\"c\"}\n{\"id\":\"A\"}\n{\"id\":\"a\"}\n";
        insta::assert_snapshot!(read(text, Format::Ndjson).unwrap_err(), @r#"
            groups:1:43: field membershipRuleProcessingState: expected "On", "Paused" or null, found "Off"
            groups:2:45: field assignedLicenses[1].skuId: a value is missing
            groups:2:63: field assignedLicenses[1].disabledPlans[0]: expected a string, found the number 1
            groups:3:1: field id: a value is missing
            groups:5:1: field id: `a` is taken by the object at line 4, column 1
            "#);
        let csv = "id,assignedLicenses\na,\"[{\"\"disabledPlans\"\":[1]}]\"\nb,{}\nc,[{\n";
        insta::assert_snapshot!(read(csv, Format::Csv).unwrap_err(), @r#"
            groups:2:3: field assignedLicenses[0].disabledPlans[0]: expected a string, found the number 1
            groups:2:3: field assignedLicenses[0].skuId: a value is missing
            groups:3:3: field assignedLicenses: expected a list of objects or null, found an object
            groups:4:3: field assignedLicenses: expected JSON, found "[{"
            "#);
    }
}
