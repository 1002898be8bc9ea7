//! What rules are made of, as one row of numbers: predicates, quantified terms, externals.

use crate::program::Program;
use crate::program::instruction::Source;

/// The number of a predicate, a quantified term or an external.
pub(super) type Leaf = u32;

/// Which numbers stand for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaves {
    terms_start: u32,
    externals_start: u32,
    pub(super) count: usize,
}

/// What a leaf is, with its place in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Predicate(u32),
    Term(u32),
    External(u32),
}

impl Leaves {
    pub(super) fn of(program: &Program) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let terms_start = program.predicates.len();
        let externals_start = terms_start + program.quantified.len();
        Self {
            terms_start: number(terms_start),
            externals_start: number(externals_start),
            count: externals_start + program.externals.len(),
        }
    }

    /// The leaf that an instruction reads; `None` for a register.
    #[inline]
    pub(super) fn read_by(self, source: Source) -> Option<Leaf> {
        match source {
            Source::Register(_) => None,
            Source::Predicate(place) => Some(place),
            Source::AnyItem(place) => Some(self.term(place)),
            Source::External(place) => Some(self.external(place)),
        }
    }

    pub(super) const fn term(self, place: u32) -> Leaf {
        self.terms_start.saturating_add(place)
    }

    /// The place of a term; [`u32::MAX`] if the leaf is none.
    pub(super) const fn term_place(self, leaf: Leaf) -> u32 {
        if let Place::Term(place) = self.place(leaf) { place } else { u32::MAX }
    }

    pub(super) const fn external(self, place: u32) -> Leaf {
        self.externals_start.saturating_add(place)
    }

    pub(super) const fn place(self, leaf: Leaf) -> Place {
        if leaf < self.terms_start {
            Place::Predicate(leaf)
        } else if leaf < self.externals_start {
            Place::Term(leaf - self.terms_start)
        } else {
            Place::External(leaf - self.externals_start)
        }
    }
}
