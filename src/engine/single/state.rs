//! What is known of the object at hand.

use super::bits::Bits;
use super::looks::{Looks, Undecided};
use super::prepared::Prepared;
use super::source::Room;

/// The leaves of one object as far as they are known, and what was computed from them.
#[derive(Debug)]
pub(super) struct State {
    /// Leaves that are true.
    pub(super) holding: Bits,
    /// Leaves that are asked when somebody wants to know.
    pub(super) maybe: Bits,
    /// For each source whether it was looked at: a leaf of it that is in neither set is false.
    pub(super) looked_at: Vec<bool>,
    /// Whether all were.
    pub(super) looked_at_all: bool,
    pub(super) undecided: Vec<Undecided>,
    /// Rules to run: a leaf that they waited for is true, or may be.
    pub(super) due: Bits,
    /// Shared sections that were computed, and those that hold.
    pub(super) shared_known: Bits,
    pub(super) shared_holding: Bits,
    pub(super) registers: Vec<bool>,
    pub(super) room: Room,
    /// Room for one look.
    pub(super) looks: Looks,
}

impl State {
    pub(super) fn of(prepared: &Prepared<'_>) -> Self {
        let leaves = prepared.leaves.count;
        let shared = prepared.program.shared.len();
        Self {
            holding: Bits::none(leaves),
            maybe: Bits::none(leaves),
            looked_at: vec![false; prepared.groups_place() + 1],
            looked_at_all: false,
            undecided: Vec::new(),
            due: Bits::none(prepared.program.rules.len()),
            shared_known: Bits::none(shared),
            shared_holding: Bits::none(shared),
            registers: vec![false; prepared.program.registers],
            room: Room::of(prepared.program),
            looks: Looks::default(),
        }
    }

    /// Forgets everything: the next object.
    pub(super) fn start(&mut self, prepared: &Prepared<'_>) {
        self.holding.clear();
        self.maybe.clear();
        self.looked_at.fill(false);
        self.looked_at_all = false;
        self.undecided.clear();
        self.due.copy_from(&prepared.always);
        self.shared_known.clear();
        for &leaf in &prepared.groups {
            self.maybe.add(leaf);
        }
        if let Some(groups) = self.looked_at.get_mut(prepared.groups_place()) {
            *groups = true;
        }
    }

    /// Learns what a look found out. Rules that waited for it become due.
    pub(super) fn learn(&mut self, prepared: &Prepared<'_>, looks: &Looks) {
        for (leaves, known) in [(&looks.hits, &mut self.holding), (&looks.maybes, &mut self.maybe)] {
            for &leaf in leaves {
                known.add(leaf);
                for &rule in prepared.waiting.of(leaf) {
                    self.due.add(rule);
                }
            }
        }
        self.undecided.extend(&looks.undecided);
    }

    /// Forgets what a look found out, and what was asked since. Rules stay due.
    pub(super) fn unlearn(&mut self, looks: &Looks) {
        for &leaf in looks.hits.iter().chain(&looks.maybes) {
            self.holding.take_out(leaf);
            self.maybe.take_out(leaf);
        }
        self.shared_known.clear();
    }
}
