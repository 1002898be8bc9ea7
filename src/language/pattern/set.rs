//! Many patterns asked of a text at once: one walk over its bytes answers for all of them.

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Hir, HirKind, Look};

use super::Pattern;
use super::unit::to_units;
use crate::base::limits::{REGEX_COMPILED_MAX_BYTES, REGEX_SET_MAX_BYTES};

/// Patterns that share automata.
///
/// ```
/// use dyngroup::language::pattern::{Pattern, PatternSet};
/// let patterns = ["^a", "b$", "(?<!x)c"].map(|source| Pattern::new(source).unwrap());
/// let set = PatternSet::new(&patterns.each_ref());
/// let mut found = Vec::new();
/// set.matches("Ab", |place| found.push(place));
/// assert_eq!(found, [0, 1]);
/// // Look-around needs the pattern itself.
/// assert_eq!(set.others(), [2]);
/// ```
#[derive(Debug, Default)]
pub struct PatternSet {
    automata: Vec<Automaton>,
    others: Vec<usize>,
}

impl PatternSet {
    /// Compiles patterns together, as many as fit automata of bounded size.
    pub fn new(patterns: &[&Pattern]) -> Self {
        let mut set = Self::default();
        let (mut anchored, mut floating) = (Vec::new(), Vec::new());
        for (place, pattern) in patterns.iter().enumerate() {
            match shareable(pattern) {
                Some(hir) if begins_at_start(&hir) => anchored.push((place, hir)),
                Some(hir) => floating.push((place, hir)),
                None => set.others.push(place),
            }
        }
        set.add(&anchored, Anchored::Yes);
        set.add(&floating, Anchored::No);
        set.others.sort_unstable();
        set
    }

    /// Calls `hit` with the place of each pattern that matches anywhere in `value`, those in
    /// [`PatternSet::others`] left out. A place can come more than once.
    pub fn matches(&self, value: &str, mut hit: impl FnMut(usize)) {
        self.matches_each(&std::iter::once((0, value)), false, &mut |_, place| hit(place));
    }

    /// Calls `hit` with the number of each value and the place of each pattern that matches it, as
    /// [`PatternSet::matches`] does. The numbers come in no certain order. `is_basic` says that no value
    /// has a character beyond the basic plane; who does not know says no.
    pub fn matches_each<'v>(
        &self,
        values: &(impl Iterator<Item = (usize, &'v str)> + Clone),
        is_basic: bool,
        hit: &mut impl FnMut(usize, usize),
    ) {
        if is_basic {
            for automaton in &self.automata {
                automaton.run(values.clone().map(|(number, value)| (number, value.as_bytes())), hit);
            }
            return;
        }
        for (number, value) in values.clone() {
            let units = to_units(value);
            for automaton in &self.automata {
                automaton.run(std::iter::once((number, units.as_bytes())), hit);
            }
        }
    }

    /// The places of the patterns that have to be asked on their own, ascending.
    pub fn others(&self) -> &[usize] {
        &self.others
    }

    /// Patterns that are too large together are tried in halves.
    fn add(&mut self, patterns: &[(usize, Hir)], anchored: Anchored) {
        if patterns.is_empty() {
            return;
        }
        match Automaton::new(patterns, anchored) {
            Some(automaton) => self.automata.push(automaton),
            None if patterns.len() == 1 => self.others.extend(patterns.iter().map(|(place, _)| *place)),
            None => {
                let (one, other) = patterns.split_at(patterns.len() / 2);
                self.add(one, anchored);
                self.add(other, anchored);
            }
        }
    }
}

/// A deterministic automaton of several patterns.
#[derive(Debug)]
struct Automaton {
    table: dense::DFA<Vec<u32>>,
    start: StateID,
    /// What the caller calls the patterns.
    places: Vec<usize>,
}

impl Automaton {
    fn new(patterns: &[(usize, Hir)], anchored: Anchored) -> Option<Self> {
        let hirs: Vec<&Hir> = patterns.iter().map(|(_, hir)| hir).collect();
        let config = thompson::Config::new()
            .nfa_size_limit(Some(REGEX_COMPILED_MAX_BYTES))
            .shrink(false)
            .which_captures(thompson::WhichCaptures::None);
        let nfa = thompson::Compiler::new().configure(config).build_many_from_hir(&hirs).ok()?;
        let start_kind = if anchored == Anchored::Yes { StartKind::Anchored } else { StartKind::Unanchored };
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(start_kind)
            .dfa_size_limit(Some(REGEX_SET_MAX_BYTES))
            .determinize_size_limit(Some(REGEX_SET_MAX_BYTES));
        let table = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        let start = table.start_state(&start::Config::new().anchored(anchored)).ok()?;
        Some(Self { table, start, places: patterns.iter().map(|(place, _)| *place).collect() })
    }

