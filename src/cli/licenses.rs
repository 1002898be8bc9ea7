//! The licenses that follow the members: what the state remembers of them, what the tenant folder asks for, and
//! what comes of it.

mod coded;
mod command;
mod differences;
mod events;
mod forecast;
mod import;
mod ledger;
mod lint;
mod members;
mod names;
mod noticed;
mod overlay;
mod people;
mod products;
mod refusals;
mod reprocess;
mod rounds;
mod templates;
mod unknown;
mod view;
mod what_if;

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

pub(super) use self::command::{LicensesArgs, run};
use self::events::{Events, Turn};
pub(super) use self::ledger::{Ledger, Terms, has_refused_direct, licensed_groups};
pub(super) use self::names::{Names, NamesArgs};
pub(super) use self::people::People;
pub(super) use self::rounds::{Occasion, Rounds, reads_plans};
pub(super) use self::what_if::WhatIfLicenses;
use super::failure::Failure;
use super::output;
use crate::directory::group::Group;
use crate::directory::sku::Sku;
use crate::licensing::batch::{Batch, RefusedEvent};
use crate::licensing::event::{Event, EventKind, Refusal, Reprocess};
use crate::licensing::intent::{GroupIndex, UserIndex};
use crate::licensing::tenant::{Tenant, UserIds};
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;
use crate::report::licenses::figures::LicenseFigures;
use crate::report::licenses::past_deltas::{PastChange, past_changes};
use crate::report::licenses::{LicenseRun, ProductNaming};
use crate::store::{LicenseRow, Session};

/// What a run finds out about licenses beside the members.
pub(super) struct Asked<'a> {
    /// The users of whom something is told; `None` if they are as they were.
    pub(super) people: Option<&'a People>,
    /// All users, if something is told of some only and others are to be asked for again.
    pub(super) all: Option<&'a People>,
    /// The groups of the folder; `None` if they are as they were.
    pub(super) groups: Option<Vec<(Ordinal, &'a Group)>>,
    /// The products of the folder; none if it tells nothing of them.
    pub(super) skus: &'a [Sku],
    /// Whether `people` are only those who changed, or nobody is told of.
    pub(super) is_partial: bool,
    /// The users who exist.
    pub(super) users: &'a RoaringBitmap,
    pub(super) occasion: &'a Occasion,
}

/// What somebody asks to be looked at again.
#[derive(Clone, Debug)]
pub(super) enum Again {
    /// A user.
    User(Ordinal),
    /// A group with all its members.
    Group(Ordinal),
    /// All who have an error.
    Errors,
}

/// What a run has to do about licenses, before members are looked at.
pub(super) struct Prepared {
    ledger: Ledger,
    events: Events,
    /// Groups of the folder.
    gone: BTreeSet<Ordinal>,
    warnings: Vec<String>,
    users: RoaringBitmap,
    /// Whether only some users are told of, or none.
    is_partial: bool,
}

/// What comes of it.
#[derive(Debug)]
pub(super) struct Licensed {
    pub(super) before: Tenant,
    /// What is remembered from now on; its tenant is the one after the run.
    pub(super) ledger: Ledger,
    pub(super) batch: Batch,
    pub(super) warnings: Vec<String>,
}

/// The name of the event that is in every run.
const CLOCK: &str = "clock";

/// The ids of users by ordinal.
pub(super) struct Ids<'a>(pub(super) &'a Roster);

impl UserIds for Ids<'_> {
    fn id(&self, user: UserIndex) -> &str {
        self.0.id(user.0)
    }
}

