//! The service plans of users as rules see them: those of the files, with what the licenses of groups give and
//! take.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::People;
use super::coded::Coded;
use super::noticed::{Service, Services};
use crate::base::fold::fold;
use crate::directory::columns::{Column, Columns, ItemTable, NULL_CODE, PlanColumns, TextColumn};
use crate::directory::user_licenses::UserLicense;
use crate::language::attribute::{PlanField, Subject};
use crate::licensing::catalog::Catalog;
use crate::licensing::intent::UserIndex;
use crate::licensing::outcome::{AssignmentState, Outcome};
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::tenant::Tenant;
use crate::membership::roster::{Ordinal, Roster};

/// The attribute that holds the plans of a user.
pub(super) const ASSIGNED_PLANS: &str = "assignedPlans";

/// The state of plans that licenses give.
const ENABLED: &str = "Enabled";

/// The state of plans that licenses took away. Data stays for a while: the service suspends plans before it deletes
/// them.
const SUSPENDED: &str = "Suspended";

/// What the plans of users are, beside what their file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Overlay {
    /// Each shift once, in the order of the first users.
    shifts: Vec<Shift>,
    /// Users with the places of their shifts, by user.
    users: Vec<(Ordinal, u32)>,
}

/// Plans that came and plans that went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Shift {
    on: PlanSet,
    off: PlanSet,
}

/// The plans of all users, one after the other.
pub(super) fn plans_table(columns: &Columns) -> Option<&ItemTable<PlanColumns>> {
    match columns.columns.get(ASSIGNED_PLANS) {
        Some(Column::Plans(table)) => Some(table),
        _ => None,
    }
}

impl Overlay {
    /// What the licenses of a tenant give or take of the plans in `noticed`, against those that users are told to
    /// hold. `users` are those who exist.
    pub(super) fn of(tenant: &Tenant, filed: &People, users: &RoaringBitmap, noticed: &PlanSet) -> Self {
        let mut overlay = Self::default();
        if noticed.is_empty() {
            return overlay;
        }
        let catalog = tenant.catalog();
        let by_file: Vec<PlanSet> =
            filed.licenses().map(|licenses| plans_of_file(catalog, licenses).intersection(noticed)).collect();
        let (nothing, mut by_outcome) = (PlanSet::default(), HashMap::<*const Outcome, PlanSet>::new());
        let mut numbers: HashMap<Shift, u32> = HashMap::new();
        for user in users {
            let before = filed.place_of(user).and_then(|place| by_file.get(place)).unwrap_or(&nothing);
            let now = match tenant.outcome(UserIndex(user)) {
                None => &nothing,
                // Users who have the same share it.
                Some(outcome) => by_outcome
                    .entry(std::ptr::from_ref(outcome))
                    .or_insert_with(|| outcome.enabled(catalog).intersection(noticed)),
            };
            if now == before {
                continue;
            }
            let shift = Shift { on: now.minus(before), off: before.minus(now) };
            let number = *numbers.entry(shift).or_insert_with_key(|shift| {
                overlay.shifts.push(shift.clone());
                u32::try_from(overlay.shifts.len() - 1).unwrap_or(u32::MAX)
            });
            overlay.users.push((user, number));
        }
        overlay
    }

    /// Whether plans are as the file says.
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Users whose plans differ between two of them.
    pub(super) fn differing(&self, other: &Self) -> RoaringBitmap {
        let shifts = |overlay: &Self| -> HashMap<Ordinal, Shift> {
            overlay.each().map(|(user, shift)| (user, shift.clone())).collect()
        };
        let (one, two) = (shifts(self), shifts(other));
        let users = one.keys().chain(two.keys()).copied();
        users.filter(|user| one.get(user) != two.get(user)).collect()
    }

    fn each(&self) -> impl Iterator<Item = (Ordinal, &Shift)> {
        self.users.iter().filter_map(|(user, place)| Some((*user, self.shifts.get(*place as usize)?)))
    }

