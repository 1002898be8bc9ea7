//! A tenant with names, and events as words.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use dyngroup::directory::policy::Policy;
use dyngroup::directory::sku::{PrepaidUnits, ServicePlan, Sku};
use dyngroup::licensing::batch::{Batch, GuardStop};
use dyngroup::licensing::catalog::{Catalog, Country, SkuIndex};
use dyngroup::licensing::event::{Event, EventKind, Reprocess};
use dyngroup::licensing::intent::{Group, GroupIndex, Moment, TemplateEntry, User, UserIndex, Version};
use dyngroup::licensing::outcome::{Record, Source};
use dyngroup::licensing::plan_set::{PlanIndex, PlanSet};
use dyngroup::licensing::policy::LicensingPolicy;
use dyngroup::licensing::pool::{Subscription, SubscriptionStatus};
use dyngroup::licensing::tenant::{Tenant, UserIds};
use jiff::{SignedDuration, Timestamp};
use roaring::RoaringBitmap;

/// A tenant whose users, groups and products go by short names.
#[derive(Clone)]
pub(super) struct World {
    pub(super) tenant: Tenant,
    users: BTreeMap<String, UserIndex>,
    pub(super) names: Names,
    groups: BTreeMap<String, GroupIndex>,
    sequence: u64,
    now: Timestamp,
    last: Option<Event>,
}

/// The names of users, by the order in which they came; every third ordinal is a user's.
#[derive(Clone, Default)]
pub(super) struct Names(Vec<String>);

impl UserIds for Names {
    fn id(&self, user: UserIndex) -> &str {
        &self.0[user.0 as usize / 3]
    }
}

/// Seats of each product where a scenario says nothing.
pub(super) const SEATS: u64 = 10_000;

/// The products by their short names.
pub(super) static PRODUCTS: LazyLock<toml::Table> =
    LazyLock::new(|| toml::from_str(include_str!("products.toml")).unwrap());

impl World {
    /// `policy` is the text of a policy file.
    pub(super) fn new(policy: &str, country: Option<&str>) -> Self {
        let policy = LicensingPolicy::read(&Policy::of_text("policy.toml", policy).unwrap()).unwrap();
        let skus: Vec<Sku> = PRODUCTS.iter().map(|(_, product)| sku(product)).collect();
        let country = country.map(|country| Country::new(country).unwrap());
        Self {
            tenant: Tenant::new(Catalog::new(&skus, &policy), policy, country),
            users: BTreeMap::new(),
            names: Names::default(),
            groups: BTreeMap::new(),
            sequence: 0,
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            last: None,
        }
    }

    pub(super) fn user(&mut self, name: &str) -> UserIndex {
        if let Some(known) = self.users.get(name) {
            return *known;
        }
        let index = UserIndex(u32::try_from(self.names.0.len()).unwrap() * 3 + 1);
        self.names.0.push(name.to_owned());
        let user = User::new(Country::new("NO"));
        self.tenant.set_users(&[index.0].into_iter().collect(), Arc::new(user));
        self.users.insert(name.to_owned(), index);
        index
    }

    pub(super) fn group(&mut self, name: &str) -> GroupIndex {
        self.group_of_kind(name, true)
    }

    pub(super) fn group_of_kind(&mut self, name: &str, is_eligible: bool) -> GroupIndex {
        if let Some(known) = self.groups.get(name) {
            return *known;
        }
        let index = self.tenant.add_group(Group::new(name, is_eligible));
        self.groups.insert(name.to_owned(), index);
        index
    }

    /// A group whose template nobody checked.
    pub(super) fn import_group(&mut self, name: &str, template: &str) {
        let since = Moment { sequence: 0, time: self.now };
        let template = self.version(template).into_iter();
        let mut group = Group::new(name, true);
        group.template = template.map(|(sku, disabled)| (sku, TemplateEntry { disabled, since })).collect();
        let index = self.tenant.add_group(group);
        self.groups.insert(name.to_owned(), index);
    }

    pub(super) fn sku(&mut self, name: &str) -> SkuIndex {
        let id = PRODUCTS.get(name).map_or(name, |product| product["id"].as_str().unwrap());
        self.tenant.sku(id)
    }

    /// A plan by its name; one that no product has is made up.
    pub(super) fn plan(&mut self, name: &str) -> PlanIndex {
        let of =
            |product: &toml::Value| product["plans"].get(name).and_then(|id| Some(id.as_str()?.to_owned()));
        let id = PRODUCTS.values().find_map(of);
        self.tenant.plan(id.as_deref().unwrap_or(name), Some(name))
    }

