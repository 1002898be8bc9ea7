//! Which service plans rules can tell from others: of all the plans of a tenant, rules ask for a handful.

use std::collections::{BTreeMap, HashSet};

use super::coded::Coded;
use super::overlay::{ASSIGNED_PLANS, plans_table};
use crate::base::fold::{FoldedText, fold};
use crate::directory::columns::Columns;
use crate::language::attribute::PlanField;
use crate::language::typed::{Node, NodeKind, Quantifier, Test, TypedRule};
use crate::licensing::catalog::Catalog;
use crate::licensing::plan_set::{PlanIndex, PlanSet};

/// The services of plans by the id of the plan, all folded.
pub(super) type Services = BTreeMap<String, Service>;

/// What users who have a plan tell of its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// All the same; `None` if it has none.
    One(Option<String>),
    Several,
}

/// The services of all plans that users have.
pub(super) fn services(columns: &Columns) -> Services {
    let mut services = Services::new();
    let Some(table) = plans_table(columns) else { return services };
    let (ids, names) = (Coded::of(&table.items.service_plan_id), Coded::of(&table.items.service));
    let pairs: HashSet<(u32, u32)> = ids.codes().iter().copied().zip(names.codes().iter().copied()).collect();
    for (id, name) in pairs {
        let Some(id) = ids.text(id) else { continue };
        let name = Service::One(names.text(name).map(str::to_owned));
        match services.get_mut(id) {
            Some(known) if *known != name => *known = Service::Several,
            Some(_) => {}
            None => {
                services.insert(id.to_owned(), name);
            }
        }
    }
    services
}

/// The plans of a catalog that some rule can notice, whatever their state.
pub(super) fn noticed<'r>(
    catalog: &Catalog,
    rules: impl Iterator<Item = &'r TypedRule>,
    services: &Services,
) -> PlanSet {
    let rules: Vec<&TypedRule> = rules.collect();
    let is_noticed = |plan: &PlanIndex| {
        let Some(known) = catalog.plan_at(*plan) else { return false };
        let id = fold(&known.id).into_owned();
        // Of a plan that nobody has no service is known, and none is told.
        let service = match services.get(&id) {
            None => Field::Known(None),
            Some(Service::One(service)) => Field::Known(service.as_deref()),
            Some(Service::Several) => Field::Unknown,
        };
        let item = Item { id: &id, service };
        rules.iter().any(|rule| notices(&rule.root, item))
    };
    catalog
        .skus()
        .flat_map(|sku| catalog.plans_of(sku).iter().collect::<Vec<_>>())
        .filter(is_noticed)
        .collect()
}

/// A service plan of a user in some state.
#[derive(Clone, Copy)]
struct Item<'i> {
    id: &'i str,
    service: Field<'i>,
}

#[derive(Clone, Copy)]
enum Field<'i> {
    Known(Option<&'i str>),
    Unknown,
}

/// Whether it matters to a condition if a user has the plan, and in which state.
fn notices(node: &Node, item: Item<'_>) -> bool {
    match &node.kind {
        NodeKind::And(parts) | NodeKind::Or(parts) => parts.iter().any(|part| notices(part, item)),
        NodeKind::Not(part) => notices(part, item),
        NodeKind::Quantified { quantifier, collection, body } if *collection.name == *ASSIGNED_PLANS => {
            // An item about which the body says no never makes `-any` true, and one about which it says yes
            // never makes `-all` false.
            let idle = matches!(quantifier, Quantifier::All);
            says(body, item) != Some(idle)
        }
        NodeKind::Quantified { .. }
        | NodeKind::Attribute { .. }
        | NodeKind::Item { .. }
        | NodeKind::MemberOf { .. }
        | NodeKind::Reports { .. } => false,
    }
}

/// What a body says about a plan in any state; `None` if that depends.
fn says(body: &Node, item: Item<'_>) -> Option<bool> {
    match &body.kind {
        NodeKind::And(parts) => of_parts(parts, item, false),
        NodeKind::Or(parts) => of_parts(parts, item, true),
        NodeKind::Not(part) => says(part, item).map(|said| !said),
        NodeKind::Item { field: Some(PlanField::ServicePlanId), test } => holds(test, Some(item.id)),
        NodeKind::Item { field: Some(PlanField::Service), test } => match item.service {
            Field::Known(service) => holds(test, service),
            Field::Unknown => None,
        },
        _ => None,
    }
}

/// One part that says `decisive` decides; all others have to say the same.
fn of_parts(parts: &[Node], item: Item<'_>, decisive: bool) -> Option<bool> {
    let said: Vec<Option<bool>> = parts.iter().map(|part| says(part, item)).collect();
    if said.contains(&Some(decisive)) {
        Some(decisive)
    } else if said.contains(&None) {
        None
    } else {
        Some(!decisive)
    }
}

/// What a test says of a text; `None` if that is not looked into here.
fn holds(test: &Test, text: Option<&str>) -> Option<bool> {
    let is = |other: &FoldedText| text == Some(other.folded());
    match test {
        Test::IsNull => Some(text.is_none()),
        Test::Equals(other) => Some(is(other)),
        Test::In(others) => Some(others.iter().any(is)),
        _ if text.is_none() => Some(false),
        _ => None,
    }
}