    /// The users with their plans as they are now. `services` are those of the plans in `columns`.
    pub(super) fn over(
        &self,
        columns: &Columns,
        roster: &Roster,
        catalog: &Catalog,
        services: &Services,
    ) -> Columns {
        let mut of_rows: Vec<Option<&Shift>> = vec![None; columns.rows()];
        for (user, shift) in self.each() {
            let row = roster.row_of(Subject::User, user).and_then(|row| of_rows.get_mut(row as usize));
            if let Some(place) = row {
                *place = Some(shift);
            }
        }
        let mut fields = Field::all(columns);
        let (mut offsets, mut end) = (vec![0], 0);
        let known = plans_table(columns);
        let plans = known.map(|table| plans_of_items(catalog, table)).unwrap_or_default();
        for (row, shift) in of_rows.into_iter().enumerate() {
            let bound =
                |at: usize| known.and_then(|table| table.offsets.get(at)).map_or(0, |at| *at as usize);
            let mut found = PlanSet::default();
            for item in bound(row)..bound(row + 1) {
                let mut state = None;
                if let (Some(shift), Some(plan)) = (shift, plans.get(item).copied().flatten()) {
                    state = shift.state_of(plan);
                    found.insert(plan);
                }
                for field in &mut fields {
                    field.keep(item, state);
                }
                end += 1;
            }
            for plan in shift.map(|shift| shift.on.minus(&found)).unwrap_or_default().iter() {
                for field in &mut fields {
                    field.add(catalog, plan, services);
                }
                end += 1;
            }
            offsets.push(end);
        }
        let mut over = columns.clone();
        let mut folded = HashMap::new();
        for field in fields {
            let (is_folded, name, column) = (field.is_folded, field.of, field.finish());
            if is_folded {
                folded.insert(name.word(), column);
            } else {
                over.originals.insert(original_name(name).into(), column);
            }
        }
        let mut column = |field: PlanField| folded.remove(field.word()).unwrap_or_else(|| TextColumn::of([]));
        let items = PlanColumns {
            service: column(PlanField::Service),
            service_plan_id: column(PlanField::ServicePlanId),
            capability_status: column(PlanField::CapabilityStatus),
        };
        let table = ItemTable { offsets: offsets.into(), items };
        over.columns.insert(ASSIGNED_PLANS.into(), Column::Plans(table));
        over
    }
}

impl Shift {
    fn state_of(&self, plan: PlanIndex) -> Option<&'static str> {
        if self.on.contains(plan) {
            Some(ENABLED)
        } else if self.off.contains(plan) {
            Some(SUSPENDED)
        } else {
            None
        }
    }
}

/// A field of plans, folded or as written, that is being made from another one.
struct Field<'c> {
    of: PlanField,
    is_folded: bool,
    old: Coded<'c>,
    new: Vec<u32>,
    /// Values behind the old ones, and the codes of all.
    more: Vec<String>,
    codes: HashMap<String, u32>,
}

impl<'c> Field<'c> {
    fn all(columns: &'c Columns) -> Vec<Self> {
        let none = || Coded::of_attribute(None);
        let table = plans_table(columns);
        let mut fields = Vec::new();
        for field in PlanField::ALL {
            let folded = table.map_or_else(none, |table| Coded::of(table.items.of(field)));
            fields.push(Self::of(field, true, folded));
            if let Some(original) = columns.originals.get(&*original_name(field)) {
                fields.push(Self::of(field, false, Coded::of(original)));
            }
        }
        fields
    }

    fn of(field: PlanField, is_folded: bool, old: Coded<'c>) -> Self {
        let codes = old.values().iter().zip(NULL_CODE + 1..).map(|(text, code)| ((*text).to_owned(), code));
        let codes = codes.collect();
        Self {
            of: field,
            is_folded,
            new: Vec::with_capacity(old.codes().len()),
            more: Vec::new(),
            codes,
            old,
        }
    }

    /// Keeps an item, in another state if there is one.
    fn keep(&mut self, item: usize, state: Option<&str>) {
        let code = match state {
            Some(state) if self.of == PlanField::CapabilityStatus => self.code(state),
            _ => self.old.code(item),
        };
        self.new.push(code);
    }

    /// Adds a plan that a user did not have.
    fn add(&mut self, catalog: &Catalog, plan: PlanIndex, services: &Services) {
        let id = catalog.plan_at(plan).map(|plan| plan.id.as_str()).unwrap_or_default();
        let code = match self.of {
            PlanField::CapabilityStatus => self.code(ENABLED),
            PlanField::ServicePlanId => self.code(id),
            PlanField::Service => match services.get(&*fold(id)) {
                Some(Service::One(Some(service))) => self.code(service),
                _ => NULL_CODE,
            },
        };
        self.new.push(code);
    }

    fn code(&mut self, text: &str) -> u32 {
        let text = if self.is_folded { fold(text) } else { text.into() };
        if let Some(code) = self.codes.get(&*text) {
            return *code;
        }
        let code = u32::try_from(self.codes.len()).map_or(NULL_CODE, |count| count + NULL_CODE + 1);
        self.more.push(text.clone().into_owned());
        self.codes.insert(text.into_owned(), code);
        code
    }

    fn finish(self) -> TextColumn {
        let values = self.old.values().iter().copied().chain(self.more.iter().map(String::as_str));
        let values = arrow_array::StringArray::from_iter_values(values);
        TextColumn::Dictionary { codes: self.new.into(), values }.in_best_form()
    }
}

/// Under which name a field is kept as it was written.
fn original_name(field: PlanField) -> String {
    format!("{ASSIGNED_PLANS}.{}", field.word())
}

/// The plans of items, of those that the catalog has.
fn plans_of_items(catalog: &Catalog, table: &ItemTable<PlanColumns>) -> Vec<Option<PlanIndex>> {
    let ids = Coded::of(&table.items.service_plan_id);
    let plans: Vec<Option<PlanIndex>> = ids.values().iter().map(|id| catalog.find_plan(id)).collect();
    let plan = |code: &u32| plans.get(code.checked_sub(NULL_CODE + 1)? as usize).copied().flatten();
    ids.codes().iter().map(plan).collect()
}

