//! Random users and devices.

use dyngroup::directory::object::{AssignedPlan, Object, Value};
use dyngroup::language::attribute::Subject;
use dyngroup::language::literal;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::literals::{INSTANTS, LITERALS, OFFSETS, instant, names};
use super::now;

/// An object with values near the literals of the rules.
pub(crate) fn object(subject: Subject) -> BoxedStrategy<Object> {
    let names = names(subject);
    let texts = vec(option::weighted(0.8, value()), names.texts.len());
    let booleans = vec(option::of(any::<bool>()), names.booleans.len());
    let dates = vec(option::weighted(0.8, date_value()), names.dates.len());
    let collections = vec(option::of(vec(value(), 0..4)), names.collections.len());
    let plans = option::of(vec(plan(), 0..3));
    let manager = option::of(select(&["M", "m", "N"][..]));
    let values = (id(), texts, booleans, dates, collections, plans, manager);
    values
        .prop_map(move |(id, texts, booleans, dates, collections, plans, manager)| {
            let mut object = Object::new(id);
            set_all(&mut object, names.texts, texts, Value::Text);
            set_all(&mut object, names.booleans, booleans, Value::Boolean);
            set_all(&mut object, names.dates, dates, Value::Instant);
            set_all(&mut object, names.collections, collections, Value::Texts);
            if subject == Subject::User {
                set_all(&mut object, &["assignedPlans"], vec![plans], Value::Plans);
                object.set_manager(manager.map(str::to_owned));
            }
            object
        })
        .boxed()
}

fn set_all<T>(object: &mut Object, names: &[&str], values: Vec<Option<T>>, make: fn(T) -> Value) {
    for (name, value) in names.iter().zip(values) {
        if let Some(value) = value {
            object.set(*name, make(value));
        }
    }
}

/// What values are made of beside the literals.
const AFFIXES: &[&str] = &["", "", "x", " ", "smtp:", "É", "\n", "a"];

fn id() -> BoxedStrategy<String> {
    select(&["M", "sales", "HR", "G1"][..]).prop_map(str::to_owned).boxed()
}

/// A literal in some letter case, now and then with something before or behind it.
fn value() -> BoxedStrategy<String> {
    let literal = select(LITERALS)
        .prop_flat_map(|text| select(vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()]));
    let affixed = (select(AFFIXES), literal.clone(), select(AFFIXES))
        .prop_map(|(before, text, after)| format!("{before}{text}{after}"));
    prop_oneof![2 => literal, 1 => affixed].boxed()
}

fn date_value() -> BoxedStrategy<Timestamp> {
    let around = prop_oneof![
        select(INSTANTS).prop_map(instant),
        select(OFFSETS).prop_map(|offset| now() + literal::duration(offset).expect("a duration")),
        select(OFFSETS).prop_map(|offset| now() - literal::duration(offset).expect("a duration")),
    ];
    (around, -1_i64..=1).prop_map(|(instant, seconds)| instant + SignedDuration::from_secs(seconds)).boxed()
}

fn plan() -> BoxedStrategy<AssignedPlan> {
    let field = || option::weighted(0.8, value());
    (field(), field(), field())
        .prop_map(|(service, service_plan_id, capability_status)| AssignedPlan {
            service,
            service_plan_id,
            capability_status,
        })
        .boxed()
}
