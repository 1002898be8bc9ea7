//! How fast are licenses worked out? A tenant of a million users in memory, with 50 groups that hand out ten
//! products and have a tenth of the users each.
//!
//! `first` hands out all licenses for the first time, `moved` is a run in which 10,000 members came or went,
//! `one-user` one in which a single user comes or goes. In `short`, 100,000 users ask for the 60,000 seats of
//! one product, beside all that `first` does (`first-run`) or alone (`one-group`). Each is a batch that is
//! worked out and taken over. Throughput is changes of memberships a second.
//!
//! Who is in a group depends on the department, the country and the job of a user, so that about 10,000
//! combinations of groups come up. In `first-apart` it depends on nothing, and nearly every user is unlike
//! all others: the worst that can come.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "what is measured is made here")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use dyngroup::directory::sku::{PrepaidUnits, ServicePlan, Sku};
use dyngroup::licensing::catalog::{Catalog, Country};
use dyngroup::licensing::event::{Event, EventKind};
use dyngroup::licensing::intent::{Group, GroupIndex, User, UserIndex};
use dyngroup::licensing::plan_set::PlanSet;
use dyngroup::licensing::policy::LicensingPolicy;
use dyngroup::licensing::pool::{Subscription, SubscriptionStatus};
use dyngroup::licensing::tenant::{Tenant, UserIds};
use jiff::Timestamp;
use roaring::RoaringBitmap;

const USERS: u32 = 1_000_000;
const GROUPS: u32 = 50;
const PRODUCTS: u32 = 10;
const PLANS_OF_PRODUCT: u32 = 24;
const MOVED: u64 = 10_000;
const SHORT_SEATS: u64 = 60_000;

/// Users have segments of ordinals, between those of devices.
const SEGMENT: u32 = 1 << 16;

