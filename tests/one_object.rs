//! The machine for single objects says what the oracle says, errors included, and its changes are the
//! differences of two oracle evaluations.

use std::collections::{BTreeMap, BTreeSet};

use dyngroup::base::fold::fold;
use dyngroup::base::limits::RULE_LENGTH_MAX_UTF16;
use dyngroup::directory::object::{AssignedPlan, Object, Value};
use dyngroup::engine::oracle::{self, EvaluationError};
use dyngroup::engine::single::{Change, SingleMachine, Verdict};
use dyngroup::engine::world::{Relations, VersionOrder, World};
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::typed::{Reach, TypedRule};
use dyngroup::program::verify::verify;
use dyngroup::program::{Optimise, emit};
use proptest::prelude::*;
use proptest::sample::select;

use crate::generate;
use crate::machines::cases;

/// Who is where, by folded ids.
#[derive(Clone, Debug, Default)]
struct Related {
    members: BTreeSet<(String, String, bool)>,
    managers: BTreeMap<String, String>,
}

impl Relations for Related {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        self.members.contains(&(fold(group).into(), fold(object).into(), reach == Reach::Transitive))
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.managers.get(fold(user).as_ref()).map(String::as_str)
    }
}

fn related() -> impl Strategy<Value = Related> {
    let id = || select(&["M", "SALES", "HR", "G1", "N"][..]).prop_map(str::to_owned);
    let group = select(&["G1", "G2"][..]).prop_map(str::to_owned);
    let members = prop::collection::btree_set((group, id(), any::<bool>()), 0..8);
    let managers =
        prop::collection::btree_map(id(), select(&["m", "hr", "N", "x"][..]).prop_map(str::to_owned), 0..4);
    (members, managers).prop_map(|(members, managers)| Related { members, managers })
}

type Outcome = Result<bool, EvaluationError>;

struct Suite {
    rules: Vec<TypedRule>,
    order: Option<VersionOrder>,
    relations: Related,
}

impl Suite {
    fn new(texts: &[String], dialect: Dialect, order: Option<VersionOrder>, relations: Related) -> Self {
        let options = Options { dialect, ..Options::default() };
        // The generator does not count: now and then it makes a text that is too long for a rule.
        let is_short = |text: &&String| text.encode_utf16().count() <= RULE_LENGTH_MAX_UTF16;
        let rules =
            texts.iter().filter(is_short).map(|text| compile(text, options).rule.expect(text)).collect();
        Self { rules, order, relations }
    }

    fn by_oracle(&self, object: Option<&Object>) -> Vec<Outcome> {
        let world = World { now: generate::now(), version_order: self.order, relations: &self.relations };
        let outcome = |rule| object.map_or(Ok(false), |object| oracle::evaluate(rule, object, &world));
        self.rules.iter().map(outcome).collect()
    }

    /// Holds the machine against the oracle on each object, and on each change from one to the next: from
    /// nothing to the first, and from the last to nothing.
    fn check(&self, objects: &[Object]) -> Result<(), TestCaseError> {
        let nothing = std::iter::once(None);
        let all = nothing.clone().chain(objects.iter().map(Some)).chain(nothing);
        let outcomes: Vec<(Option<&Object>, Vec<Outcome>)> =
            all.map(|object| (object, self.by_oracle(object))).collect();
        for optimise in [Optimise::On, Optimise::Off] {
            let program = emit::program(&self.rules, optimise).expect("small");
            verify(&program).expect("sound");
            let mut machine = SingleMachine::new(&program, generate::now(), self.order);
            for pair in outcomes.windows(2) {
                let [(before, old), (after, new)] = pair else { continue };
                if let Some(object) = after {
                    let found = machine.evaluate(object, &self.relations);
                    prop_assert_eq!(found, verdict(new), "{:?} {:?}", optimise, object);
                }
                let found = machine.evaluate_change(*before, *after, &self.relations);
                prop_assert_eq!(found, change(old, new), "{:?} from {:?} to {:?}", optimise, before, after);
            }
        }
        Ok(())
    }
}

