//! What a caller enters without an event, and what it asks beside users and groups.

use std::sync::Arc;

use hashbrown::HashMap;
use roaring::{MultiOps, RoaringBitmap};

use super::batch::Batch;
use super::catalog::{Product, SkuIndex};
use super::intent::{GroupIndex, Version};
use super::outcome::Outcome;
use super::registers::{Account, Trait, Usual};
use super::tenant::Tenant;

impl Tenant {
    /// Enters facts about a product as they are: nobody is looked at again because of them.
    pub fn change_product(&mut self, sku: SkuIndex, change: impl FnOnce(&mut Product)) {
        if let Some(product) = Arc::make_mut(&mut self.catalog).product_mut(sku) {
            change(product);
        }
    }

    /// Enters whether a group is of a kind that can have licenses.
    pub fn set_eligible(&mut self, group: GroupIndex, is_eligible: bool) {
        if let Some(group) = self.groups.get_mut(group.0 as usize)
            && group.is_eligible != is_eligible
        {
            Arc::make_mut(group).is_eligible = is_eligible;
        }
    }

    /// Enters the template of a group as it is, without a look at it.
    pub fn change_group(&mut self, group: GroupIndex, change: impl FnOnce(&mut super::intent::Group)) {
        if let Some(group) = self.groups.get_mut(group.0 as usize) {
            change(Arc::make_mut(group));
        }
    }

    /// The products of a template of which a plan was switched off because of what it needs, with all such plans on.
    /// `asked` is what was asked for.
    pub fn with_needs_anew(&self, group: GroupIndex, asked: &Version) -> Version {
        let template = self.group(group).map(|group| &group.template);
        let anew = template.into_iter().flatten().filter_map(|(sku, entry)| {
            let wanted = asked.get(sku).filter(|_| self.catalog.is_subscribed(*sku))?;
            let off = entry.disabled.minus(wanted).intersection(&self.catalog.needy);
            let rest = entry.disabled.minus(&off).intersection(&self.catalog.plans_of(*sku));
            (!off.is_empty()).then_some((*sku, rest))
        });
        anew.collect()
    }

    /// The users with a license, or with one that they fail to get.
    pub fn with_records(&self) -> RoaringBitmap {
        self.outcomes.ordinals(|outcome| !outcome.records.is_empty())
    }

    /// The licenses that users have, each distinct value once.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.values().map(AsRef::as_ref)
    }

    /// The licenses of users with an error, each distinct value once, with the users who have it.
    pub fn outcomes_in_error(&self) -> Vec<(Arc<Outcome>, RoaringBitmap)> {
        let (roll, accounts) = self.classes_of(self.registers.users(Trait::Fails));
        let mut numbers: HashMap<*const Outcome, usize> = HashMap::new();
        let mut outcomes: Vec<Arc<Outcome>> = Vec::new();
        let number = |account: Account| {
            Some(*numbers.entry(Arc::as_ptr(&account.outcome)).or_insert_with(|| {
                outcomes.push(Arc::clone(&account.outcome));
                outcomes.len() - 1
            }))
        };
        let of_accounts: Vec<Option<usize>> = accounts.into_iter().map(number).collect();
        let sets = roll.sets(outcomes.len(), &of_accounts);
        outcomes.into_iter().zip(sets).collect()
    }

    /// The users who were deleted and are not gone yet.
    pub fn deleted(&self) -> &RoaringBitmap {
        self.registers.users(Trait::Deleted)
    }

    /// Whether some user has a license from a group, or fails to get one.
    pub fn has_records(&self, group: GroupIndex) -> bool {
        self.registers.count(Usual::From(group)) > 0
    }
}

impl Batch {
    /// The users who lose a seat of some product.
    pub fn losing(&self) -> RoaringBitmap {
        let losing = self.changes.iter().filter(|one| !one.change.seats_freed.is_empty());
        losing.map(|one| &one.users).union()
    }
}
