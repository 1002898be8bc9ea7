//! Users told apart by what they are and by what a batch does to them: those whom the same steps concern
//! stay together, so that the steps are gone through once for all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use crate::licensing::catalog::{Country, SkuIndex};
use crate::licensing::column::{Code, NO_VALUE};
use crate::licensing::intent::{DirectLicense, GroupIndex, Moment, User, Version};
use crate::licensing::outcome::Outcome;
use crate::licensing::registers::Account;
use crate::licensing::roll::{Roll, each};
use crate::licensing::tenant::Tenant;
use crate::licensing::tree::Tree;

/// What an event does to users.
pub(super) struct Step<'t> {
    /// The event's place in the batch.
    pub(super) at: usize,
    pub(super) moment: Moment,
    /// Whether the users are looked at even if nothing about them changed.
    pub(super) forced: bool,
    pub(super) tries: Tries,
    pub(super) act: Act<'t>,
}

/// What is tried again of what failed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::licensing) enum Tries {
    Nothing,
    /// What nobody asks for any more.
    WhatGoes,
    All,
}

/// What becomes of the users of a step.
pub(super) enum Act<'t> {
    /// They are looked at.
    Look,
    Join(GroupIndex),
    Leave(GroupIndex),
    /// Direct licenses were edited; the outcome, if the edit changed it at once.
    Direct {
        add: &'t Version,
        remove: &'t [SkuIndex],
        outcome: Option<Arc<Outcome>>,
        /// Products of which the user has the seat of a license that is gone.
        kept: BTreeSet<SkuIndex>,
    },
    Locate(Option<Country>),
    ChangeAddress(bool),
    Delete,
    /// Who comes back asks for everything anew.
    Restore,
    /// Nothing is left of them.
    Purge,
}

/// Users with one past, as steps left them.
#[derive(Clone, Debug)]
pub(in crate::licensing) struct State {
    /// What is known of them in the tenant.
    pub(in crate::licensing) before: Account,
    pub(in crate::licensing) user: Arc<User>,
    pub(in crate::licensing) outcome: Arc<Outcome>,
    pub(in crate::licensing) forced: bool,
    pub(in crate::licensing) tries: Tries,
    /// Products of which a direct license went and whose seats they still have, because a group gives them, too.
    pub(in crate::licensing) kept: BTreeSet<SkuIndex>,
    /// The events that concern them, by their place in the batch.
    pub(in crate::licensing) causes: Vec<usize>,
}

/// Users by the steps that concern them: a tree in which each user has a place.
pub(super) struct Partition<'t> {
    tenant: &'t Tenant,
    steps: Vec<Step<'t>>,
    tree: Tree<(Code, Code)>,
    /// By the codes of what is known of users and what they have.
    roots: HashMap<(Code, Code), u32>,
    /// By ordinal, in pages: the user's node and one more; 0 if no step concerns them.
    pages: Vec<Option<Box<Page>>>,
}

const PAGE_ORDINALS: usize = 1 << 10;
type Page = [u32; PAGE_ORDINALS];

impl<'t> Partition<'t> {
    pub(super) fn new(tenant: &'t Tenant) -> Self {
        let pages = tenant.users.len().div_ceil(PAGE_ORDINALS);
        Self {
            tenant,
            steps: Vec::new(),
            tree: Tree::default(),
            roots: HashMap::new(),
            pages: std::iter::repeat_with(|| None).take(pages).collect(),
        }
    }

    /// Takes users of the tenant through a step.
    pub(super) fn take(&mut self, users: &RoaringBitmap, step: Step<'t>) {
        let number = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        self.steps.push(step);
        let (tenant, tree, roots) = (self.tenant, &mut self.tree, &mut self.roots);
        let mut last = ((NO_VALUE, NO_VALUE), 0);
        let mut root_of = |tree: &mut Tree<_>, user: u32| {
            let codes = (tenant.users.code(user), tenant.outcomes.code(user));
            if codes != last.0 {
                last = (codes, *roots.entry(codes).or_insert_with(|| tree.root(codes)));
            }
            last.1
        };
        let mut users = users.iter().peekable();
        while let Some(first) = users.peek().copied() {
            let number_of_page = first as usize / PAGE_ORDINALS;
            let Some(page) = self.pages.get_mut(number_of_page) else { break };
            let page = page.get_or_insert_with(|| Box::new([0; PAGE_ORDINALS]));
            while let Some(user) = users.next_if(|user| *user as usize / PAGE_ORDINALS == number_of_page) {
                let Some(place) = page.get_mut(user as usize % PAGE_ORDINALS) else { break };
                let node = place.checked_sub(1).unwrap_or_else(|| root_of(tree, user));
                *place = tree.next(node, number) + 1;
            }
        }
    }

