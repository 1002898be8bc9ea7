//! One row of columns as an object again, for what looks at few objects closely.

use jiff::Timestamp;

use super::columns::{Column, Columns, ItemTable, PlanColumns, TICK_NANOSECONDS, TextColumn};
use super::object::{AssignedPlan, Object, Value};
use crate::language::attribute::PlanField;

/// The object on a row, with the attributes that have a column. Text is as written where
/// [`Columns::originals`] has it, else in folded form; the manager is not among it.
///
/// `None` for a row that does not exist.
///
/// ```
/// use dyngroup::directory::columns::Columns;
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::directory::row_object::object_of_row;
/// use dyngroup::language::attribute::{Attributes, Subject};
///
/// let city = Attributes::standard().find(Subject::User, "city").unwrap();
/// let ada = Object::new("ada").with("city", Value::Text("Oslo".into()));
/// let columns = Columns::of_objects(std::slice::from_ref(&ada), [&city]);
/// assert_eq!(object_of_row(&columns, 0), Some(ada));
/// assert_eq!(object_of_row(&columns, 1), None);
/// ```
pub fn object_of_row(columns: &Columns, row: usize) -> Option<Object> {
    if row >= columns.rows() {
        return None;
    }
    let mut object = Object::new(columns.ids.value(row));
    for (name, column) in columns.columns.iter().filter(|(name, _)| ***name != *"objectId") {
        object.set(name.clone(), value(columns, name, column, row).unwrap_or_default());
    }
    Some(object)
}

fn value(columns: &Columns, name: &str, column: &Column, row: usize) -> Option<Value> {
    let original = |name: &str| columns.originals.get(name);
    Some(match column {
        Column::Boolean { values, valid } => {
            let is_there = valid.as_ref().is_none_or(|valid| valid.is_valid(row));
            Value::Boolean((row < values.len() && is_there).then(|| values.value(row))?)
        }
        Column::Instant { ticks, valid } => {
            let is_there = valid.as_ref().is_none_or(|valid| valid.is_valid(row));
            let ticks = ticks.get(row).filter(|_| is_there)?;
            Value::Instant(Timestamp::from_nanosecond(i128::from(*ticks) * TICK_NANOSECONDS).ok()?)
        }
        Column::Text(texts) => Value::Text(original(name).unwrap_or(texts).get(row)?.to_owned()),
        Column::Texts(table) => {
            let texts = original(name).unwrap_or(&table.items);
            Value::Texts(items(table, row).filter_map(|item| texts.get(item)).map(str::to_owned).collect())
        }
        Column::Plans(table) => {
            let field = |field: PlanField, item: usize| {
                let texts = original(&format!("{name}.{}", field.word()));
                texts.unwrap_or(PlanColumns::of(&table.items, field)).get(item).map(str::to_owned)
            };
            let plan = |item: usize| AssignedPlan {
                service: field(PlanField::Service, item),
                service_plan_id: field(PlanField::ServicePlanId, item),
                capability_status: field(PlanField::CapabilityStatus, item),
            };
            Value::Plans(items(table, row).map(plan).collect())
        }
    })
}

/// The places of the items on a row.
pub(crate) fn items<T>(table: &ItemTable<T>, row: usize) -> std::ops::Range<usize> {
    let offset = |row: usize| table.offsets.get(row).map_or(0, |&offset| offset as usize);
    offset(row)..offset(row + 1)
}

/// The text of an attribute as a person wrote it, where it is a text and was kept so.
pub fn written<'a>(columns: &'a Columns, name: &str, row: usize) -> Option<&'a str> {
    let texts: Option<&TextColumn> = columns.originals.get(name);
    texts.and_then(|texts| texts.get(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::attribute::{Attributes, Subject};

    #[test]
    fn every_kind_of_value_comes_back() {
        let plan = |service: Option<&str>| AssignedPlan {
            service: service.map(str::to_owned),
            service_plan_id: Some("Plan".to_owned()),
            capability_status: None,
        };
        let ada = Object::new("Ada")
            .with("accountEnabled", Value::Boolean(false))
            .with("employeeHireDate", Value::Instant("2026-01-15T08:00:00Z".parse().unwrap()))
            .with("department", Value::Text("Straße".into()))
            .with("otherMails", Value::Texts(vec!["a@X".into(), "b@y".into()]))
            .with("assignedPlans", Value::Plans(vec![plan(Some("SCO")), plan(None)]));
        let bob = Object::new("bob")
            .with("otherMails", Value::Texts(vec!["c@z".into()]))
            .with("assignedPlans", Value::Plans(Vec::new()));
        let attributes = ["accountEnabled", "employeeHireDate", "department", "otherMails", "assignedPlans"]
            .map(|name| Attributes::standard().find(Subject::User, name).unwrap());
        let objects = [ada, bob];
        let columns = Columns::of_objects(&objects, &attributes);
        for (row, object) in objects.iter().enumerate() {
            assert_eq!(object_of_row(&columns, row).as_ref(), Some(object));
        }
        assert_eq!(written(&columns, "department", 0), Some("Straße"));
        assert_eq!(written(&columns, "department", 1), None);
    }
}