    /// Walks over several texts at a time: a step waits for the one before it, and those of other texts
    /// fill the gap.
    fn run<'t>(
        &self,
        mut texts: impl Iterator<Item = (usize, &'t [u8])>,
        hit: &mut impl FnMut(usize, usize),
    ) {
        let mut lanes = [Lane::default(); LANES];
        for lane in &mut lanes {
            self.refill(lane, &mut texts);
        }
        while lanes.iter().all(|lane| lane.is_busy) {
            self.advance(&mut lanes, hit);
            for lane in &mut lanes {
                if lane.rest.is_empty() {
                    self.finish(lane, hit);
                    self.refill(lane, &mut texts);
                }
            }
        }
        for lane in lanes.iter_mut().filter(|lane| lane.is_busy) {
            let rest = std::mem::take(&mut lane.rest);
            for &byte in rest {
                self.step(lane, byte, hit);
                if self.table.is_dead_state(lane.state) {
                    break;
                }
            }
            self.finish(lane, hit);
        }
    }

    fn refill<'t>(&self, lane: &mut Lane<'t>, texts: &mut impl Iterator<Item = (usize, &'t [u8])>) {
        let next = texts.next();
        let (number, rest) = next.unwrap_or_default();
        *lane = Lane { number, rest, state: self.start, is_busy: next.is_some() };
    }

    /// Walks until some lane is done.
    #[inline]
    fn advance(&self, lanes: &mut [Lane<'_>; LANES], hit: &mut impl FnMut(usize, usize)) {
        let [a, b, c, d] = lanes;
        let steps = a.rest.len().min(b.rest.len()).min(c.rest.len()).min(d.rest.len());
        let mut done = 0;
        let bytes = a.rest.iter().zip(b.rest).zip(c.rest).zip(d.rest).take(steps);
        for (((&of_a, &of_b), &of_c), &of_d) in bytes {
            done += 1;
            a.state = self.table.next_state(a.state, of_a);
            b.state = self.table.next_state(b.state, of_b);
            c.state = self.table.next_state(c.state, of_c);
            d.state = self.table.next_state(d.state, of_d);
            let special = |lane: &Lane<'_>| self.table.is_special_state(lane.state);
            if special(a) | special(b) | special(c) | special(d) {
                let mut any_dead = false;
                for lane in [&*a, b, c, d] {
                    self.report(lane, lane.state, hit);
                    any_dead |= self.table.is_dead_state(lane.state);
                }
                if any_dead {
                    break;
                }
            }
        }
        for lane in [a, b, c, d] {
            let dead = self.table.is_dead_state(lane.state);
            lane.rest = if dead { &[] } else { lane.rest.get(done..).unwrap_or_default() };
        }
    }

    fn step(&self, lane: &mut Lane<'_>, byte: u8, hit: &mut impl FnMut(usize, usize)) {
        lane.state = self.table.next_state(lane.state, byte);
        self.report(lane, lane.state, hit);
    }

    fn finish(&self, lane: &Lane<'_>, hit: &mut impl FnMut(usize, usize)) {
        self.report(lane, self.table.next_eoi_state(lane.state), hit);
    }

    #[inline]
    fn report(&self, lane: &Lane<'_>, state: StateID, hit: &mut impl FnMut(usize, usize)) {
        if !self.table.is_match_state(state) {
            return;
        }
        for at in 0..self.table.match_len(state) {
            let pattern = self.table.match_pattern(state, at);
            if let Some(&place) = self.places.get(pattern.as_usize()) {
                hit(lane.number, place);
            }
        }
    }
}

/// Texts that are walked over at a time.
const LANES: usize = 4;

/// A text on its way through the automaton.
#[derive(Clone, Copy, Default)]
struct Lane<'t> {
    number: usize,
    rest: &'t [u8],
    state: StateID,
    is_busy: bool,
}

/// The pattern in the form that automata are built of, if one can run it.
fn shareable(pattern: &Pattern) -> Option<Hir> {
    let written = &pattern.engine.written;
    if written.backtracking {
        return None;
    }
    let hir = regex_syntax::ParserBuilder::new()
        .nest_limit(super::engine::WRITTEN_NESTING_MAX_LEVELS)
        .build()
        .parse(&written.text)
        .ok()?;
    // Borders of words outside of ASCII need more than one byte of context.
    (!hir.properties().look_set().contains_word_unicode()).then(|| without_tail(hir))
}

fn begins_at_start(hir: &Hir) -> bool {
    hir.properties().look_set_prefix().contains(Look::Start)
}

/// Leaves out a `.*` at the end: what stands before it has matched already, and an automaton that has
/// nothing left to look for stops.
fn without_tail(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Concat(mut parts) => {
            while parts.last().is_some_and(
                |part| matches!(part.kind(), HirKind::Repetition(repetition) if repetition.min == 0),
            ) {
                parts.pop();
            }
            Hir::concat(parts)
        }
        kind => of_kind(kind),
    }
}

