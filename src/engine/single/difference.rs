//! What the change of an object does to its rules: only those that read something which came or went are
//! run, on the object before and after.

use super::Change;
use super::bits::Bits;
use super::failure::{Failure, failures};
use super::leaf::Leaf;
use super::looks::{Looks, Undecided};
use super::prepared::Prepared;
use super::run::{Run, look};
use super::source::values_of;
use super::state::State;
use crate::directory::object::Object;
use crate::engine::world::Relations;

/// Room for the difference of two objects.
#[derive(Debug)]
pub(super) struct DifferenceRoom {
    before: Looks,
    after: Looks,
    others: Looks,
    /// Leaves that came or went, or may have.
    differing: Vec<Leaf>,
    /// Rules that read them.
    touched: Bits,
    held_before: Bits,
    held_after: Bits,
}

impl DifferenceRoom {
    pub(super) fn of(prepared: &Prepared<'_>) -> Self {
        let rules = || Bits::none(prepared.program.rules.len());
        Self {
            before: Looks::default(),
            after: Looks::default(),
            others: Looks::default(),
            differing: Vec::new(),
            touched: rules(),
            held_before: rules(),
            held_after: rules(),
        }
    }
}

/// The rules that `after` satisfies and `before` does not, and the other way round.
pub(super) fn difference(
    prepared: &Prepared<'_>,
    state: &mut State,
    room: &mut DifferenceRoom,
    (before, after): (&Object, &Object),
    relations: &dyn Relations,
) -> Change {
    let changed = changed_sources(prepared, before, after);
    state.start(prepared);
    room.before.clear();
    room.after.clear();
    for &place in &changed {
        look(prepared, place, (before, relations), &mut state.room, &mut room.before);
        look(prepared, place, (after, relations), &mut state.room, &mut room.after);
        if let Some(looked_at) = state.looked_at.get_mut(place) {
            *looked_at = true;
        }
    }
    touch(prepared, room);
    if room.differing.is_empty() {
        return Change::default();
    }
    state.learn(prepared, &room.before);
    let mut run = Run::new(prepared, &mut *state, before, relations);
    run.look_beside(&room.differing, &mut room.others);
    let failed_before = held(&mut run, [&room.before, &room.others], &room.touched, &mut room.held_before);
    state.unlearn(&room.before);
    forget_undecided(prepared, &mut state.undecided, &changed);
    state.learn(prepared, &room.after);
    let mut run = Run::new(prepared, state, after, relations);
    let failed_after = held(&mut run, [&room.after, &room.others], &room.touched, &mut room.held_after);
    compared((&room.held_before, &failed_before), (&room.held_after, &failed_after))
}

/// The places of the sources whose values differ.
fn changed_sources(prepared: &Prepared<'_>, before: &Object, after: &Object) -> Vec<usize> {
    let (mut old, mut new) = (values_of(before), values_of(after));
    let sources = prepared.sources.iter().enumerate();
    let differing = sources.filter(|(_, source)| old.of(&source.name) != new.of(&source.name));
    let mut changed: Vec<usize> = differing.map(|(place, _)| place).collect();
    let other_id = before.id() != after.id();
    if other_id || before.manager() != after.manager() {
        changed.push(prepared.managers());
    }
    if other_id {
        changed.push(prepared.groups_place());
    }
    changed
}

/// Collects the leaves that are not the same before and after, and the rules that read them.
fn touch(prepared: &Prepared<'_>, room: &mut DifferenceRoom) {
    let DifferenceRoom { before, after, differing, touched, .. } = room;
    differing.clear();
    differing.extend(in_one_only(&mut before.hits, &mut after.hits));
    // What may be true before and after can be true on one side only.
    differing.extend(before.maybes.iter().chain(&after.maybes));
    let undecided = in_one_only(&mut before.undecided, &mut after.undecided);
    differing.extend(undecided.map(|undecided| undecided.predicate));
    touched.clear();
    for &leaf in &*differing {
        prepared.readers.add_to(touched, leaf);
    }
}

/// What is in one of the lists only. Sorts both.
fn in_one_only<'l, T: Ord + Copy>(
    one: &'l mut Vec<T>,
    other: &'l mut Vec<T>,
) -> impl Iterator<Item = T> + 'l {
    for list in [&mut *one, &mut *other] {
        list.sort_unstable();
        list.dedup();
    }
    let (one, other): (&'l [T], &'l [T]) = (one, other);
    let without =
        |list: &'l [T], of: &'l [T]| list.iter().copied().filter(|entry| of.binary_search(entry).is_err());
    without(one, other).chain(without(other, one))
}

/// Finds the touched rules that hold; gives those that have no result.
fn held(run: &mut Run<'_, '_>, looks: [&Looks; 2], touched: &Bits, held: &mut Bits) -> Vec<Failure> {
    held.clear();
    run.rules(looks, |rule| touched.has(rule), held);
    failures(run.prepared, &run.state.undecided, Some(touched))
}

fn forget_undecided(prepared: &Prepared<'_>, undecided: &mut Vec<Undecided>, changed: &[usize]) {
    let source = |predicate: u32| prepared.source_of.get(predicate as usize).map(|&source| source as usize);
    undecided
        .retain(|undecided| !source(undecided.predicate).is_some_and(|source| changed.contains(&source)));
}

/// Compares the results of rules before and after.
fn compared(
    (held_before, failed_before): (&Bits, &[Failure]),
    (held_after, failed_after): (&Bits, &[Failure]),
) -> Change {
    let error = |failed: &[Failure], rule: u32| {
        let at = failed.binary_search_by_key(&rule, |&(rule, _)| rule).ok()?;
        failed.get(at).map(|(_, error)| error.clone())
    };
    let failed = failed_before.iter().chain(failed_after).map(|&(rule, _)| rule);
    let mut change = Change::default();
    let mut all = Vec::new();
    held_before.each_difference(held_after, |rule| all.push(rule));
    all.extend(failed);
    all.sort_unstable();
    all.dedup();
    for rule in all {
        let before = error(failed_before, rule).map_or(Ok(held_before.has(rule)), Err);
        match error(failed_after, rule).map_or(Ok(held_after.has(rule)), Err) {
            after if after == before => {}
            Ok(true) => change.joined.push(rule),
            Ok(false) => change.left.push(rule),
            Err(error) => change.undecided.push((rule, error)),
        }
    }
    change
}
