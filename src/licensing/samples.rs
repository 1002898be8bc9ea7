//! Small tenants for the tests of what is told about one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::batch::Batch;
use super::catalog::{Catalog, Country, SkuIndex};
use super::event::{Event, EventKind, Reprocess};
use super::intent::{DirectLicense, Group, GroupIndex, Moment, TemplateEntry, User, UserIndex, Version};
use super::plan_set::{PlanIndex, PlanSet};
use super::policy::LicensingPolicy;
use super::tenant::{Tenant, UserIds};
use crate::directory::policy::Policy;
use crate::directory::sku::{PrepaidUnits, ServicePlan, Sku};

/// A tenant with three suites that exclude each other, an addition that needs one, and two other products.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) tenant: Tenant,
    users: BTreeMap<u32, User>,
    sequence: u64,
}

/// An id, seats, and plans with their names.
type Product = (&'static str, u64, &'static [(&'static str, &'static str)]);

const PRODUCTS: [Product; 6] = [
    ("e1", 5, &[("exo1", "EXCHANGE_S_STANDARD"), ("spo1", "SHAREPOINTSTANDARD"), ("teams", "TEAMS1")]),
    (
        "e3",
        5,
        &[
            ("exo2", "EXCHANGE_S_ENTERPRISE"),
            ("spo2", "SHAREPOINTENTERPRISE"),
            ("teams", "TEAMS1"),
            ("office", "OFFICESUBSCRIPTION"),
        ],
    ),
    ("f3", 5, &[("kiosk", "EXCHANGE_S_DESKLESS"), ("spok", "SHAREPOINTDESKLESS")]),
    ("audio", 5, &[("conf", "MCOMEETADV")]),
    ("ems", 5, &[("aad", "AAD_PREMIUM"), ("intune", "INTUNE_A")]),
    ("tenant-wide", 5, &[("defender", "DEFENDER")]),
];

/// What holds in every sample. The plan without a rank cannot be switched off by it.
const FACTS: &str = "[families]\nsites = { plans = ['spo1', 'spo2', 'spok'], ranks = { spo1 = 1, spo2 = 2 } }\n\
                     [prerequisites]\nconf = ['teams']\n";

/// The ids of users are their ordinals in two digits.
struct Ordinals(Vec<String>);

impl UserIds for Ordinals {
    fn id(&self, user: UserIndex) -> &str {
        self.0.get(user.0 as usize).map_or("", String::as_str)
    }
}

impl World {
    /// `choices` are lines of `[licensing]`.
    pub(crate) fn new(choices: &str) -> Self {
        let text = format!("[licensing]\n{choices}\n{FACTS}");
        let policy = LicensingPolicy::read(&Policy::of_text("policy.toml", &text).unwrap()).unwrap();
        let skus: Vec<Sku> = PRODUCTS.into_iter().map(sku).collect();
        let mut catalog = Catalog::new(&skus, &policy);
        // What people would lose with a suite.
        let kinds = [("mailbox", &["exo1", "exo2", "kiosk"][..]), ("files", &["spo1", "spo2", "spok"])];
        let data =
            kinds.map(|(kind, plans)| (kind.to_owned(), plans.iter().map(|&id| id.to_owned()).collect()));
        let data = data.into_iter().collect();
        catalog.learn(&super::facts::Facts { data, ..super::facts::Facts::default() });
        let tenant = Tenant::new(catalog, policy, Country::new("NO"));
        Self { tenant, users: BTreeMap::new(), sequence: 0 }
    }

    pub(crate) fn sku(&mut self, id: &str) -> SkuIndex {
        self.tenant.sku(id)
    }

    pub(crate) fn plan(&mut self, id: &str) -> PlanIndex {
        self.tenant.plan(id, None)
    }

    pub(crate) fn seats(&mut self, sku: &str, seats: u64) {
        let sku = self.sku(sku);
        let mut catalog = self.tenant.catalog().clone();
        catalog.product_mut(sku).unwrap().subscriptions[0].total = seats;
        self.tenant.catalog = Arc::new(catalog);
    }

