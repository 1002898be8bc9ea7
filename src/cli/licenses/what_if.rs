//! What other rules would do to licenses.

use jiff::Timestamp;

use super::rounds::Occasion;
use super::{Asked, Licensed, Prepared, Rounds};
use crate::cli::computed::ordinals_of;
use crate::cli::failure::Failure;
use crate::cli::loaded::Loaded;
use crate::directory::group::Group;
use crate::language::attribute::Subject;
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;

/// A tenant folder with the members that its rules give, and those that other rules would give.
pub(in crate::cli) struct WhatIfLicenses<'a> {
    pub(in crate::cli) loaded: &'a Loaded,
    pub(in crate::cli) present: &'a Snapshot,
    pub(in crate::cli) proposed: &'a Snapshot,
    /// The groups as they would be.
    pub(in crate::cli) groups: Vec<(Ordinal, &'a Group)>,
    pub(in crate::cli) now: Timestamp,
}

impl WhatIfLicenses<'_> {
    /// Settles the licenses of the present members, and then those of the proposed ones. `None` if the tenant has
    /// no products.
    pub(in crate::cli) fn settle(&self) -> Result<Option<(Licensed, Roster)>, Failure> {
        let mut loaded = self.loaded.clone();
        let occasion = |run| Occasion { now: self.now, run, actor: "dyngroup".to_owned(), again: Vec::new() };
        let Some(rounds) = Rounds::begin(&mut loaded, None, None, &occasion(1))? else { return Ok(None) };
        let mut roster = loaded.roster;
        let present = rounds.prepared().settle(Some(&self.loaded.before), self.present, &roster)?;
        let users = ordinals_of(&roster, Subject::User);
        let mut ledger = present.ledger;
        ledger.is_new = false;
        // What is proposed makes events of the same names.
        ledger.tenant.forget_events();
        let asked = Asked {
            all: None,
            people: None,
            groups: Some(self.groups.clone()),
            skus: &[],
            is_partial: true,
            users: &users,
            occasion: &occasion(2),
        };
        let licensed = Prepared::of(ledger, &asked, &mut roster)?.settle(None, self.proposed, &roster)?;
        Ok(Some((licensed, roster)))
    }
}
