//! The bundles of one user: what each source has in force and what it asks for.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::catalog::{Catalog, Country, SkuIndex};
use super::draft::{State, Tries};
use super::intent::{Group, GroupIndex, Moment, User, Version};
use super::outcome::{Outcome, Record, Source};
use super::plan_set::PlanSet;
use super::policy::{FailedChange, GroupSettings, LicensingPolicy};

/// What holds for all users of a batch.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) catalog: &'a Catalog,
    /// The catalog before the batch: which plans users have.
    pub(super) catalog_before: &'a Catalog,
    pub(super) policy: &'a LicensingPolicy,
    pub(super) groups: &'a [Arc<Group>],
    pub(super) settings: &'a [GroupSettings],
    pub(super) country: Option<Country>,
    pub(super) now: Moment,
}

impl Rules<'_> {
    /// Where a user is taken to be.
    pub(super) fn location(&self, user: &User) -> Option<Country> {
        user.location.or(self.country.filter(|_| self.policy.inherit_location))
    }
}

/// One source of licenses of one user; under `per_product`, one product of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    pub(super) source: Source,
    /// What is asked for, the best first; empty if it has to go.
    pub(super) targets: Vec<Version>,
    /// What is in force.
    pub(super) in_force: Version,
    /// The plans that the user has from it.
    pub(super) plans_before: BTreeMap<SkuIndex, PlanSet>,
    pub(super) standing: Standing,
    /// Whether what is in force goes if the change fails.
    pub(super) drops_on_failure: bool,
    /// Whether what is in force may stay while another bundle waits for a seat.
    pub(super) may_hold: bool,
    pub(super) priority: i64,
    /// The time when it was asked for does not matter to the result of one user, only the order does.
    pub(super) order: usize,
}

/// How a candidate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    /// It is in force as asked for, and stays.
    Settled,
    /// It stays as it is, with its errors: nothing asks to try it again.
    Frozen,
    /// It is to come, to change or to go.
    Moving,
}

/// All of one user that its result depends on: equal questions have equal answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) candidates: Vec<Candidate>,
    /// Where the user is taken to be.
    pub(super) location: Option<Country>,
    pub(super) has_address_conflict: bool,
    /// The products of which the user has a seat.
    pub(super) held: BTreeSet<SkuIndex>,
    pub(super) outcome: Arc<Outcome>,
    /// What the user had before the batch, and before direct edits.
    pub(super) former: Arc<Outcome>,
}

impl Question {
    /// Looks at a user who is not deleted.
    pub(super) fn of(rules: &Rules<'_>, state: &State) -> Self {
        let State { user, outcome, before, .. } = state;
        let mut tries = state.tries;
        // What is held is held for something else that is tried, and what goes now makes room.
        let may_hold = rules.policy.move_hold.is_some() && !user.left.is_empty();
        if tries == Tries::WhatGoes && (may_hold || goes_now(rules, user, outcome)) {
            tries = Tries::All;
        }
        let mut found = Vec::new();
        for source in sources(user, outcome) {
            for (sku, wanted) in pieces(rules, user, outcome, source) {
                found.extend(placed(rules, user, outcome, source, sku, wanted, tries));
            }
        }
        found.sort_by(|left, right| left.compare(right, rules));
        let candidates = found.into_iter().enumerate();
        let candidates = candidates.map(|(order, placed)| Candidate { order, ..placed.candidate }).collect();
        Self {
            candidates,
            location: rules.location(user),
            has_address_conflict: user.has_address_conflict,
            held: &outcome.held() | &state.kept,
            outcome: Arc::clone(outcome),
            former: Arc::clone(&before.outcome),
        }
    }
}

/// Whether a license stayed for a while after its user had left the group, and that time is over.
fn goes_now(rules: &Rules<'_>, user: &User, outcome: &Outcome) -> bool {
    let is_over = |group: &GroupIndex| {
        let grace = rules.settings.get(group.0 as usize).map(|settings| settings.grace);
        let end = user.left.get(group).zip(grace).and_then(|(left, grace)| left.time.checked_add(grace).ok());
        end.is_some_and(|end| end <= rules.now.time)
    };
    let goes = |record: &Record| match record.source {
        Source::Group(group) => record.error.is_none() && is_over(&group),
        Source::Direct => false,
    };
    outcome.in_force().any(goes)
}