    /// `e3 -teams, ems`
    pub(crate) fn version(&mut self, text: &str) -> Version {
        let products: Vec<&str> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
        let product = |product: &str| {
            let mut words = product.split_whitespace();
            let sku = self.sku(words.next().unwrap());
            let off: PlanSet = words.map(|word| self.plan(word.strip_prefix('-').unwrap())).collect();
            (sku, off)
        };
        products.into_iter().map(product).collect()
    }

    /// A group with a template that nobody checked, and its members.
    pub(crate) fn group(&mut self, id: &str, template: &str, members: Range<u32>) -> GroupIndex {
        let since = self.moment();
        let template = self.version(template).into_iter();
        let template = template.map(|(sku, disabled)| (sku, TemplateEntry { disabled, since })).collect();
        let index = self.tenant.add_group(Group { template, ..Group::new(id, true) });
        for user in members {
            self.user(user).memberships.insert(index, since);
        }
        index
    }

    /// Direct licenses that are asked for.
    pub(crate) fn direct(&mut self, users: Range<u32>, products: &str) {
        let since = self.moment();
        let version = self.version(products);
        for user in users {
            let wanted =
                version.iter().map(|(sku, off)| (*sku, DirectLicense { disabled: off.clone(), since }));
            self.user(user).direct.extend(wanted);
        }
    }

    pub(crate) fn deleted(&mut self, users: Range<u32>) {
        let time = self.moment().time;
        users.for_each(|user| self.user(user).deleted_at = Some(time));
    }

    fn user(&mut self, user: u32) -> &mut User {
        self.users.entry(user).or_insert_with(|| User::new(Country::new("NO")))
    }

    /// Enters the users as they are asked for, without licenses.
    pub(crate) fn enter(&mut self) {
        for (index, user) in &self.users {
            self.tenant.set_users(&RoaringBitmap::from_iter([*index]), Arc::new(user.clone()));
        }
    }

    /// Enters the users and gives them what they are to have.
    pub(crate) fn settle(&mut self) -> Batch {
        self.enter();
        let users: Vec<UserIndex> = self.tenant.users().collect();
        let kinds = users.into_iter().map(|user| EventKind::Reprocess(Reprocess::Users([user.0].into())));
        let kinds = kinds.collect();
        self.run(kinds)
    }

    pub(crate) fn leave(group: GroupIndex, users: Range<u32>) -> EventKind {
        EventKind::MembersChanged { group, added: RoaringBitmap::new(), removed: users.collect() }
    }

    pub(crate) fn run(&mut self, kinds: Vec<EventKind>) -> Batch {
        let event = |kind| {
            let Moment { sequence, time } = self.moment();
            Event { id: format!("e{sequence}"), sequence, time, actor: "admin".to_owned(), kind }
        };
        let events: Vec<Event> = kinds.into_iter().map(event).collect();
        let ids = Ordinals((0..100).map(|user| format!("{user:02}")).collect());
        self.tenant.apply(&events, &ids).unwrap()
    }

    fn moment(&mut self) -> Moment {
        self.sequence += 1;
        let time: Timestamp = "2026-01-15T08:00:00Z".parse().unwrap();
        Moment { sequence: self.sequence, time }
    }
}

fn sku((id, seats, plans): Product) -> Sku {
    let plan = |(id, name): &(&str, &str)| ServicePlan {
        service_plan_id: (*id).to_owned(),
        service_plan_name: Some((*name).to_owned()),
        applies_to: None,
        provisioning_status: None,
    };
    Sku {
        sku_id: id.to_owned(),
        sku_part_number: id.to_uppercase(),
        applies_to: Some(if id == "tenant-wide" { "Company" } else { "User" }.to_owned()),
        capability_status: None,
        prepaid_units: PrepaidUnits { enabled: seats, ..PrepaidUnits::default() },
        consumed_units: 0,
        service_plans: plans.iter().map(plan).collect(),
        subscription_ids: Vec::new(),
        line: 1,
    }
}