fn verdict(outcomes: &[Outcome]) -> Verdict {
    let mut verdict = Verdict::default();
    for (rule, outcome) in (0..).zip(outcomes) {
        match outcome {
            Ok(true) => verdict.rules.push(rule),
            Ok(false) => {}
            Err(error) => verdict.undecided.push((rule, error.clone())),
        }
    }
    verdict
}

fn change(before: &[Outcome], after: &[Outcome]) -> Change {
    let mut change = Change::default();
    for (rule, (before, after)) in (0..).zip(before.iter().zip(after)) {
        match after {
            after if after == before => {}
            Ok(true) => change.joined.push(rule),
            Ok(false) => change.left.push(rule),
            Err(error) => change.undecided.push((rule, error.clone())),
        }
    }
    change
}

/// Objects of which each has some attributes of the one before and some of its own.
fn objects(subject: Subject) -> impl Strategy<Value = Vec<Object>> {
    let object = (generate::object(subject), any::<u64>());
    prop::collection::vec(object, 1..8).prop_map(|drawn| {
        let mut objects: Vec<Object> = Vec::new();
        for (drawn, kept) in drawn {
            let object = objects.last().map_or(drawn.clone(), |before| mixed(before, &drawn, kept));
            objects.push(object);
        }
        objects
    })
}

/// `before` with some attributes of `other`: those whose turn has a bit in `taken`.
fn mixed(before: &Object, other: &Object, taken: u64) -> Object {
    // One in four is another object, one in four differs in few attributes.
    let (taken, few) = (taken >> 2, taken & 3);
    if few == 0 {
        return other.clone();
    }
    let taken = if few == 1 { taken & (taken >> 20) & (taken >> 40) } else { taken };
    let mut object = before.clone();
    let names: BTreeSet<&str> = before.values().chain(other.values()).map(|(name, _)| name).collect();
    for (turn, name) in names.into_iter().filter(|name| *name != "objectId").enumerate() {
        if taken >> (turn % 32) & 1 != 0 {
            object.set(name, other.get(name).clone());
        }
    }
    if taken >> 33 & 1 != 0 {
        object.set_manager(other.manager().map(str::to_owned));
    }
    object
}

fn order() -> impl Strategy<Value = Option<VersionOrder>> {
    select(vec![None, Some(VersionOrder::Version), Some(VersionOrder::Ordinal)])
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn the_machine_agrees_with_the_oracle(
        texts in prop::collection::vec(generate::rule_text_about(Subject::User, Dialect::Extended), 1..8),
        objects in objects(Subject::User),
        relations in related(),
    ) {
        Suite::new(&texts, Dialect::Extended, None, relations).check(&objects)?;
    }

    #[test]
    fn devices_too(
        texts in prop::collection::vec(generate::rule_text_about(Subject::Device, Dialect::Extended), 1..8),
        versions in prop::collection::vec(version_rule(), 0..3),
        objects in objects(Subject::Device),
        found in prop::collection::vec(prop::option::of(select(&["10.0.9", "10.0.10", "10.0.A"][..])), 8),
        (order, relations) in (order(), related()),
    ) {
        let texts: Vec<String> = texts.into_iter().chain(versions).collect();
        let with_version = |(object, found): (Object, Option<&str>)| {
            object.with("deviceOSVersion", found.map_or(Value::Null, |found| Value::Text(found.to_owned())))
        };
        let objects: Vec<Object> = objects.into_iter().zip(found).map(with_version).collect();
        Suite::new(&texts, Dialect::Extended, order, relations).check(&objects)?;
    }

}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn errors_are_those_of_the_oracle(
        texts in prop::collection::vec(hopeless_rule(), 1..6),
        objects in prop::collection::vec(hopeless_user(), 1..5),
    ) {
        Suite::new(&texts, Dialect::Entra, None, Related::default()).check(&objects)?;
    }

    /// So many that a change is read by too many rules to look their attributes up one by one.
    #[test]
    fn many_rules_make_no_difference(
        texts in prop::collection::vec(generate::rule_text_about(Subject::User, Dialect::Extended), 150),
        hopeless in prop::collection::vec(hopeless_rule(), 0..3),
        objects in objects(Subject::User),
        relations in related(),
    ) {
        let texts: Vec<String> = texts.into_iter().chain(hopeless).collect();
        Suite::new(&texts, Dialect::Extended, None, relations).check(&objects)?;
    }
}