impl Prepared {
    /// Compares what is asked for with what is remembered. `roster` gets the ids of groups that only users name.
    pub(super) fn of(mut ledger: Ledger, asked: &Asked<'_>, roster: &mut Roster) -> Result<Self, Failure> {
        let mut events = Events::new(asked.occasion);
        let mut warnings = Vec::new();
        let mut gone = BTreeSet::new();
        products::changes(&mut ledger.tenant, asked.skus, &mut events);
        if let Some(people) = asked.people {
            if ledger.is_new {
                enter_named_groups(&mut ledger, people, roster)?;
            }
            differences::changes(&mut ledger, people, asked.users, roster, &mut events);
            if let Some(all) = asked.all {
                differences::again(&mut ledger, people, all, asked.users, roster, &mut events);
            }
            if people.odd_locations() > 0 {
                warnings.push(
                    "some users have a usageLocation that is no two-letter country: they count as having none"
                        .to_owned(),
                );
            }
        }
        if let Some(groups) = &asked.groups {
            let there: BTreeSet<Ordinal> = groups.iter().map(|(ordinal, _)| *ordinal).collect();
            gone = ledger.groups.keys().filter(|ordinal| !there.contains(ordinal)).copied().collect();
            for id in templates::changes(&mut ledger, groups.iter().copied(), &mut events) {
                warnings.push(format!(
                    "group `{id}` is not in the folder and has licenses: the service does not delete such groups; \
                     its members keep them until its licenses are taken off"
                ));
            }
        }
        let taken_over = std::mem::take(&mut ledger.taken_over);
        if !taken_over.is_empty() {
            let what = EventKind::Reprocess(Reprocess::Users(taken_over));
            events.push(Turn::Again, "taken-over".to_owned(), what);
        }
        events.push(Turn::Catalog, CLOCK.to_owned(), EventKind::Tick);
        for again in &asked.occasion.again {
            let (id, what) = match *again {
                Again::User(user) => {
                    (format!("reprocess:{}", roster.id(user)), Some(Reprocess::Users([user].into())))
                }
                Again::Group(group) => {
                    let index = ledger.groups.get(&group);
                    (format!("reprocess:{}", roster.id(group)), index.map(|index| Reprocess::Group(*index)))
                }
                Again::Errors => ("reprocess:errors".to_owned(), Some(Reprocess::Errors)),
            };
            if let Some(what) = what {
                events.push(Turn::Again, id, EventKind::Reprocess(what));
            }
        }
        let licensed = if ledger.terms_differ { ledger.tenant.with_records() } else { RoaringBitmap::new() };
        if !licensed.is_empty() {
            let what = EventKind::Reprocess(Reprocess::Users(licensed));
            events.push(Turn::Again, "policy".to_owned(), what);
        }
        let is_partial = asked.is_partial;
        Ok(Self { ledger, events, gone, warnings, users: asked.users.clone(), is_partial })
    }

    /// Works out what comes of it if `after` are the members. `first` are those before, if nothing is remembered.
    pub(super) fn settle(
        &self,
        first: Option<&Snapshot>,
        after: &Snapshot,
        roster: &Roster,
    ) -> Result<Licensed, Failure> {
        let mut ledger = self.ledger.clone();
        let first = first.filter(|_| ledger.is_new);
        let mut events = self.events.clone();
        let is_there = |ordinal: Ordinal| !self.gone.contains(&ordinal);
        members::changes(&ledger, first, after, &self.users, is_there, &mut events);
        let mut batch = evaluated(&ledger.tenant, events.list(), roster)?;
        let taken_over =
            if ledger.is_new { take_over_templates(&mut ledger, &batch) } else { BTreeSet::new() };
        if !taken_over.is_empty() {
            events.drop(&taken_over);
            batch = evaluated(&ledger.tenant, events.list(), roster)?;
        }
        let before = ledger.tenant.clone();
        ledger.tenant.commit(&batch);
        ask_again(&mut ledger, &before, &mut batch, events.list(), roster)?;
        refusals::note(&mut ledger, &mut batch, self.is_partial);
        Ok(Licensed { before, ledger, batch, warnings: self.warnings.clone() })
    }
}

impl Licensed {
    /// What is to be told of it.
    pub(super) fn told<'a>(
        &'a self,
        run: &'a str,
        ids: &'a Ids<'_>,
        names: &'a dyn ProductNaming,
    ) -> LicenseRun<'a> {
        LicenseRun { run, before: &self.before, after: &self.ledger.tenant, batch: &self.batch, ids, names }
    }

    /// What it comes to in numbers. `run` is the id of the run.
    pub(super) fn figures(&self, run: &str, roster: &Roster, names: &dyn ProductNaming) -> LicenseFigures {
        LicenseFigures::of(&self.told(run, &Ids(roster), names), &output::style())
    }

    /// What changed, as it is remembered.
    pub(super) fn changes(told: &LicenseRun<'_>) -> Vec<LicenseRow> {
        let row = |change: PastChange<'_>| LicenseRow {
            body: change.body.into_owned(),
            users: change.users.into_owned(),
        };
        past_changes(told).into_iter().map(row).collect()
    }

    /// Remembers what is there now.
    pub(super) fn write(&self, session: &Session<'_>) -> Result<(), Failure> {
        // Each run looks whether time has ended something.
        let is_only_clock = self.batch.event_ids().all(|event| event == CLOCK);
        self.ledger.write(session, is_only_clock && self.batch.is_idle())
    }
}