    /// `E3 -YAMMER, EMS` or `E3 only EXCHANGE`.
    pub(super) fn version(&mut self, text: &str) -> Version {
        let products: Vec<&str> = text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect();
        products
            .into_iter()
            .map(|product| {
                let mut words = product.split_whitespace();
                let sku = self.sku(words.next().unwrap());
                let words: Vec<&str> = words.collect();
                let disabled = match words.split_first() {
                    Some((&"only", kept)) => {
                        let kept: PlanSet = kept.iter().map(|plan| self.plan(plan)).collect();
                        self.tenant.catalog().plans_of(sku).minus(&kept)
                    }
                    _ => words.iter().map(|plan| self.plan(plan.strip_prefix('-').unwrap())).collect(),
                };
                (sku, disabled)
            })
            .collect()
    }

    /// The events that a line stands for.
    pub(super) fn events(&mut self, line: &str) -> Vec<Event> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        let kinds = match word {
            "again" => return vec![self.last.clone().unwrap()],
            "template" => {
                let (group, template) = rest.split_once('=').unwrap();
                let group = self.group(group.trim());
                let add = self.version(template);
                let known = self.tenant.group(group).unwrap().template.keys().copied();
                let remove = known.filter(|sku| !add.contains_key(sku)).collect();
                vec![EventKind::GroupTemplateSet { group, add, remove }]
            }
            "join" | "leave" => {
                let group = self.group(words[0]);
                let users: Vec<UserIndex> = names(&words[1..]).iter().map(|name| self.user(name)).collect();
                let kind = |user: UserIndex| {
                    let (one, none) = (RoaringBitmap::from_iter([user.0]), RoaringBitmap::new());
                    let (added, removed) = if word == "join" { (one, none) } else { (none, one) };
                    EventKind::MembersChanged { group, added, removed }
                };
                users.into_iter().map(kind).collect()
            }
            "delete-group" => vec![EventKind::GroupDeleted(self.group(words[0]))],
            "direct" => {
                let products = rest.split_once([' ']).unwrap().1.get(1..).unwrap();
                let version = self.version(products);
                let users: Vec<UserIndex> = names(&words[..1]).iter().map(|name| self.user(name)).collect();
                let adds = words[1].starts_with('+');
                let kind = |user| {
                    let (add, remove) = if adds {
                        (version.clone(), Vec::new())
                    } else {
                        (Version::new(), version.keys().copied().collect())
                    };
                    EventKind::DirectSet { user, add, remove }
                };
                users.into_iter().map(kind).collect()
            }
            "pool" => vec![self.subscription(words[0], "s", &words[2..])],
            "subscription" => vec![self.subscription(words[0], words[1], &words[3..])],
            "location" => {
                vec![EventKind::UsageLocationChanged([self.user(words[0]).0].into(), Country::new(words[1]))]
            }
            "address" => {
                vec![EventKind::AddressConflictChanged([self.user(words[0]).0].into(), words[1] == "taken")]
            }
            "delete-user" => vec![EventKind::UserSoftDeleted(self.user(words[0]))],
            "restore-user" => vec![EventKind::UserRestored(self.user(words[0]))],
            "purge-user" => vec![EventKind::UserHardDeleted(self.user(words[0]))],
            "product" => {
                let sku = self.sku(words[0]);
                let plans: Vec<PlanIndex> = words[2..].iter().map(|name| self.plan(name)).collect();
                let (add, remove) = if words[1] == "+" { (plans, Vec::new()) } else { (Vec::new(), plans) };
                vec![EventKind::CatalogChanged { sku, add, remove }]
            }
            "reprocess" => vec![EventKind::Reprocess(match words[0] {
                "user" => Reprocess::Users([self.user(words[1]).0].into()),
                "group" => Reprocess::Group(self.group(words[1])),
                _ => Reprocess::Errors,
            })],
            "tick" => {
                let days: i64 = words[0].strip_suffix('d').unwrap().parse().unwrap();
                self.now = self.now.checked_add(SignedDuration::from_hours(24 * days)).unwrap();
                vec![EventKind::Tick]
            }
            _ => panic!("no such event: {line}"),
        };
        kinds.into_iter().map(|kind| self.event(kind)).collect()
    }

    /// As [`Tenant::evaluate`].
    pub(super) fn evaluate(&self, events: &[Event]) -> Result<Batch, GuardStop> {
        self.tenant.evaluate(events, &self.names)
    }

    /// As [`Tenant::apply`].
    pub(super) fn apply(&mut self, events: &[Event]) -> Result<Batch, GuardStop> {
        self.tenant.apply(events, &self.names)
    }

    /// An hour passes.
    pub(super) fn wait(&mut self) {
        self.now = self.now.checked_add(SignedDuration::from_hours(1)).unwrap();
    }

    pub(super) fn event(&mut self, kind: EventKind) -> Event {
        self.sequence += 1;
        let (sequence, time) = (self.sequence, self.now);
        let event = Event { id: format!("e{sequence}"), sequence, time, actor: "admin".to_owned(), kind };
        self.last = Some(event.clone());
        event
    }

    fn subscription(&mut self, product: &str, id: &str, words: &[&str]) -> EventKind {
        let sku = self.sku(product);
        let own = if id == "s" {
            format!("{}-Enabled", self.tenant.catalog().product(sku).unwrap().sku_id)
        } else {
            id.to_owned()
        };
        let status = words
            .get(1)
            .map_or(SubscriptionStatus::Enabled, |word| SubscriptionStatus::from_word(word).unwrap());
        let total = words[0].parse().unwrap();
        EventKind::SubscriptionChanged { sku, subscription: Subscription { id: own, status, total } }
    }

    pub(super) fn sku_name(&self, sku: SkuIndex) -> String {
        let id = &self.tenant.catalog().product(sku).unwrap().sku_id;
        let known = PRODUCTS.iter().find(|(_, product)| product["id"].as_str() == Some(id));
        known.map_or_else(|| id.clone(), |(name, _)| name.clone())
    }

    pub(super) fn plan_names(&self, plans: &PlanSet) -> Vec<String> {
        let catalog = self.tenant.catalog();
        let mut names: Vec<String> =
            plans.iter().map(|plan| catalog.plan_at(plan).unwrap().name.clone().unwrap()).collect();
        names.sort();
        names
    }

    /// `E3 -YAMMER` or `E3 only EXCHANGE`, whichever is shorter.
    pub(super) fn version_text(&self, sku: SkuIndex, disabled: &PlanSet) -> String {
        let all = self.tenant.catalog().plans_of(sku);
        let kept = all.minus(disabled);
        let disabled = disabled.intersection(&all);
        let mut text = self.sku_name(sku);
        if kept.len() < disabled.len() {
            text.push_str(" only");
            self.plan_names(&kept).iter().for_each(|plan| text.push_str(&format!(" {plan}")));
        } else {
            self.plan_names(&disabled).iter().for_each(|plan| text.push_str(&format!(" -{plan}")));
        }
        text
    }

    pub(super) fn record_text(&self, record: &Record) -> String {
        let source = match record.source {
            Source::Direct => "direct",
            Source::Group(group) => &self.tenant.group(group).unwrap().id,
        };
        let mut text = format!("{source} {}", record.state.word());
        if let Some(code) = record.error {
            text.push_str(&format!(" {}", code.word()));
        }
        if record.pending_removal {
            text.push_str(" pending");
        }
        text.push_str(&format!(": {}", self.version_text(record.sku, &record.disabled)));
        for plan in self.plan_names(&record.held_back) {
            text.push_str(&format!(" held:{plan}"));
        }
        text
    }
}