/// Since when a user is to have what a source gives.
pub(super) fn wanted_since(
    groups: &[Arc<Group>],
    user: &User,
    source: Source,
    target: &Version,
) -> Option<Moment> {
    match source {
        Source::Direct => target.keys().filter_map(|sku| Some(user.direct.get(sku)?.since)).max(),
        Source::Group(group) => {
            let template = &groups.get(group.0 as usize)?.template;
            let entries = target.keys().filter_map(|sku| Some(template.get(sku)?.since));
            entries.chain(user.memberships.get(&group).copied()).max()
        }
    }
}

/// Since when a user is to have all that a group gives.
pub(super) fn wanted_from(groups: &[Arc<Group>], user: &User, group: GroupIndex) -> Option<Moment> {
    let template = groups.get(group.0 as usize).map(|group| &group.template);
    let entries = template.into_iter().flat_map(BTreeMap::values).map(|entry| entry.since);
    entries.chain(user.memberships.get(&group).copied()).max()
}

/// A candidate with what decides its place.
struct Placed {
    candidate: Candidate,
    activated: Option<Moment>,
    wanted: Option<Moment>,
    was_pending: bool,
}

impl Placed {
    /// What stays comes first, direct licenses before groups; then what is to come or to change by
    /// priority; then what has to go, first what was to go before.
    fn compare(&self, other: &Self, rules: &Rules<'_>) -> Ordering {
        self.class()
            .cmp(&other.class())
            .then_with(|| match self.class() {
                0 | 1 => self.activated.cmp(&other.activated),
                2 => Reverse(self.candidate.priority)
                    .cmp(&Reverse(other.candidate.priority))
                    .then(self.wanted.cmp(&other.wanted)),
                _ => Reverse(self.was_pending)
                    .cmp(&Reverse(other.was_pending))
                    .then(self.activated.cmp(&other.activated)),
            })
            .then_with(|| self.id(rules).cmp(&other.id(rules)))
    }

    fn class(&self) -> u8 {
        let candidate = &self.candidate;
        match candidate.standing {
            Standing::Settled | Standing::Frozen if candidate.source == Source::Direct => 0,
            Standing::Settled | Standing::Frozen => 1,
            Standing::Moving if !candidate.targets.is_empty() => 2,
            Standing::Moving => 3,
        }
    }

    /// The ids of the group and of the first product, which tell any two candidates apart.
    fn id<'r>(&self, rules: &Rules<'r>) -> (&'r str, &'r str) {
        let group = match self.candidate.source {
            Source::Direct => "",
            Source::Group(group) => rules.groups.get(group.0 as usize).map_or("", |group| &group.id),
        };
        let first = self
            .candidate
            .targets
            .iter()
            .flat_map(BTreeMap::keys)
            .chain(self.candidate.in_force.keys())
            .next();
        let sku = first.and_then(|sku| rules.catalog.product(*sku)).map_or("", |product| &product.sku_id);
        (group, sku)
    }
}

fn sources(user: &User, outcome: &Outcome) -> BTreeSet<Source> {
    let asked = user.memberships.keys().map(|group| Source::Group(*group));
    let direct = (!user.direct.is_empty()).then_some(Source::Direct);
    asked.chain(direct).chain(outcome.records.iter().map(|record| record.source)).collect()
}

/// What a source asks for, cut as it is given: as a whole, or (direct licenses, and all under
/// `per_product`) by product. Products that are only in force are pieces, too.
fn pieces(
    rules: &Rules<'_>,
    user: &User,
    outcome: &Outcome,
    source: Source,
) -> Vec<(Option<SkuIndex>, Version)> {
    let wanted: Version = match source {
        Source::Direct => user.direct.iter().map(|(sku, one)| (*sku, one.disabled.clone())).collect(),
        Source::Group(group) if user.memberships.contains_key(&group) => {
            rules.groups.get(group.0 as usize).map(|group| group.version()).unwrap_or_default()
        }
        Source::Group(_) => Version::new(),
    };
    if source != Source::Direct && !rules.policy.per_product {
        return vec![(None, wanted)];
    }
    let skus: BTreeSet<SkuIndex> =
        wanted.keys().copied().chain(outcome.version_of(source).into_keys()).collect();
    let piece = |sku: SkuIndex| {
        let one = wanted.get(&sku).map(|disabled| (sku, disabled.clone()));
        (Some(sku), one.into_iter().collect())
    };
    skus.into_iter().map(piece).collect()
}

