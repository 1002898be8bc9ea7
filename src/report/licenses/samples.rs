//! Small tenants in memory for the tests of what licensing tells.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use roaring::RoaringBitmap;

use super::{LicenseRun, ProductNaming};
use crate::directory::sku::{PrepaidUnits, ServicePlan, Sku};
use crate::licensing::batch::Batch;
use crate::licensing::catalog::{Catalog, Country, SkuIndex};
use crate::licensing::event::{Event, EventKind};
use crate::licensing::facts::{Facts, FamilyFacts};
use crate::licensing::intent::{Group, GroupIndex, Moment, User, UserIndex, Version};
use crate::licensing::outcome::{AssignmentState, Problem, Record, Source};
use crate::licensing::plan_set::PlanSet;
use crate::licensing::policy::LicensingPolicy;
use crate::licensing::pool::{Subscription, SubscriptionStatus};
use crate::licensing::tenant::{Tenant, UserIds};
use crate::report::Style;
use crate::report::output_format::OutputFormat;

/// Names of some products and plans, as a table beside the tenant would give them.
pub(super) struct Names;

impl ProductNaming for Names {
    fn product(&self, sku_id: &str) -> Option<&str> {
        let known = [("sku-e1", "Office 365 E1"), ("sku-e3", "Office 365 E3")];
        known.into_iter().find(|(id, _)| *id == sku_id).map(|(_, name)| name)
    }

    fn plan(&self, plan_id: &str) -> Option<&str> {
        let known =
            [("spo1", "SharePoint (Plan 1)"), ("spo2", "SharePoint (Plan 2)"), ("teams", "Microsoft Teams")];
        known.into_iter().find(|(id, _)| *id == plan_id).map(|(_, name)| name)
    }

    fn group(&self, group_id: &str) -> Option<&str> {
        (group_id == "g-sales").then_some("Sales\u{7}")
    }
}

/// The ids of the users of a sample.
#[derive(Clone)]
pub(super) struct Ids(pub(super) Vec<String>);

impl Ids {
    /// The user with an id.
    pub(super) fn index(&self, id: &str) -> UserIndex {
        let at = self.0.iter().position(|known| known == id).unwrap();
        UserIndex(u32::try_from(at).unwrap())
    }
}

impl UserIds for Ids {
    fn id(&self, user: UserIndex) -> &str {
        self.0.get(user.0 as usize).map_or("", String::as_str)
    }
}

/// A tenant with names.
#[derive(Clone)]
pub(super) struct World {
    pub(super) tenant: Tenant,
    pub(super) ids: Ids,
    sequence: u64,
}