fn licenses(criterion: &mut Criterion) {
    let ids = Ids::new();
    let mut group = criterion.benchmark_group("licenses");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    let town = Town::new(alike);
    group.throughput(Throughput::Elements(town.memberships()));
    let first = town.first_run();
    group.bench_function("first", |bencher| {
        bencher.iter_batched_ref(
            || town.tenant.clone(),
            |tenant| apply(tenant, &first, &ids),
            BatchSize::PerIteration,
        );
    });
    let mut tenant = town.tenant.clone();
    apply(&mut tenant, &first, &ids);
    group.throughput(Throughput::Elements(MOVED));
    let moved = town.moved(MOVED);
    group.bench_function("moved", |bencher| {
        bencher.iter_batched_ref(
            || tenant.clone(),
            |tenant| apply(tenant, &moved, &ids),
            BatchSize::PerIteration,
        );
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("one-user", |bencher| {
        let mut tenant = tenant.clone();
        let mut turns = 0_u64;
        bencher.iter_custom(|rounds| {
            let events: Vec<[Event; 1]> = (0..rounds).map(|round| [town.turn(turns + round)]).collect();
            turns += rounds;
            let start = Instant::now();
            for event in &events {
                apply(&mut tenant, event, &ids);
            }
            start.elapsed()
        });
    });

    group.throughput(Throughput::Elements(town.memberships()));
    let short = [vec![town.seats(0, SHORT_SEATS)], town.first_run()].concat();
    group.bench_function("short/first-run", |bencher| {
        bencher.iter_batched_ref(
            || town.tenant.clone(),
            |tenant| apply(tenant, &short, &ids),
            BatchSize::PerIteration,
        );
    });
    group.throughput(Throughput::Elements(town.members[0].len()));
    let (others, late) = town.first_run_but_one();
    let mut tenant = town.tenant.clone();
    apply(&mut tenant, &[vec![town.seats(0, SHORT_SEATS)], others].concat(), &ids);
    group.bench_function("short/one-group", |bencher| {
        bencher.iter_batched_ref(
            || tenant.clone(),
            |tenant| apply(tenant, &late, &ids),
            BatchSize::PerIteration,
        );
    });
    let town = Town::new(apart);
    group.throughput(Throughput::Elements(town.memberships()));
    let first = town.first_run();
    group.bench_function("first-apart", |bencher| {
        bencher.iter_batched_ref(
            || town.tenant.clone(),
            |tenant| apply(tenant, &first, &ids),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn apply(tenant: &mut Tenant, events: &[Event], ids: &Ids) {
    let batch = tenant.apply(events, ids).expect("no guard is set");
    assert!(batch.refused.is_empty() && !batch.changes.is_empty());
    black_box(batch);
}

/// A tenant in which nobody has anything yet, and who is to be in its groups.
struct Town {
    tenant: Tenant,
    members: Vec<RoaringBitmap>,
}

impl Town {
    fn new(is_member: fn(u32, u32) -> bool) -> Self {
        let skus: Vec<Sku> = (0..PRODUCTS).map(sku).collect();
        let policy = LicensingPolicy::default();
        let mut tenant = Tenant::new(Catalog::new(&skus, &policy), policy, Country::new("NO"));
        for group in 0..GROUPS {
            tenant.add_group(Group::new(guid("group", group), true));
        }
        for (place, country) in ["NO", "SE", "DK", "FI"].into_iter().enumerate() {
            let here = (0..USERS).filter(|user| mix(*user, 7) % 4 == place as u64).map(ordinal);
            tenant.set_users(&here.collect(), Arc::new(User::new(Country::new(country))));
        }
        let members = (0..GROUPS)
            .map(|group| (0..USERS).filter(|user| is_member(group, *user)).map(ordinal).collect())
            .collect();
        Self { tenant, members }
    }

    fn memberships(&self) -> u64 {
        self.members.iter().map(RoaringBitmap::len).sum()
    }

    /// All templates are set and all members come.
    fn first_run(&self) -> Vec<Event> {
        let (mut all, late) = self.first_run_but_one();
        all.extend(late);
        all
    }

    /// The same, with the first group, the only one with the first product, apart.
    fn first_run_but_one(&self) -> (Vec<Event>, Vec<Event>) {
        let mut events: Vec<Event> = Vec::new();
        let mut late: Vec<Event> = Vec::new();
        for (group, members) in (0..).zip(&self.members) {
            let part = if group == 0 { &mut late } else { &mut events };
            let sequence = u64::from(group) * 2 + 1;
            let (group, add) = (GroupIndex(group), self.template(group));
            part.push(event(sequence, EventKind::GroupTemplateSet { group, add, remove: Vec::new() }));
            let (added, removed) = (members.clone(), RoaringBitmap::new());
            part.push(event(sequence + 1, EventKind::MembersChanged { group, added, removed }));
        }
        (events, late)
    }

    fn template(&self, group: u32) -> BTreeMap<dyngroup::licensing::catalog::SkuIndex, PlanSet> {
        let rest = PRODUCTS - 1;
        let products = if group == 0 { vec![0] } else { vec![1 + group % rest, 1 + (group * 7 + 3) % rest] };
        let products = products.into_iter().take(1 + group as usize % 3 / 2 * usize::from(group > 0));
        let sku = |product| self.tenant.catalog().find_sku(&guid("sku", product)).expect("a product");
        let off = self.tenant.catalog().find_plan(&guid("plan", group % 5)).expect("a plan");
        let disabled = |sku| -> PlanSet {
            [off].into_iter().filter(|plan| self.tenant.catalog().plans_of(sku).contains(*plan)).collect()
        };
        products.map(|product| (sku(product), disabled(sku(product)))).collect()
    }

    /// So many members come or go, spread over all groups.
    fn moved(&self, count: u64) -> Vec<Event> {
        let mut turns: Vec<(RoaringBitmap, RoaringBitmap)> = vec![Default::default(); GROUPS as usize];
        for number in 0..count {
            let user =
                ordinal(u32::try_from(mix(u32::try_from(number).unwrap(), 31) % u64::from(USERS)).unwrap());
            let group = usize::try_from(number % u64::from(GROUPS)).unwrap();
            let turn = &mut turns[group];
            if self.members[group].contains(user) {
                turn.1.insert(user)
            } else {
                turn.0.insert(user)
            };
        }
        let kind = |(group, (added, removed))| EventKind::MembersChanged {
            group: GroupIndex(group),
            added,
            removed,
        };
        (0..).zip(turns).map(kind).zip(1_000..).map(|(kind, sequence)| event(sequence, kind)).collect()
    }

    /// A user comes and, in the turn after that, goes.
    fn turn(&self, number: u64) -> Event {
        let user = ordinal(u32::try_from(number / 2 * 7_919 % u64::from(USERS)).unwrap());
        let group = (0..GROUPS).find(|group| !self.members[*group as usize].contains(user)).expect("a group");
        let (one, none) = (RoaringBitmap::from_iter([user]), RoaringBitmap::new());
        let (added, removed) = if number.is_multiple_of(2) { (one, none) } else { (none, one) };
        event(1_000_000 + number, EventKind::MembersChanged { group: GroupIndex(group), added, removed })
    }

    /// A product has so many seats from now on.
    fn seats(&self, product: u32, total: u64) -> Event {
        let sku = self.tenant.catalog().find_sku(&guid("sku", product)).expect("a product");
        let id = self.tenant.catalog().product(sku).expect("a product").subscriptions[0].id.clone();
        let subscription = Subscription { id, status: SubscriptionStatus::Enabled, total };
        event(0, EventKind::SubscriptionChanged { sku, subscription })
    }
}

fn event(sequence: u64, kind: EventKind) -> Event {
    let second = i64::try_from(sequence).expect("few events");
    let time = Timestamp::from_second(1_767_225_600 + second).expect("a time of this century");
    Event { id: format!("event-{sequence}"), sequence, time, actor: "sync".to_owned(), kind }
}

/// A group stands for some departments, some countries or some jobs.
fn alike(group: u32, user: u32) -> bool {
    let (of, number) = match group % 5 {
        0 | 1 => (30, 1),
        2 | 3 => (20, 2),
        _ => (16, 3),
    };
    let value = u32::try_from(mix(user, number) % of).expect("few values");
    mix(value, 100 + group).is_multiple_of(10) || u64::from(group) % of == u64::from(value)
}

fn apart(group: u32, user: u32) -> bool {
    mix(user, 100 + group).is_multiple_of(10)
}

fn ordinal(user: u32) -> u32 {
    user + user / SEGMENT * SEGMENT
}

/// Ids as GUIDs, by ordinal.
struct Ids(Vec<String>);

impl Ids {
    fn new() -> Self {
        let last = ordinal(USERS - 1);
        Self((0..=last).map(|ordinal| guid("user", ordinal)).collect())
    }
}

impl UserIds for Ids {
    fn id(&self, user: UserIndex) -> &str {
        &self.0[user.0 as usize]
    }
}

fn sku(product: u32) -> Sku {
    let plan = |at: u32| ServicePlan {
        // Neighbours share a third of their plans.
        service_plan_id: guid("plan", product * (PLANS_OF_PRODUCT * 2 / 3) + at),
        service_plan_name: None,
        applies_to: None,
        provisioning_status: None,
    };
    Sku {
        sku_id: guid("sku", product),
        sku_part_number: format!("PRODUCT_{product}"),
        applies_to: None,
        capability_status: None,
        prepaid_units: PrepaidUnits { enabled: u64::from(USERS) * 2, ..PrepaidUnits::default() },
        consumed_units: 0,
        service_plans: (0..PLANS_OF_PRODUCT).map(plan).collect(),
        subscription_ids: Vec::new(),
        line: 1,
    }
}

fn guid(kind: &str, number: u32) -> String {
    let (high, low) = (mix(number, u32::from(kind.as_bytes()[0])), mix(number, 50));
    format!("{:08x}-{:04x}-4000-8000-{:012x}", high >> 32, high & 0xffff, low & 0xffff_ffff_ffff)
}

/// Numbers that look like chance and are the same every time.
fn mix(number: u32, salt: u32) -> u64 {
    let mut mixed = u64::from(number) << 32 | u64::from(salt);
    for factor in [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb_u64] {
        mixed = (mixed ^ mixed >> 29).wrapping_mul(factor);
    }
    mixed ^ mixed >> 32
}

criterion_group!(benches, licenses);
criterion_main!(benches);