fn placed(
    rules: &Rules<'_>,
    user: &User,
    outcome: &Outcome,
    source: Source,
    only: Option<SkuIndex>,
    wanted: Version,
    tries: Tries,
) -> Option<Placed> {
    let own = |record: &&Record| record.source == source && only.is_none_or(|sku| sku == record.sku);
    let records: Vec<&Record> = outcome.records.iter().filter(own).collect();
    // What the tenant no longer has is in nobody's hands.
    let is_there = |record: &&&Record| record.state.is_in_force() && rules.catalog.is_subscribed(record.sku);
    let in_force: Vec<&Record> = records.iter().filter(is_there).copied().collect();
    let version: Version = in_force.iter().map(|record| (record.sku, record.disabled.clone())).collect();
    if version.is_empty() && wanted.is_empty() {
        return None;
    }
    let settings = match source {
        Source::Group(group) => rules.settings.get(group.0 as usize),
        Source::Direct => None,
    };
    let left = match source {
        Source::Group(group) => user.left.get(&group).copied(),
        Source::Direct => None,
    };
    let asks = !wanted.is_empty();
    let within = |time: Option<jiff::SignedDuration>| {
        let end: Option<Timestamp> = left.zip(time).and_then(|(left, time)| left.time.checked_add(time).ok());
        !asks && end.is_some_and(|end| rules.now.time < end)
    };
    let in_grace = within(settings.map(|settings| settings.grace));
    let revoked = rules.policy.revoke_prohibited && is_prohibited(rules, user, &version);
    let failed = records.iter().any(|record| record.error.is_some());
    let standing = if (version == wanted && !revoked) || in_grace {
        Standing::Settled
    } else if failed && !revoked && tries < (if asks { Tries::All } else { Tries::WhatGoes }) {
        Standing::Frozen
    } else {
        Standing::Moving
    };
    let wanted_at = wanted_since(rules.groups, user, source, &wanted);
    let drops_on_failure = revoked || rules.policy.failed_change == FailedChange::Strict;
    let mut targets = targets(rules, settings, wanted);
    // Who keeps an older version of the template is not moved to something lesser.
    if !version.is_empty() && !drops_on_failure && !targets.iter().skip(1).any(|target| *target == version) {
        targets.truncate(1);
    }
    Some(Placed {
        activated: in_force.iter().filter_map(|record| record.activated).min(),
        wanted: wanted_at,
        was_pending: records.iter().any(|record| record.pending_removal),
        candidate: Candidate {
            source,
            targets,
            in_force: version,
            plans_before: in_force
                .iter()
                .map(|record| (record.sku, record.enabled(rules.catalog_before)))
                .collect(),
            standing,
            drops_on_failure,
            may_hold: within(rules.policy.move_hold),
            priority: settings.map_or(0, |settings| settings.priority),
            order: 0,
        },
    })
}

/// The template, and behind it what the group gives while it is short.
fn targets(rules: &Rules<'_>, settings: Option<&GroupSettings>, wanted: Version) -> Vec<Version> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let alternatives =
        settings.filter(|_| !rules.policy.per_product).map_or(&[][..], |settings| &settings.alternatives);
    let version = |skus: &Vec<String>| -> Option<Version> {
        skus.iter().map(|sku| Some((rules.catalog.find_sku(sku)?, PlanSet::default()))).collect()
    };
    std::iter::once(wanted)
        .chain(alternatives.iter().filter_map(version).filter(|one| !one.is_empty()))
        .collect()
}

fn is_prohibited(rules: &Rules<'_>, user: &User, version: &Version) -> bool {
    let Some(location) = rules.location(user) else { return false };
    version.iter().any(|(sku, disabled)| {
        let plans = rules.catalog.plans_of(*sku).minus(disabled);
        plans.iter().any(|plan| {
            rules.catalog.plan_at(plan).is_some_and(|plan| plan.prohibited_in.contains(&location))
        })
    })
}

impl Candidate {
    /// Whether the source asks for a product.
    pub(super) fn wants(&self, sku: SkuIndex) -> bool {
        self.targets.first().is_some_and(|version| version.contains_key(&sku))
    }
}