/// Name, short name, seats, and plans with their short names.
type Product = (&'static str, &'static str, u64, &'static [(&'static str, &'static str)]);

const PRODUCTS: [Product; 4] = [
    (
        "sku-e1",
        "STANDARDPACK",
        5,
        &[("exo1", "EXCHANGE_S_STANDARD"), ("spo1", "SHAREPOINTSTANDARD"), ("teams", "TEAMS1")],
    ),
    (
        "sku-e3",
        "ENTERPRISEPACK",
        3,
        &[
            ("exo2", "EXCHANGE_S_ENTERPRISE"),
            ("spo2", "SHAREPOINTENTERPRISE"),
            ("teams", "TEAMS1"),
            ("office", "OFFICESUBSCRIPTION"),
        ],
    ),
    ("sku-audio", "MCOMEETADV", 10, &[("conf", "MCOMEETADV")]),
    ("sku-empty", "AAD_PREMIUM", 2, &[("aad", "AAD_PREMIUM")]),
];

const GROUPS: [&str; 4] = ["g-sales", "g-kiosk", "g-calls", "g-plain"];

/// The first is not the first by its id.
const USERS: [&str; 7] = ["zoe", "ada", "bob", "cem", "dan", "eve", "fay"];

impl World {
    /// Users and groups without licenses, products with few seats.
    pub(super) fn new() -> Self {
        Self::with(policy())
    }

    pub(super) fn with(policy: LicensingPolicy) -> Self {
        let skus: Vec<Sku> = PRODUCTS.iter().map(sku).collect();
        let mut tenant = Tenant::new(Catalog::new(&skus, &policy), policy, Country::new("NO"));
        for id in GROUPS {
            tenant.add_group(Group::new(id, true));
        }
        let (most, last) = (0..6, 6..7);
        tenant.set_users(&most.collect(), Arc::new(User::new(Country::new("NO"))));
        tenant.set_users(&last.collect(), Arc::new(User::new(Country::new("CN"))));
        Self { tenant, ids: Ids(USERS.map(str::to_owned).to_vec()), sequence: 0 }
    }

    pub(super) fn sku(&self, id: &str) -> SkuIndex {
        self.tenant.catalog().find_sku(id).unwrap()
    }

    pub(super) fn user(&self, id: &str) -> UserIndex {
        self.ids.index(id)
    }

    pub(super) fn group(&self, id: &str) -> GroupIndex {
        self.tenant.find_group(id).unwrap()
    }

    /// `sku-e3 -teams, sku-e1`
    pub(super) fn version(&self, text: &str) -> Version {
        let product = |product: &str| {
            let mut words = product.split_whitespace();
            let sku = self.sku(words.next().unwrap());
            let plan = |word: &str| self.tenant.catalog().find_plan(word.strip_prefix('-').unwrap()).unwrap();
            (sku, words.map(plan).collect())
        };
        text.split(',').map(product).collect()
    }

    pub(super) fn join(&self, group: &str, users: &[&str]) -> Vec<EventKind> {
        let added = users.iter().map(|user| self.user(user).0).collect();
        vec![EventKind::MembersChanged { group: self.group(group), added, removed: RoaringBitmap::new() }]
    }

    pub(super) fn leave(&self, group: &str, users: &[&str]) -> Vec<EventKind> {
        let removed = users.iter().map(|user| self.user(user).0).collect();
        vec![EventKind::MembersChanged { group: self.group(group), added: RoaringBitmap::new(), removed }]
    }

    pub(super) fn template(&self, group: &str, add: &str) -> Vec<EventKind> {
        vec![EventKind::GroupTemplateSet {
            group: self.group(group),
            add: self.version(add),
            remove: Vec::new(),
        }]
    }

    pub(super) fn direct(&self, user: &str, add: &str) -> Vec<EventKind> {
        vec![EventKind::DirectSet { user: self.user(user), add: self.version(add), remove: Vec::new() }]
    }

    pub(super) fn subscription(&self, sku: &str, status: SubscriptionStatus) -> Vec<EventKind> {
        let sku = self.sku(sku);
        let known = &self.tenant.catalog().product(sku).unwrap().subscriptions[0];
        vec![EventKind::SubscriptionChanged { sku, subscription: Subscription { status, ..known.clone() } }]
    }

    /// Leaves out some numbers of events.
    pub(super) fn skip_events(&mut self, count: u64) {
        self.sequence += count;
    }

    /// What events lead to, a minute after each earlier one.
    pub(super) fn run(&mut self, kinds: Vec<Vec<EventKind>>) -> Batch {
        let start: Timestamp = "2026-01-15T08:00:00Z".parse().unwrap();
        let time =
            start.checked_add(SignedDuration::from_mins(i64::try_from(self.sequence).unwrap())).unwrap();
        let kinds: Vec<EventKind> = kinds.into_iter().flatten().collect();
        let events: Vec<Event> = kinds
            .into_iter()
            .map(|kind| {
                self.sequence += 1;
                let (id, sequence) = (format!("e{}", self.sequence), self.sequence);
                Event { id, sequence, time, actor: "admin".to_owned(), kind }
            })
            .collect();
        self.tenant.apply(&events, &self.ids).unwrap()
    }
}

/// A run with its tenants.
pub(super) struct Run {
    pub(super) before: Tenant,
    pub(super) after: Tenant,
    pub(super) batch: Batch,
    pub(super) ids: Ids,
}

impl Run {
    pub(super) fn told(&self) -> LicenseRun<'_> {
        let Self { before, after, batch, ids } = self;
        LicenseRun { run: "run-7", before, after, batch, ids, names: &Names }
    }

    /// What these events do to a tenant.
    pub(super) fn of(mut world: World, kinds: Vec<Vec<EventKind>>) -> Self {
        let before = world.tenant.clone();
        let batch = world.run(kinds);
        Self { before, after: world.tenant, batch, ids: world.ids }
    }

    /// Users who come, go, wait for seats and clash; edits that are refused; a template that changes.
    pub(super) fn mixed() -> Self {
        let mut world = World::new();
        world.run(vec![
            world.template("g-sales", "sku-e3"),
            world.template("g-kiosk", "sku-e1 -exo1"),
            world.join("g-sales", &["zoe", "ada"]),
            world.join("g-kiosk", &["bob"]),
            world.direct("eve", "sku-e3 -office"),
        ]);
        let refused_template = EventKind::GroupTemplateSet {
            group: world.group("g-plain"),
            add: world.version("sku-audio"),
            remove: Vec::new(),
        };
        let refused_direct = EventKind::DirectSet {
            user: world.user("ada"),
            add: Version::new(),
            remove: vec![world.sku("sku-e3")],
        };
        let kinds = vec![
            world.leave("g-sales", &["zoe"]),
            world.join("g-sales", &["dan", "cem", "bob"]),
            world.template("g-calls", "sku-e3 -teams, sku-audio -conf"),
            world.join("g-calls", &["eve", "fay"]),
            world.join("g-kiosk", &["fay"]),
            vec![refused_template, refused_direct, EventKind::GroupDeleted(world.group("g-sales"))],
        ];
        Self::of(world, kinds)
    }

    /// A user who cannot leave, because a direct license needs a plan of the group.
    pub(super) fn blocked_removal() -> Self {
        let mut world = World::new();
        world.run(vec![world.template("g-sales", "sku-e3"), world.join("g-sales", &["ada"])]);
        world.run(vec![world.direct("ada", "sku-audio")]);
        let kinds = vec![world.leave("g-sales", &["ada"])];
        Self::of(world, kinds)
    }

    /// A product with holders whose subscription is suspended.
    pub(super) fn suspended() -> Self {
        let mut world = World::new();
        world.run(vec![
            world.template("g-sales", "sku-e3"),
            world.template("g-kiosk", "sku-e1 -spo1"),
            world.join("g-sales", &["ada", "bob"]),
            world.join("g-kiosk", &["bob"]),
        ]);
        let kinds = vec![world.subscription("sku-e3", SubscriptionStatus::Suspended)];
        Self::of(world, kinds)
    }

    /// A product that gets a plan which clashes with what some users have.
    pub(super) fn grown_product() -> Self {
        let mut world = World::new();
        world.run(vec![
            world.template("g-sales", "sku-e3"),
            world.template("g-plain", "sku-empty"),
            world.join("g-sales", &["ada"]),
            world.join("g-plain", &["ada", "bob"]),
        ]);
        let add = vec![world.tenant.catalog().find_plan("spo1").unwrap()];
        let kinds =
            vec![vec![EventKind::CatalogChanged { sku: world.sku("sku-empty"), add, remove: Vec::new() }]];
        Self::of(world, kinds)
    }
}