/// What licenses give that a user is told to hold.
fn plans_of_file(catalog: &Catalog, licenses: &[UserLicense]) -> PlanSet {
    let mut plans = PlanSet::default();
    let holds = |license: &&UserLicense| super::import::state_of(license) != AssignmentState::Error;
    for license in licenses.iter().filter(holds) {
        let Some(sku) = catalog.find_sku(&license.sku_id) else { continue };
        let disabled: PlanSet =
            license.disabled_plans.iter().filter_map(|id| catalog.find_plan(id)).collect();
        plans.extend_with(&catalog.plans_of(sku).minus(&disabled));
    }
    plans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::object::{AssignedPlan, Object, Value};
    use crate::directory::row_object::object_of_row;
    use crate::language::attribute::Attributes;
    use crate::licensing::policy::LicensingPolicy;
    use crate::membership::roster::RowIds;

    const IDS: [&str; 4] = ["p0", "p1", "p2", "p3"];

    fn plan(id: &str, status: &str) -> AssignedPlan {
        AssignedPlan {
            service: (id == "p1").then(|| "SCO".to_owned()),
            service_plan_id: Some(id.to_owned()),
            capability_status: Some(status.to_owned()),
        }
    }

    /// Plan by plan, as it is meant.
    fn expected(mut plans: Vec<AssignedPlan>, on: &[usize], off: &[usize]) -> Vec<AssignedPlan> {
        let is = |plan: &AssignedPlan, at: usize| plan.service_plan_id.as_deref() == Some(IDS[at]);
        for at in on {
            for own in plans.iter_mut().filter(|own| is(own, *at)) {
                own.capability_status = Some(ENABLED.to_owned());
            }
        }
        for at in off {
            for own in plans.iter_mut().filter(|own| is(own, *at)) {
                own.capability_status = Some(SUSPENDED.to_owned());
            }
        }
        let new: Vec<AssignedPlan> = on
            .iter()
            .filter(|at| !plans.iter().any(|own| is(own, **at)))
            .map(|at| plan(IDS[*at], ENABLED))
            .collect();
        plans.extend(new);
        plans
    }

    proptest! {
        #[test]
        fn plans_are_laid_over_those_of_the_files(
            users in prop::collection::vec(
                (
                    prop::collection::vec((0..IDS.len(), prop::sample::select(vec!["Enabled", "Deleted"])), 0..4),
                    prop::option::of(prop::collection::vec(prop::option::of(any::<bool>()), IDS.len())),
                ),
                1..8,
            ),
        ) {
            let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
            let plans: Vec<PlanIndex> = IDS.iter().map(|id| tenant.plan(id, None)).collect();
            let objects: Vec<Object> = users
                .iter()
                .enumerate()
                .map(|(at, (held, _))| {
                    let held = held.iter().map(|(at, status)| plan(IDS[*at], status)).collect();
                    Object::new(format!("user-{at}")).with(ASSIGNED_PLANS, Value::Plans(held))
                })
                .collect();
            let attribute = Attributes::standard().find(Subject::User, ASSIGNED_PLANS).unwrap();
            let columns = Columns::of_objects(&objects, [&attribute]);
            let roster = Roster::new(RowIds::of(objects.iter().map(Object::id)), RowIds::of([])).unwrap();
            let mut overlay = Overlay::default();
            let mut told: Vec<Vec<AssignedPlan>> = Vec::new();
            for (row, (held, turns)) in users.iter().enumerate() {
                let pick = |on: bool| -> Vec<usize> {
                    let turns = turns.iter().flatten().enumerate();
                    turns.filter(|(_, turn)| **turn == Some(on)).map(|(at, _)| at).collect()
                };
                let (on, off) = (pick(true), pick(false));
                let set = |places: &[usize]| places.iter().map(|at| plans[*at]).collect();
                if turns.is_some() {
                    let user = roster.ordinal_of_row(Subject::User, u32::try_from(row).unwrap()).unwrap();
                    overlay.users.push((user, u32::try_from(overlay.shifts.len()).unwrap()));
                    overlay.shifts.push(Shift { on: set(&on), off: set(&off) });
                }
                let held = held.iter().map(|(at, status)| plan(IDS[*at], status)).collect();
                told.push(expected(held, &on, &off));
            }
            let services = Services::from([("P1".to_owned(), Service::One(Some("SCO".to_owned())))]);
            let over = overlay.over(&columns, &roster, tenant.catalog(), &services);
            for (row, expected) in told.into_iter().enumerate() {
                let object = object_of_row(&over, row).unwrap();
                let none = Vec::new();
                let found = match object.get(ASSIGNED_PLANS) {
                    Value::Plans(found) => found,
                    _ => &none,
                };
                let key = |plan: &AssignedPlan| {
                    let fold = |text: &Option<String>| text.as_deref().map(|text| fold(text).into_owned());
                    (fold(&plan.service_plan_id), fold(&plan.capability_status), fold(&plan.service))
                };
                let keys = |plans: &[AssignedPlan]| plans.iter().map(key).collect::<Vec<_>>();
                prop_assert_eq!(keys(found), keys(&expected));
            }
        }
    }
}