/// For cases that take long: a twentieth of what was asked for.
fn few_cases() -> ProptestConfig {
    let config = cases(120);
    ProptestConfig { cases: (config.cases / 20).max(1), ..config }
}

fn version_rule() -> impl Strategy<Value = String> {
    let leaf = select(
        &[
            "device.deviceOSVersion -ge \"10.0.9\"",
            "device.deviceOSVersion -le \"10.0.10\"",
            "device.deviceOSVersion -eq \"10.0.10\"",
            "device.displayName -eq \"sal\"",
            "device.isRooted -eq true",
        ][..],
    );
    joined(leaf.boxed())
}

/// Rules with patterns that need too many steps on some values.
fn hopeless_rule() -> impl Strategy<Value = String> {
    let leaf = select(
        &[
            r#"user.displayName -match "^(?:(?!b)a|a)*c$""#,
            r#"user.displayName -notMatch "^(a|aa)+\1c$""#,
            r#"user.displayName -eq "sal""#,
            r#"user.displayName -match "a$""#,
            r#"user.department -match "^(?:(?!b)a|a)*c$""#,
            r#"user.department -eq "HR""#,
            "user.accountEnabled -eq true",
            r#"(user.otherMails -any (_ -match "^(?:(?!b)a|a)*c$" -or _ -match "^(?:(?!d)b|b)*c$"))"#,
            r#"(user.otherMails -all (_ -match "^(?:(?!d)b|b)*c$" -and _ -ne "x"))"#,
            r#"(user.otherMails -any (_ -eq "x"))"#,
            r#"(user.assignedPlans -any (assignedPlan.service -eq "x" -and assignedPlan.capabilityStatus -match "^(a|aa)+\1c$"))"#,
        ][..],
    );
    joined(leaf.boxed())
}

fn joined(leaf: BoxedStrategy<&'static str>) -> impl Strategy<Value = String> {
    let part = (leaf, any::<bool>())
        .prop_map(|(leaf, not)| if not { format!("-not ({leaf})") } else { format!("({leaf})") });
    let parts = prop::collection::vec(part, 1..4);
    (parts, select(&[" -and ", " -or "][..])).prop_map(|(parts, word)| parts.join(word))
}

fn hopeless_user() -> impl Strategy<Value = Object> {
    let text = || {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        select(vec![a, b, "sal".to_owned(), "HR".to_owned(), "aac".to_owned(), "x".to_owned()])
    };
    let plan = (text(), text()).prop_map(|(service, status)| AssignedPlan {
        service: Some(service),
        capability_status: Some(status),
        service_plan_id: None,
    });
    let plans = prop::collection::vec(plan, 0..2);
    let texts = (prop::option::of(text()), prop::option::of(text()), plans);
    (texts, any::<bool>(), prop::collection::vec(text(), 0..3)).prop_map(
        |((name, department, plans), enabled, mails)| {
            let value = |text: Option<String>| text.map_or(Value::Null, Value::Text);
            Object::new("u")
                .with("displayName", value(name))
                .with("department", value(department))
                .with("accountEnabled", Value::Boolean(enabled))
                .with("otherMails", Value::Texts(mails))
                .with("assignedPlans", Value::Plans(plans))
        },
    )
}