/// What comes of the licenses if members change and nothing else, and of what is to be looked at again. `None` if
/// nothing is remembered of licenses.
pub(super) fn follow(
    session: &Session<'_>,
    occasion: &Occasion,
    users: &RoaringBitmap,
    after: &Snapshot,
    roster: &mut Roster,
) -> Result<Option<Licensed>, Failure> {
    let Some(ledger) = Ledger::read(session, None, occasion.now)? else { return Ok(None) };
    let asked = Asked { people: None, all: None, groups: None, skus: &[], is_partial: true, users, occasion };
    Ok(Some(Prepared::of(ledger, &asked, roster)?.settle(None, after, roster)?))
}

fn evaluated(tenant: &Tenant, events: &[Event], roster: &Roster) -> Result<Batch, Failure> {
    // The policy of a ledger has no guard of its own.
    tenant.evaluate(events, &Ids(roster)).map_err(|_| Failure::new("the licenses have a guard of their own"))
}

/// Asks once more for direct licenses that were refused, as long as one of them is given: they are looked at before
/// the members, and a member can bring a plan that they need or leave a seat behind.
fn ask_again(
    ledger: &mut Ledger,
    before: &Tenant,
    batch: &mut Batch,
    events: &[Event],
    roster: &Roster,
) -> Result<(), Failure> {
    loop {
        let refused: BTreeSet<&String> = batch.refused.iter().map(|refused| &refused.event).collect();
        let is_refused =
            |event: &&Event| matches!(event.kind, EventKind::DirectSet { .. }) && refused.contains(&event.id);
        let again: Vec<Event> = events.iter().filter(is_refused).cloned().collect();
        if again.is_empty() {
            return Ok(());
        }
        ledger.tenant.forget_events();
        let later = evaluated(&ledger.tenant, &again, roster)?;
        let is_done = later.refused.len() >= again.len();
        // What is still refused is refused for what is so now.
        ledger.tenant.commit(&later);
        let retried: BTreeSet<String> = again.into_iter().map(|event| event.id).collect();
        batch.followed_by(later, &retried, before, &ledger.tenant);
        if is_done {
            return Ok(());
        }
    }
}

/// Templates that were there before anybody looked are taken as they are, where an edit would be refused because
/// of the plans in them. Gives the names of the edits that are not needed then.
fn take_over_templates(ledger: &mut Ledger, batch: &Batch) -> BTreeSet<String> {
    let is_about_plans = |refused: &&RefusedEvent| {
        matches!(refused.refusal, Refusal::PrerequisiteMissing { .. } | Refusal::PlanNotInProduct(..))
    };
    let refused: BTreeSet<&str> =
        batch.refused.iter().filter(is_about_plans).map(|one| one.event.as_str()).collect();
    let groups: Vec<GroupIndex> = ledger.groups.values().copied().collect();
    let mut taken_over = BTreeSet::new();
    for index in groups {
        let Some(group) = ledger.tenant.group(index) else { continue };
        let event = templates::template_event(&group.id);
        let asked = ledger.asked.get(&index).cloned();
        if let Some(asked) = asked.filter(|_| refused.contains(&*event)) {
            templates::take_over(ledger, index, &asked);
            taken_over.insert(event);
        }
    }
    taken_over
}

/// Groups that gave licenses to users before the first run, and give none any more, are known, too.
fn enter_named_groups(ledger: &mut Ledger, people: &People, roster: &mut Roster) -> Result<(), Failure> {
    for id in people.groups_named() {
        let ordinal = super::loaded::ordinal(roster, id)?;
        if !ledger.groups.contains_key(&ordinal) {
            let group = crate::licensing::intent::Group::new(roster.id(ordinal), true);
            let index = ledger.tenant.add_group(group);
            ledger.groups.insert(ordinal, index);
        }
    }
    Ok(())
}