    /// A user as the steps so far left them; `None` if the ordinal is no user's.
    pub(super) fn state_of(&self, user: u32) -> Option<State> {
        let page = self.pages.get(user as usize / PAGE_ORDINALS)?.as_ref();
        let place = page.and_then(|page| page.get(user as usize % PAGE_ORDINALS)).copied().unwrap_or(0);
        match place.checked_sub(1) {
            Some(node) => self.state(node),
            None => self.first(self.tenant.users.code(user), self.tenant.outcomes.code(user)),
        }
    }

    /// All users that steps concern, by class, with what the steps made of each class.
    pub(super) fn classes(&self) -> (Roll, Vec<State>) {
        let mut roll = Roll::default();
        let mut numbers = vec![None; self.tree.len()];
        let mut nodes: Vec<u32> = Vec::new();
        for (page, start) in self.pages.iter().zip((0_u32..).step_by(PAGE_ORDINALS)) {
            for (place, ordinal) in page.iter().flat_map(|page| page.iter()).zip(start..) {
                let Some(node) = place.checked_sub(1) else { continue };
                let Some(known) = numbers.get_mut(node as usize) else { continue };
                let number = *known.get_or_insert_with(|| {
                    nodes.push(node);
                    nodes.len() - 1
                });
                roll.push(ordinal, number);
            }
        }
        let states = each(&nodes, |node| self.state(*node));
        (roll, states.into_iter().flatten().collect())
    }

    fn first(&self, user: Code, outcome: Code) -> Option<State> {
        let user = Arc::clone(self.tenant.users.value(user)?);
        let outcome = Arc::clone(self.tenant.outcomes.value(outcome)?);
        Some(State::of(Account { user, outcome }))
    }

    fn state(&self, node: u32) -> Option<State> {
        let ((user, outcome), path) = self.tree.path(node)?;
        let mut state = self.first(user, outcome)?;
        for step in path.into_iter().filter_map(|step| self.steps.get(step as usize)) {
            step.apply(&mut state);
        }
        state.causes.sort_unstable();
        state.causes.dedup();
        Some(state)
    }
}

impl State {
    /// Users whom nothing concerned so far.
    pub(in crate::licensing) fn of(before: Account) -> Self {
        Self {
            user: Arc::clone(&before.user),
            outcome: Arc::clone(&before.outcome),
            before,
            forced: false,
            tries: Tries::Nothing,
            kept: BTreeSet::new(),
            causes: Vec::new(),
        }
    }

    /// Whether the users are looked at: they are named, or something about them changed.
    pub(in crate::licensing) fn is_dirty(&self) -> bool {
        let Account { user, outcome } = &self.before;
        self.forced || !Arc::ptr_eq(&self.outcome, outcome) || !Arc::ptr_eq(&self.user, user)
    }
}

impl Step<'_> {
    fn apply(&self, state: &mut State) {
        state.causes.push(self.at);
        state.forced |= self.forced;
        state.tries = state.tries.max(self.tries);
        if let Act::Look = self.act {
            return;
        }
        let (user, moment) = (Arc::make_mut(&mut state.user), self.moment);
        match &self.act {
            Act::Look => {}
            Act::Join(group) => {
                user.memberships.insert(*group, moment);
                user.left.remove(group);
            }
            Act::Leave(group) => {
                user.memberships.remove(group);
                user.left.insert(*group, moment);
            }
            Act::Direct { add, remove, outcome, kept } => {
                state.kept.clone_from(kept);
                for (sku, disabled) in *add {
                    let since = user.direct.get(sku).map_or(moment, |direct| direct.since);
                    user.direct.insert(*sku, DirectLicense { disabled: disabled.clone(), since });
                    user.converted.remove(sku);
                }
                for sku in *remove {
                    user.direct.remove(sku);
                    user.converted.remove(sku);
                }
                if let Some(outcome) = outcome {
                    state.outcome = Arc::clone(outcome);
                }
            }
            Act::Locate(location) => user.location = *location,
            Act::ChangeAddress(conflict) => user.has_address_conflict = *conflict,
            Act::Delete => user.deleted_at = Some(moment.time),
            Act::Restore => {
                user.deleted_at = None;
                user.memberships.values_mut().for_each(|since| *since = moment);
                user.direct.values_mut().for_each(|direct| direct.since = moment);
            }
            Act::Purge => {
                user.deleted_at.get_or_insert(moment.time);
                user.memberships.clear();
                user.left.clear();
                user.direct.clear();
            }
        }
    }
}