/// The expression of a kind, as it was.
fn of_kind(kind: HirKind) -> Hir {
    match kind {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(repetition) => Hir::repetition(repetition),
        HirKind::Capture(capture) => Hir::capture(capture),
        HirKind::Concat(parts) => Hir::concat(parts),
        HirKind::Alternation(parts) => Hir::alternation(parts),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::unit::is_basic;
    use super::*;

    fn found(set: &PatternSet, value: &str) -> Vec<usize> {
        let mut places = Vec::new();
        set.matches(value, |place| places.push(place));
        places.sort_unstable();
        places.dedup();
        places
    }

    #[test]
    fn a_tail_that_asks_for_nothing_goes() {
        let trimmed = |source: &str| shareable(&Pattern::new(source).unwrap()).unwrap();
        assert_eq!(trimmed("^a.*"), trimmed("^a"));
        assert_eq!(trimmed("^a.*b?"), trimmed("^a"));
        assert_ne!(trimmed("^a.*$"), trimmed("^a"));
        assert_ne!(trimmed("^a.+"), trimmed("^a"));
    }

    #[test]
    fn what_does_not_fit_one_automaton_is_asked_in_several_or_alone() {
        let mut sources: Vec<String> =
            (0..40).map(|number| format!("{}.{{{}}}x$", number % 7, number % 9)).collect();
        sources.push(r"\w{9}[^a]{200}b".to_owned());
        sources.push(r"\bx".to_owned());
        let patterns: Vec<Pattern> = sources.iter().map(|source| Pattern::new(source).unwrap()).collect();
        let set = PatternSet::new(&patterns.iter().collect::<Vec<_>>());
        assert!(set.automata.len() > 1);
        assert!(set.others().contains(&41));
        for value in ["0x", "1ax", "5aaaaax\n", "6.....x", "x", "0", "😀5é😀😀x"] {
            for (place, pattern) in patterns.iter().enumerate() {
                let expected = pattern.is_match(value).unwrap();
                let other = set.others().contains(&place);
                assert_eq!(found(&set, value).contains(&place), expected && !other, "{place} on {value}");
            }
        }
    }

    fn source() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "a", "b", "B", "é", "[a-c]", "[^a]", r"\d", ".", "(?s:.)", "x|y", "😀", r"\n", r"\b", r"\s",
            "(?!a)",
        ]);
        let times = prop::sample::select(vec!["", "", "*", "+", "?", "{2}", "*?"]);
        let part = (atom, times).prop_map(|(atom, times)| format!("(?:{atom}){times}"));
        let edge = |word: &'static str| prop::sample::select(vec!["", "", word]);
        (edge("^"), prop::collection::vec(part, 0..4), edge("$"), edge(".*"))
            .prop_map(|(start, parts, end, tail)| format!("{start}{}{end}{tail}", parts.concat()))
    }

    proptest! {
        #[test]
        fn the_set_says_what_each_pattern_says(
            sources in prop::collection::vec(source(), 1..6),
            values in prop::collection::vec("[abBéxy0 \n😀]{0,6}", 1..16),
        ) {
            let patterns: Vec<Pattern> = sources.iter().map(|source| Pattern::new(source).unwrap()).collect();
            let set = PatternSet::new(&patterns.iter().collect::<Vec<_>>());
            for value in &values {
                let expected: Vec<usize> = (0..patterns.len())
                    .filter(|&place| patterns[place].is_match(value) == Ok(true) && !set.others().contains(&place))
                    .collect();
                prop_assert_eq!(found(&set, value), expected, "{:?} on {:?}", &sources, value);
            }
            let basic: Vec<&String> = values.iter().filter(|value| is_basic(value.as_bytes())).collect();
            let mut together = Vec::new();
            let numbered = basic.iter().map(|value| value.as_str()).enumerate();
            set.matches_each(&numbered, true, &mut |number, place| together.push((number, place)));
            together.sort_unstable();
            together.dedup();
            let alone = basic.iter().enumerate();
            let alone: Vec<_> = alone
                .flat_map(|(number, value)| found(&set, value).into_iter().map(move |place| (number, place)))
                .collect();
            prop_assert_eq!(together, alone);
        }
    }
}
