//! When the clock alone can change what a rule selects.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_buffer::ScalarBuffer;
use jiff::{SignedDuration, Timestamp};

use crate::directory::columns::{Column, Columns, TICK_NANOSECONDS};
use crate::language::typed::{NodeKind, Test, TimePoint, TypedRule};

/// Looks the next such moment up for many rules over the same objects.
///
/// ```
/// use dyngroup::directory::columns::Columns;
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::language::compile::{Options, compile};
/// use dyngroup::membership::clock::Clock;
///
/// let rule = "user.employeeHireDate -ge system.now -minus p30d";
/// let rule = compile(rule, Options::default()).rule.unwrap();
/// let hired = "2026-01-01T00:00:00Z".parse().unwrap();
/// let user = Object::new("ada").with("employeeHireDate", Value::Instant(hired));
/// let users = Columns::of_objects(&[user], &rule.attributes_read());
/// let mut clock = Clock::new(&users, "2026-01-15T00:00:00Z".parse().unwrap());
/// assert_eq!(clock.next_change(&rule).unwrap().to_string(), "2026-01-31T00:00:00Z");
/// ```
#[derive(Debug)]
pub struct Clock<'a> {
    columns: &'a Columns,
    now: Timestamp,
    known: HashMap<(Arc<str>, SignedDuration), Option<Timestamp>>,
}

impl<'a> Clock<'a> {
    /// Over `columns`, as the clock shows `now`.
    pub fn new(columns: &'a Columns, now: Timestamp) -> Self {
        Self { columns, now, known: HashMap::new() }
    }

    /// The first moment from `now` on at which the rule may begin to select other objects. Before it, it
    /// selects the same; `None` if it always does as long as the objects stay as they are.
    pub fn next_change(&mut self, rule: &TypedRule) -> Option<Timestamp> {
        let mut asked = Vec::new();
        rule.root.walk(&mut |node| {
            if let NodeKind::Attribute { attribute, test: Test::Compare { to: TimePoint::Now(offset), .. } } =
                &node.kind
            {
                asked.push((Arc::clone(&attribute.name), *offset));
            }
        });
        asked.into_iter().filter_map(|asked| self.next(asked)).min()
    }

    fn next(&mut self, (name, offset): (Arc<str>, SignedDuration)) -> Option<Timestamp> {
        if let Some(known) = self.known.get(&(Arc::clone(&name), offset)) {
            return *known;
        }
        let found = match self.columns.columns.get(&name) {
            Some(Column::Instant { ticks, valid }) => {
                let is_valid = |row| valid.as_ref().is_none_or(|valid| valid.is_valid(row));
                first_from(ticks, is_valid, self.now, offset)
            }
            _ => None,
        };
        self.known.insert((name, offset), found);
        found
    }
}

/// The first moment from `now` on at which the clock with `offset` reaches one of the values.
fn first_from(
    ticks: &ScalarBuffer<i64>,
    is_valid: impl Fn(usize) -> bool,
    now: Timestamp,
    offset: SignedDuration,
) -> Option<Timestamp> {
    let reached =
        i64::try_from((now.as_nanosecond() + offset.as_nanos()).div_euclid(TICK_NANOSECONDS)).ok()?;
    let later = ticks.iter().enumerate().filter(|&(row, &tick)| tick >= reached && is_valid(row));
    let first = later.map(|(_, &tick)| tick).min()?;
    let moment = i128::from(first) * TICK_NANOSECONDS - offset.as_nanos();
    // The value that is reached right now counts from now on.
    Timestamp::from_nanosecond(moment).ok().map(|moment| moment.max(now))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::object::{Object, Value};
    use crate::engine::oracle::evaluate;
    use crate::engine::world::{NoRelations, World};
    use crate::language::compile::{Options, compile};

    fn rule(text: &str) -> TypedRule {
        compile(text, Options::default()).rule.unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_750_000_000 + seconds).unwrap()
    }

    fn users(hired: &[Option<i64>]) -> Vec<Object> {
        let value = |hired: &Option<i64>| hired.map_or(Value::Null, |seconds| Value::Instant(at(seconds)));
        let user = |(number, hired)| Object::new(format!("u{number}")).with("employeeHireDate", value(hired));
        hired.iter().enumerate().map(user).collect()
    }

    fn selected(rule: &TypedRule, users: &[Object], now: Timestamp) -> Vec<bool> {
        let world = World { now, version_order: None, relations: &NoRelations };
        users.iter().map(|user| evaluate(rule, user, &world).unwrap()).collect()
    }

    #[test]
    fn rules_without_a_clock_never_change_by_it() {
        let rule = rule("user.employeeHireDate -ge 2026-01-01T00:00:00Z");
        let users = users(&[Some(5)]);
        let columns = Columns::of_objects(&users, &rule.attributes_read());
        assert_eq!(Clock::new(&columns, at(0)).next_change(&rule), None);
    }

    proptest! {
        #[test]
        fn nothing_changes_before_the_next_change_and_no_change_is_missed(
            hired in prop::collection::vec(prop::option::of(-100_000_i64..100_000), 0..6),
            which in 0_usize..4,
            later in 0_i64..300_000,
        ) {
            let rule = rule([
                "user.employeeHireDate -ge system.now",
                "user.employeeHireDate -le system.now -plus p1d",
                "user.employeeHireDate -ge system.now -minus p1d -and user.employeeHireDate -le system.now -plus p2d",
                "-not (user.employeeHireDate -le system.now)",
            ][which]);
            let users = users(&hired);
            let columns = Columns::of_objects(&users, &rule.attributes_read());
            let (now, then) = (at(0), at(later));
            match Clock::new(&columns, now).next_change(&rule) {
                Some(next) if next <= then => prop_assert!(next >= now),
                _ => prop_assert_eq!(selected(&rule, &users, now), selected(&rule, &users, then)),
            }
        }
    }
}
