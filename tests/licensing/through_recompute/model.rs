//! What a tenant is at a step of a scenario, and what the events of a step make of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::scenario::Scenario;
use super::super::world::{SEATS, names};
use super::products::{Products, Version};

/// A tenant that can be written as a folder.
#[derive(Clone)]
pub(super) struct Model {
    pub(super) policy: String,
    pub(super) country: Option<String>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) devices: Vec<String>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) products: Products,
    /// By product, then by name: the state, and how many seats.
    pub(super) subscriptions: BTreeMap<String, BTreeMap<String, (String, u64)>>,
}

#[derive(Clone, Default)]
pub(super) struct User {
    pub(super) location: Option<String>,
    pub(super) is_address_taken: bool,
    pub(super) direct: Version,
    /// What the user is told to hold of groups before the first run; with it direct licenses are told as states.
    pub(super) held: Option<Vec<Held>>,
    /// What rules look at.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) is_deleted: bool,
}

/// An assignment of a group that is there before the first run.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) group: String,
    pub(super) product: String,
    pub(super) disabled: BTreeSet<String>,
    pub(super) state: String,
    pub(super) error: String,
}

#[derive(Clone, Default)]
pub(super) struct Group {
    pub(super) template: Version,
    pub(super) members: BTreeSet<String>,
    pub(super) is_ineligible: bool,
    pub(super) is_unified: bool,
    pub(super) rule: Option<String>,
}

/// What is asked for beside what the folder tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Days pass.
    Days(i64),
    /// The arguments of `licenses reprocess`.
    Reprocess(Vec<String>),
    /// A user comes back.
    Restored(String),
}

/// Events whose first word is a group.
const OF_GROUPS: [&str; 5] = ["template", "join", "leave", "delete-group", "rule"];

impl Model {
    /// All users and groups that a scenario names, empty but for templates that are there before anything else.
    pub(super) fn of(scenario: &Scenario, lines: &[String]) -> Self {
        let (ours, products) = (&scenario.recompute, Products::all());
        let of_groups = lines.iter().filter_map(|line| {
            let (word, rest) = line.split_once(' ')?;
            OF_GROUPS.contains(&word).then(|| rest.split_whitespace().next())?
        });
        let known = scenario.ineligible.iter().chain(scenario.imported.keys()).map(String::as_str);
        let group = |name: &str| Group {
            template: scenario.imported.get(name).map(|text| products.version(text)).unwrap_or_default(),
            is_ineligible: scenario.ineligible.iter().any(|one| one == name),
            is_unified: ours.unified.iter().any(|one| one == name),
            ..Group::default()
        };
        let groups: BTreeMap<String, Group> =
            of_groups.chain(known).map(|name| (name.to_owned(), group(name))).collect();
        let is_user = |name: &String| {
            !groups.contains_key(name) && !ours.devices.contains(name) && !ours.contacts.contains(name)
        };
        let user = User { location: Some("NO".to_owned()), ..User::default() };
        let users = lines.iter().flat_map(|line| users_of(line)).filter(is_user);
        let users = users.map(|name| (name, user.clone())).collect();
        let seats = BTreeMap::from([("s".to_owned(), ("Enabled".to_owned(), SEATS))]);
        let subscriptions = products.0.keys().map(|name| (name.clone(), seats.clone())).collect();
        let guards = if ours.guarded { "\n[guards]\nenabled = false\n" } else { "" };
        Self {
            policy: format!("{}{guards}", scenario.policy),
            country: scenario.country.clone(),
            users,
            devices: ours.devices.clone(),
            groups,
            products,
            subscriptions,
        }
    }