/// Names, with `u01..u20` for all from the first to the last.
pub(super) fn names(words: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for word in words {
        match word.split_once("..") {
            None => all.push((*word).to_owned()),
            Some((first, last)) => {
                let digits = first.trim_start_matches(|c: char| !c.is_ascii_digit());
                let prefix = &first[..first.len() - digits.len()];
                let (from, to): (u32, u32) = (digits.parse().unwrap(), last[prefix.len()..].parse().unwrap());
                all.extend(
                    (from..=to).map(|number| format!("{prefix}{number:0width$}", width = digits.len())),
                );
            }
        }
    }
    all
}

fn sku(product: &toml::Value) -> Sku {
    let plans = product["plans"].as_table().unwrap().iter();
    let plan = |(name, id): (&String, &toml::Value)| ServicePlan {
        service_plan_id: id.as_str().unwrap().to_owned(),
        service_plan_name: Some(name.clone()),
        applies_to: Some("User".to_owned()),
        provisioning_status: None,
    };
    Sku {
        sku_id: product["id"].as_str().unwrap().to_owned(),
        sku_part_number: product["part_number"].as_str().unwrap().to_owned(),
        applies_to: Some("User".to_owned()),
        capability_status: Some("Enabled".to_owned()),
        prepaid_units: PrepaidUnits { enabled: SEATS, ..PrepaidUnits::default() },
        consumed_units: 0,
        service_plans: plans.map(plan).collect(),
        subscription_ids: Vec::new(),
        line: 0,
    }
}
