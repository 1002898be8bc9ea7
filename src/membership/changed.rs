//! Rules over changed objects only.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::evaluation::compiled;
use super::recompute::Settings;
use super::roster::Ordinal;
use crate::directory::object::Object;
use crate::engine::single::{Change, SingleMachine};
use crate::engine::world::NoRelations;
use crate::language::typed::TypedRule;

/// A user or device before and after a change.
#[derive(Clone, Debug)]
pub struct ChangedObject {
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// As it was; `None` if it is new.
    pub before: Option<Object>,
    /// As it is; `None` if it was deleted.
    pub after: Option<Object>,
}

/// The members that a rule has after objects have changed, `None` if they are the same; or why it has no
/// result.
pub type MembersAfter = Result<Option<RoaringBitmap>, String>;

/// The members of rules after some objects have changed, in the order of the rules. Each rule comes with the
/// members that it had, which have to be those that it gave for the objects before.
///
/// Only rules that read something which came or went are looked at, object by object. No rule may ask for
/// other objects (`memberOf`, managers), and the clock must not have reached a moment at which one
/// [changes](super::clock::Clock).
///
/// ```
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::language::compile::{Options, compile};
/// use dyngroup::membership::changed::{ChangedObject, members_after};
/// use dyngroup::membership::recompute::Settings;
///
/// let rule = compile("user.city -eq \"Oslo\"", Options::default()).rule.unwrap();
/// let [rome, oslo] = ["Rome", "Oslo"].map(|city| Object::new("ada").with("city", Value::Text(city.into())));
/// let change = ChangedObject { ordinal: 7, before: Some(rome), after: Some(oslo) };
/// let settings = Settings { now: jiff::Timestamp::UNIX_EPOCH, version_order: None };
/// let members = members_after(&[(&rule, &[1, 2].into_iter().collect())], &[change], settings);
/// assert_eq!(members[0].clone().unwrap().unwrap().iter().collect::<Vec<_>>(), [1, 2, 7]);
/// ```
pub fn members_after(
    rules: &[(&TypedRule, &RoaringBitmap)],
    changed: &[ChangedObject],
    settings: Settings,
) -> Vec<MembersAfter> {
    if rules.is_empty() {
        return Vec::new();
    }
    let typed: Vec<&TypedRule> = rules.iter().map(|(rule, _)| *rule).collect();
    let program = match compiled(&typed) {
        Ok(program) => program,
        Err(why) if rules.len() < 2 => return rules.iter().map(|_| Err(why.clone())).collect(),
        Err(_) => {
            let (first, second) = rules.split_at(rules.len() / 2);
            let mut members = members_after(first, changed, settings);
            members.extend(members_after(second, changed, settings));
            return members;
        }
    };
    let machine = SingleMachine::new(&program, settings.now, settings.version_order);
    let changes: Vec<Vec<(Ordinal, Change)>> = changed
        .par_chunks(CHUNK_OBJECTS)
        .map_init(
            || machine.clone(),
            |machine, objects| {
                let change = |object: &ChangedObject| {
                    let ChangedObject { ordinal, before, after } = object;
                    (*ordinal, machine.evaluate_change(before.as_ref(), after.as_ref(), &NoRelations))
                };
                objects.iter().map(change).collect()
            },
        )
        .collect();
    collected(rules, changes.into_iter().flatten())
}

/// Objects that a thread takes at a time.
const CHUNK_OBJECTS: usize = 64;

fn collected(
    rules: &[(&TypedRule, &RoaringBitmap)],
    changes: impl Iterator<Item = (Ordinal, Change)>,
) -> Vec<MembersAfter> {
    let mut came: Vec<Vec<Ordinal>> = vec![Vec::new(); rules.len()];
    let mut went = came.clone();
    let mut errors: Vec<Option<String>> = vec![None; rules.len()];
    for (ordinal, change) in changes {
        for (lists, places) in [(&mut came, change.joined), (&mut went, change.left)] {
            for place in places {
                if let Some(list) = lists.get_mut(place as usize) {
                    list.push(ordinal);
                }
            }
        }
        for (place, error) in change.undecided {
            if let Some(home) = errors.get_mut(place as usize) {
                home.get_or_insert_with(|| error.to_string());
            }
        }
    }
    let changed = rules.iter().zip(came).zip(went).zip(errors);
    changed
        .map(|((((_, members), came), went), error)| match error {
            Some(error) => Err(error),
            None if came.is_empty() && went.is_empty() => Ok(None),
            None => Ok(Some((*members | RoaringBitmap::from_iter(came)) - RoaringBitmap::from_iter(went))),
        })
        .collect()
}