    /// Does what a line says; gives what has to be asked for.
    pub(super) fn apply(&mut self, line: &str) -> Vec<Asked> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match word {
            // What was told before says nothing new in a folder.
            "again" => {}
            "template" => {
                let (group, template) = rest.split_once('=').unwrap();
                // One that was deleted can come back.
                let template = self.products.version(template);
                self.groups.entry(group.trim().to_owned()).or_default().template = template;
            }
            "join" => self.group(words[0]).members.extend(names(&words[1..])),
            "leave" => names(&words[1..]).iter().for_each(|name| {
                self.group(words[0]).members.remove(name);
            }),
            "rule" => {
                let (group, rule) = rest.split_once('=').unwrap();
                let group = self.group(group.trim());
                group.rule = Some(rule.trim().to_owned());
                group.members.clear();
            }
            "set" => names(&words[..1]).iter().for_each(|name| {
                self.user(name).attributes.insert(words[1].to_owned(), words[2].to_owned());
            }),
            "delete-group" => {
                self.groups.remove(words[0]);
            }
            "direct" => self.direct(&words, rest),
            "held" => self.hold(&words[..1], rest),
            "pool" => self.subscription(words[0], "s", &words[2..]),
            "subscription" => self.subscription(words[0], words[1], &words[3..]),
            "location" => {
                self.user(words[0]).location = (words[1] != "none").then(|| words[1].to_owned());
            }
            "address" => self.user(words[0]).is_address_taken = words[1] == "taken",
            "delete-user" => self.user(words[0]).is_deleted = true,
            "restore-user" => {
                self.user(words[0]).is_deleted = false;
                return vec![Asked::Restored(words[0].to_owned())];
            }
            "product" => self.product(words[0], words[1] == "+", &words[2..]),
            "reprocess" => return vec![Asked::Reprocess(reprocess(&words))],
            "policy" => self.policy = format!("[licensing]\n{rest}\n"),
            "country" => self.country = Some(words[0].to_owned()),
            "kind" => self.group(words[0]).is_ineligible = words[1] == "ineligible",
            "tick" => return vec![Asked::Days(words[0].strip_suffix('d').unwrap().parse().unwrap())],
            _ => panic!("no such event: {line}"),
        }
        Vec::new()
    }

    /// The users who are deleted.
    pub(super) fn deleted(&self) -> BTreeSet<&str> {
        let deleted = self.users.iter().filter(|(_, user)| user.is_deleted);
        deleted.map(|(name, _)| name.as_str()).collect()
    }

    /// Whether a group has another rule than in `before`: rules may look at what nobody looked at so far.
    pub(super) fn has_other_rules(&self, before: &Self) -> bool {
        let rules = |model: &Self| -> Vec<Option<String>> {
            model.groups.values().map(|group| group.rule.clone()).collect()
        };
        rules(self) != rules(before)
    }

    fn user(&mut self, name: &str) -> &mut User {
        self.users.get_mut(name).unwrap_or_else(|| panic!("no user {name}"))
    }

    fn group(&mut self, name: &str) -> &mut Group {
        self.groups.get_mut(name).unwrap_or_else(|| panic!("no group {name}"))
    }

    fn direct(&mut self, words: &[&str], rest: &str) {
        let version = self.products.version(rest.split_once(' ').unwrap().1.get(1..).unwrap());
        for name in names(&words[..1]) {
            let direct = &mut self.user(&name).direct;
            if words[1].starts_with('+') {
                direct.extend(version.clone());
            } else {
                direct.retain(|product, _| !version.contains_key(product));
            }
        }
    }

    /// `u1..u5 HR Error CountViolation: E3 -SWAY`.
    fn hold(&mut self, who: &[&str], rest: &str) {
        let (words, product) = rest.split_once(':').unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        let version = self.products.version(product);
        for user in names(who) {
            let user = self.user(&user);
            let held = user.held.get_or_insert_default();
            if words[1] == "direct" {
                user.direct.extend(version.clone());
                continue;
            }
            held.extend(version.iter().map(|(product, disabled)| Held {
                group: words[1].to_owned(),
                product: product.clone(),
                disabled: disabled.clone(),
                state: words[2].to_owned(),
                error: words.get(3).map_or("None", |word| word).to_owned(),
            }));
        }
    }

    fn subscription(&mut self, product: &str, name: &str, words: &[&str]) {
        let status = words.get(1).map_or("Enabled", |word| word).to_owned();
        let subscriptions = self.subscriptions.get_mut(product).unwrap();
        if status == "Deleted" {
            subscriptions.remove(name);
        } else {
            subscriptions.insert(name.to_owned(), (status, words[0].parse().unwrap()));
        }
    }

    fn product(&mut self, name: &str, adds: bool, plans: &[&str]) {
        let product = self.products.0.get_mut(name).unwrap();
        for plan in plans {
            if adds {
                product.plans.insert((*plan).to_owned(), Products::plan(plan));
            } else {
                product.plans.remove(*plan);
            }
        }
    }
}

/// The users that a line names, and members that may be something else.
fn users_of(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["join" | "leave", _, ref who @ ..] => names(who),
        ["direct" | "location" | "address" | "delete-user" | "restore-user" | "set" | "held", who, ..]
        | ["reprocess", "user", who] => names(&[who]),
        _ => Vec::new(),
    }
}

fn reprocess(words: &[&str]) -> Vec<String> {
    match *words {
        ["errors"] => vec!["--errors".to_owned()],
        [kind, name] => vec![format!("--{kind}"), name.to_owned()],
        _ => panic!("no such reprocessing: {words:?}"),
    }
}
