//! Rules and the objects that they are evaluated over.

use arbitrary::Arbitrary;
use dyngroup::base::fold::fold;
use dyngroup::directory::object::{AssignedPlan, Object, Value};
use dyngroup::engine::world::{Relations, VersionOrder};
use dyngroup::language::attribute::Subject;
use dyngroup::language::literal;
use dyngroup::language::typed::Reach;
use jiff::Timestamp;

use crate::condition::{Condition, Tree};
use crate::values::{Instant, Text, pick};

/// The ids of the objects, in their order. Rules name them as managers and in comparisons.
pub(crate) const IDS: &[&str] =
    &["M", "sales", "HR", "G1", "a", "b", "ab", "Enabled", "é", "10", "ales", "x y"];

pub(crate) const GROUPS: &[&str] = &["G1", "g2", "G2", "g3", "a"];

/// Some rules about users or devices, some of these, and what is known of them.
#[derive(Arbitrary, Debug)]
pub struct Case {
    devices: bool,
    version_order: Option<bool>,
    // As many as it takes to share and to differ.
    rules: [Tree<Condition>; 3],
    objects: [MadeUp; 6],
}

/// An object: a value or none for each attribute of the names.
#[derive(Arbitrary, Debug)]
struct MadeUp {
    texts: [Option<Text>; 5],
    version: Option<Text>,
    booleans: [Option<bool>; 2],
    date: Option<Instant>,
    collections: [Option<Vec<Text>>; 2],
    plans: Option<Vec<[Option<Text>; 3]>>,
    manager: Option<u8>,
    /// The groups of [`GROUPS`] that it is in, a bit for each.
    groups: u8,
}

/// The attributes that rules and objects use.
pub(crate) struct Names {
    pub(crate) subject: Subject,
    pub(crate) texts: &'static [&'static str],
    pub(crate) booleans: &'static [&'static str],
    pub(crate) dates: &'static [&'static str],
    pub(crate) collections: &'static [&'static str],
}

const USER: Names = Names {
    subject: Subject::User,
    texts: &[
        "department",
        "city",
        "userType",
        "displayName",
        "extension_c272a57b722d4eb29bfe327874ae79cb_team",
    ],
    booleans: &["accountEnabled", "dirSyncEnabled"],
    dates: &["employeeHireDate"],
    collections: &["otherMails", "proxyAddresses"],
};

const DEVICE: Names = Names {
    subject: Subject::Device,
    texts: &["deviceOwnership", "deviceOSType", "displayName", "managementType", "extensionAttribute1"],
    booleans: &["accountEnabled", "isRooted"],
    // A device has no date: such a condition refuses its rule.
    dates: &["employeeHireDate"],
    collections: &["devicePhysicalIds", "systemLabels"],
};

/// What `system.now` stands for: `2026-01-15T00:00:00Z`.
///
/// # Panics
/// Never: the instant is one.
pub fn now() -> Timestamp {
    literal::instant("2026-01-15T00:00:00Z").expect("an instant")
}

impl Case {
    /// The texts of the rules, in the dialect `extended`. Not all of them are accepted.
    pub fn rules(&self) -> Vec<String> {
        let text = |rule: &Tree<Condition>| rule.text(&|condition: &Condition| condition.text(self.names()));
        self.rules.iter().map(text).collect()
    }

    /// The objects, each with an id of its own.
    pub fn objects(&self) -> Vec<Object> {
        IDS.iter().zip(&self.objects).map(|(id, made_up)| made_up.object(id, self.names())).collect()
    }

    /// Memberships, managers and the choices of the caller.
    pub fn world(&self) -> World {
        let version_order =
            self.version_order.map(|whole| if whole { VersionOrder::Ordinal } else { VersionOrder::Version });
        let known = |(id, made_up): (&&'static str, &MadeUp)| Known {
            id,
            manager: made_up.manager.map(|manager| pick(IDS, manager)).filter(|_| !self.devices),
            groups: made_up.groups,
        };
        World { version_order, objects: IDS.iter().zip(&self.objects).map(known).collect() }
    }

    fn names(&self) -> &'static Names {
        if self.devices { &DEVICE } else { &USER }
    }
}

impl MadeUp {
    fn object(&self, id: &str, names: &Names) -> Object {
        let mut object = Object::new(id);
        let mut set = |name: &'static str, value: Option<Value>| object.set(name, value.unwrap_or_default());
        for (name, text) in names.texts.iter().zip(&self.texts) {
            set(name, text.as_ref().map(|text| Value::Text(text.text())));
        }
        for (name, value) in names.booleans.iter().zip(self.booleans) {
            set(name, value.map(Value::Boolean));
        }
        for (name, items) in names.collections.iter().zip(&self.collections) {
            set(name, items.as_ref().map(|items| Value::Texts(items.iter().map(Text::text).collect())));
        }
        if names.subject == Subject::Device {
            set("deviceOSVersion", self.version.as_ref().map(|text| Value::Text(text.text())));
            return object;
        }
        set("employeeHireDate", self.date.as_ref().map(|date| Value::Instant(date.timestamp())));
        set("assignedPlans", self.plans.as_ref().map(|plans| Value::Plans(plans.iter().map(plan).collect())));
        object.set_manager(self.manager.map(|manager| pick(IDS, manager).to_lowercase()));
        object
    }
}

fn plan(fields: &[Option<Text>; 3]) -> AssignedPlan {
    let [service, service_plan_id, capability_status] =
        fields.each_ref().map(|field| field.as_ref().map(Text::text));
    AssignedPlan { service, service_plan_id, capability_status }
}

/// Everything outside of the evaluated object.
#[derive(Debug)]
pub struct World {
    /// How versions are ordered, where it is chosen.
    pub version_order: Option<VersionOrder>,
    objects: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    id: &'static str,
    manager: Option<&'static str>,
    groups: u8,
}

impl World {
    fn find(&self, id: &str) -> Option<&Known> {
        let id = fold(id);
        self.objects.iter().find(|known| fold(known.id) == id)
    }
}

impl Relations for World {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let group = fold(group);
        let Some(known) = self.find(object) else { return false };
        let at = GROUPS.iter().position(|known| fold(known) == group);
        // The groups after a group are nested in it.
        at.is_some_and(|at| match reach {
            Reach::Direct => known.groups >> at & 1 == 1,
            Reach::Transitive => known.groups >> at != 0,
        })
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.find(user)?.manager
    }
}
