//! What a condition sees of an object.

use jiff::Timestamp;

use super::world::World;
use crate::directory::object::{AssignedPlan, Object, Value};
use crate::language::attribute::{Attribute, Kind, PlanField};

/// The one value that a test looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar<'value> {
    /// No value, or one that does not have the attribute's type.
    Null,
    Boolean(bool),
    Text(&'value str),
    Instant(Timestamp),
}

impl Scalar<'_> {
    /// The value as explanations print it: instants in RFC 3339, UTC.
    pub(super) fn print(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Boolean(value) => Some(value.to_string()),
            Self::Text(value) => Some(value.to_owned()),
            Self::Instant(value) => Some(value.to_string()),
        }
    }
}

/// One item of a collection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'value> {
    Text(&'value str),
    Plan(&'value AssignedPlan),
}

impl<'value> Item<'value> {
    /// A field of a plan, or the whole of a string item.
    pub(super) fn read(self, field: Option<PlanField>) -> Scalar<'value> {
        let text = match (self, field) {
            (Self::Text(text), None) => Some(text),
            (Self::Plan(plan), Some(field)) => plan_field(plan, field),
            _ => None,
        };
        text.map_or(Scalar::Null, Scalar::Text)
    }

    /// The item as explanations print it: a plan as `service/servicePlanId/capabilityStatus`, what it
    /// does not have left out between the slashes.
    pub(super) fn print(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Plan(plan) => [&plan.service, &plan.service_plan_id, &plan.capability_status]
                .map(|field| field.as_deref().unwrap_or_default())
                .join("/"),
        }
    }
}

fn plan_field(plan: &AssignedPlan, field: PlanField) -> Option<&str> {
    match field {
        PlanField::CapabilityStatus => plan.capability_status.as_deref(),
        PlanField::Service => plan.service.as_deref(),
        PlanField::ServicePlanId => plan.service_plan_id.as_deref(),
    }
}

/// Where a condition is evaluated: an object, the world, and an item inside a quantifier's body.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) object: &'a Object,
    pub(super) world: &'a World<'a>,
    /// The collection and the item that the body looks at.
    pub(super) item: Option<(&'a Attribute, Item<'a>)>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(object: &'a Object, world: &'a World<'a>) -> Self {
        Self { object, world, item: None }
    }

    /// The scope of a quantifier's body.
    pub(super) fn at(self, collection: &'a Attribute, item: Item<'a>) -> Self {
        Self { item: Some((collection, item)), ..self }
    }

    /// The value of an attribute that is not a collection.
    pub(super) fn value(self, attribute: &Attribute) -> Scalar<'a> {
        if attribute.retired {
            return Scalar::Null;
        }
        match (attribute.kind, self.object.get(&attribute.name)) {
            (Kind::Boolean, Value::Boolean(value)) => Scalar::Boolean(*value),
            (Kind::Text, Value::Text(value)) => Scalar::Text(value),
            (Kind::Date, Value::Instant(value)) => Scalar::Instant(*value),
            _ => Scalar::Null,
        }
    }

    /// The items of a collection; a missing one has none.
    pub(super) fn items(self, collection: &Attribute) -> Vec<Item<'a>> {
        if collection.retired {
            return Vec::new();
        }
        match (collection.kind, self.object.get(&collection.name)) {
            (Kind::Texts, Value::Texts(texts)) => texts.iter().map(|text| Item::Text(text)).collect(),
            (Kind::Plans, Value::Plans(plans)) => plans.iter().map(Item::Plan).collect(),
            _ => Vec::new(),
        }
    }
}
