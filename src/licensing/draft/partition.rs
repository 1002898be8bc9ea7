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

/// What an event does to users.
pub(super) struct Step<'t> {
    /// The event's place in the batch.
    pub(super) at: usize,
    pub(super) moment: Moment,
    /// Whether the users are looked at even if nothing about them changed.
    pub(super) forced: bool,
    /// Whether what failed before is tried again.
    pub(super) retries: bool,
    /// Whether this is tried again of what has to go.
    pub(super) ends: bool,
    pub(super) act: Act<'t>,
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
    pub(in crate::licensing) retries: bool,
    /// Whether what has to go and could not is tried again.
    pub(in crate::licensing) ends: bool,
    /// Products of which a direct license went and whose seats they still have, because a group gives them, too.
    pub(in crate::licensing) kept: BTreeSet<SkuIndex>,
    /// The events that concern them, by their place in the batch.
    pub(in crate::licensing) causes: Vec<usize>,
}

/// Users by the steps that concern them: a tree in which each user has a place.
pub(super) struct Partition<'t> {
    tenant: &'t Tenant,
    steps: Vec<Step<'t>>,
    tree: Tree,
    /// By the codes of what is known of users and what they have.
    roots: HashMap<(Code, Code), u32>,
    /// By ordinal, in pages: the user's node and one more; 0 if no step concerns them.
    pages: Vec<Option<Box<Page>>>,
}

const PAGE_ORDINALS: usize = 1 << 10;
type Page = [u32; PAGE_ORDINALS];

/// Users with the same steps so far.
#[derive(Default)]
struct Tree {
    /// By node, where its users come from.
    from: Vec<From>,
    /// By node, the last step by which users left it, and the node and one more to which they went.
    exits: Vec<(u32, u32)>,
}

/// Where users of a node come from.
#[derive(Clone, Copy)]
enum From {
    Tenant(Code, Code),
    Step { node: u32, step: u32 },
}

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
        let mut root_of = |tree: &mut Tree, user: u32| {
            let codes = (tenant.users.code(user), tenant.outcomes.code(user));
            if codes != last.0 {
                last =
                    (codes, *roots.entry(codes).or_insert_with(|| tree.grow(From::Tenant(codes.0, codes.1))));
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
        let mut numbers = vec![None; self.tree.from.len()];
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
        let mut path: Vec<u32> = Vec::new();
        let mut from = *self.tree.from.get(node as usize)?;
        while let From::Step { node, step } = from {
            path.push(step);
            from = *self.tree.from.get(node as usize)?;
        }
        let From::Tenant(user, outcome) = from else { return None };
        let mut state = self.first(user, outcome)?;
        for step in path.into_iter().rev().filter_map(|step| self.steps.get(step as usize)) {
            step.apply(&mut state);
        }
        state.causes.sort_unstable();
        state.causes.dedup();
        Some(state)
    }
}

impl Tree {
    fn grow(&mut self, from: From) -> u32 {
        let number = u32::try_from(self.from.len()).unwrap_or(u32::MAX);
        self.from.push(from);
        self.exits.push((0, 0));
        number
    }

    /// Where users of a node are after a step.
    fn next(&mut self, node: u32, step: u32) -> u32 {
        if let Some((last, to)) = self.exits.get(node as usize)
            && *last == step
            && let Some(to) = to.checked_sub(1)
        {
            return to;
        }
        let new = self.grow(From::Step { node, step });
        if let Some(exit) = self.exits.get_mut(node as usize) {
            *exit = (step, new + 1);
        }
        new
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
            retries: false,
            ends: false,
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
        state.retries |= self.retries;
        state.ends |= self.ends;
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