/// What a report writes in every format, one after the other.
pub(super) fn every_format(
    write: impl Fn(OutputFormat, &Style, &mut dyn io::Write) -> io::Result<()>,
) -> String {
    let mut text = Vec::new();
    for format in OutputFormat::COMMON {
        text.extend_from_slice(format!("== {}\n", format.word()).as_bytes());
        write(format, &Style::PLAIN, &mut text).unwrap();
    }
    String::from_utf8(text).unwrap()
}

/// An assignment with all plans on.
pub(super) fn record(
    sku: SkuIndex,
    source: Source,
    state: AssignmentState,
    problems: Vec<Problem>,
) -> Record {
    let time = Timestamp::UNIX_EPOCH;
    let error = problems.first().map(Problem::code);
    Record {
        sku,
        source,
        state,
        error,
        problems,
        disabled: PlanSet::default(),
        held_back: PlanSet::default(),
        pending_removal: false,
        last_updated: time,
        activated: state.is_in_force().then_some(Moment { sequence: 0, time }),
        waiting_since: None,
        error_since: error.map(|_| time),
    }
}

/// The plans for sites exclude each other, conferences need Teams and are prohibited in one country.
pub(super) fn policy() -> LicensingPolicy {
    let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<String>>();
    let family =
        FamilyFacts { name: "sites".to_owned(), plans: owned(&["spo1", "spo2"]), ranks: BTreeMap::new() };
    LicensingPolicy {
        added_facts: Facts {
            families: vec![family],
            prerequisites: [("conf".to_owned(), vec![owned(&["teams"])])].into(),
            prohibited: [("office".to_owned(), BTreeSet::from([Country::new("CN").unwrap()]))].into(),
            mailboxes: owned(&["exo1", "exo2"]).into_iter().collect(),
            ..Facts::default()
        },
        ..LicensingPolicy::default()
    }
}

fn sku((id, part_number, seats, plans): &Product) -> Sku {
    let plan = |(id, name): &(&str, &str)| ServicePlan {
        service_plan_id: (*id).to_owned(),
        service_plan_name: Some((*name).to_owned()),
        applies_to: None,
        provisioning_status: None,
    };
    Sku {
        sku_id: (*id).to_owned(),
        sku_part_number: (*part_number).to_owned(),
        applies_to: None,
        capability_status: None,
        prepaid_units: PrepaidUnits { enabled: *seats, ..PrepaidUnits::default() },
        consumed_units: 0,
        service_plans: plans.iter().map(plan).collect(),
        subscription_ids: Vec::new(),
        line: 1,
    }
}
