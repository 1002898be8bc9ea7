//! How fast is one user checked against all rules of a tenant? 5,000 rules, on one core, prepared once.
//!
//! `whole` evaluates every rule for a user; the others find the groups that a user joins and leaves when
//! one attribute changes. Throughput is users, or changes, a second. Rules and users are made up from
//! shapes and drawn by a fixed seed; few values are common and many are rare, as they are in tenants.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dyngroup::directory::object::{AssignedPlan, Object, Value};
use dyngroup::engine::oracle;
use dyngroup::engine::single::SingleMachine;
use dyngroup::engine::world::{NoRelations, World};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::typed::TypedRule;
use dyngroup::program::{Optimise, emit};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

const RULES: usize = 5_000;

const USERS: usize = 256;

/// How many service plans there are, and how many of them a user has.
const PLANS: usize = 150;
const PLANS_OF_USER: usize = 36;

/// Attributes with their values, `§` for a number, how many there are, and how uneven they are had: the
/// share of the first ones grows with the power.
const VALUES: &[(&str, &str, usize, i32)] = &[
    ("department", "Department §", 120, 3),
    ("jobTitle", "Senior Job § Engineer", 400, 2),
    ("companyName", "Company § Ltd", 20, 2),
    ("country", "Country §", 60, 3),
    ("usageLocation", "U§", 60, 3),
    ("city", "City §", 400, 2),
    ("state", "State §", 90, 2),
    ("physicalDeliveryOfficeName", "City § Campus", 500, 2),
    ("postalCode", "§7", 5_000, 1),
    ("preferredLanguage", "l§", 12, 2),
    ("extensionAttribute1", "CC§", 4_000, 1),
    ("extensionAttribute3", "Level §", 12, 2),
    ("extensionAttribute5", "BU-§", 80, 2),
    ("extensionAttribute15", "Project §", 300, 1),
    ("employeeId", "E00§", 90_000, 1),
    ("displayName", "Given § Surname §", 90_000, 1),
    ("mailNickname", "given.surname§", 90_000, 1),
    ("mail", "given.surname§@fabrikam§.example", 30, 2),
    ("userPrincipalName", "given.surname§@contoso§.example", 30, 2),
    (
        "onPremisesDistinguishedName",
        "CN=Given §,OU=Users,OU=Department §,OU=City §,DC=contoso,DC=example",
        120,
        2,
    ),
];

/// Conditions, each with its weight. `«a»` is a value of attribute a, `«a:part»` one of those words with
/// another number, `«#n»` a number below n.
const CONDITIONS: &[(u32, &str)] = &[
    (420, "user.department -eq \"«department»\""),
    (210, "user.country -eq \"«country»\""),
    (190, "user.companyName -eq \"«companyName»\""),
    (180, "user.jobTitle -eq \"«jobTitle»\""),
    (150, "user.usageLocation -eq \"«usageLocation»\""),
    (150, "user.city -eq \"«city»\""),
    (130, "user.physicalDeliveryOfficeName -eq \"«physicalDeliveryOfficeName»\""),
    (90, "user.extensionAttribute3 -eq \"«extensionAttribute3»\""),
    (60, "user.state -eq \"«state»\""),
    (60, "user.preferredLanguage -eq \"«preferredLanguage»\""),
    (60, "user.extensionAttribute1 -eq \"«extensionAttribute1»\""),
    (60, "user.extensionAttribute15 -eq \"«extensionAttribute15»\""),
    (50, "user.postalCode -eq \"«postalCode»\""),
    (150, "user.department -in [\"«department»\",\"«department»\",\"«department»\",\"«department»\"]"),
    (150, "user.jobTitle -in [\"«jobTitle»\",\"«jobTitle»\",\"«jobTitle»\",\"«jobTitle»\",\"«jobTitle»\"]"),
    (130, "user.city -in [\"«city»\",\"«city»\",\"«city»\"]"),
    (60, "user.usageLocation -notIn [\"«usageLocation»\",\"«usageLocation»\"]"),
    (170, "user.jobTitle -contains \"Job «#400»\""),
    (90, "user.onPremisesDistinguishedName -contains \"OU=Department «#120»,\""),
    (70, "user.displayName -contains \"Surname «#9000»\""),
    (60, "user.department -contains \"«#120»\""),
    (150, "user.onPremisesDistinguishedName -endsWith \"OU=City «#120»,DC=contoso,DC=example\""),
    (70, "user.mail -endsWith \"@fabrikam«#30».example\""),
    (55, "user.userPrincipalName -endsWith \"@contoso«#30».example\""),
    (60, "user.jobTitle -startsWith \"Senior Job «#40»\""),
    (50, "user.mailNickname -startsWith \"given.surname«#900»\""),
    (40, "user.userPrincipalName -notStartsWith \"adm-\""),
    (45, "user.jobTitle -match \"^.*(Job «#400»|Job «#400») Engineer$\""),
    (30, "user.userPrincipalName -match \"^[a-z]+\\.[a-z]+«#9000»@contoso«#30»\\.example$\""),
    (25, "user.mailNickname -match \"^[d-n]{1}.*[0-9]{«#5»,}$\""),
    (25, "user.employeeId -match \"^E0*«#90»[0-9]{3}$\""),
    (20, "user.extensionAttribute1 -match \"^CC«#40»[0-4][0-9]$\""),
    (90, "user.employeeHireDate -ge system.now -minus p«#900»d -and user.employeeHireDate -le system.now"),
    (50, "user.employeeHireDate -le 20«#16»-01-01T00:00:00Z"),
    (
        100,
        "user.assignedPlans -any (assignedPlan.servicePlanId -eq \"«plan»\" -and assignedPlan.capabilityStatus -eq \"Enabled\")",
    ),
    (
        40,
        "user.assignedPlans -any (assignedPlan.service -eq \"Service «#40»\" -and assignedPlan.capabilityStatus -eq \"Enabled\")",
    ),
    (60, "user.proxyAddresses -any (_ -endsWith \"@fabrikam«#30».example\")"),
    (60, "user.proxyAddresses -any (_ -contains \"fabrikam«#30».\")"),
    (60, "user.extensionAttribute5 -eq null"),
    (60, "user.companyName -ne null"),
    (40, "user.onPremisesDistinguishedName -notContains \"OU=Department «#120»,\""),
];

/// What is joined to a condition; `§` stands for it.
const FRAMES: &[(u32, &str)] = &[
    (46, "(§)"),
    (22, "(user.accountEnabled -eq true) -and (§)"),
    (14, "(user.userType -eq \"Member\") -and (§)"),
    (6, "(user.accountEnabled -eq true) -and (user.userType -eq \"Member\") -and (§)"),
    (3, "(§) -and (user.userType -ne \"Guest\")"),
    (12, "(§) -and (§)"),
    (3, "(user.accountEnabled -eq true) -and ((§) -or (§) -or (§) -or (§) -or (§) -or (§) -or (§) -or (§))"),
];

struct Drawn(ChaCha8Rng);

impl Drawn {
    fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// A number below `bound`; the greater the power, the more often a small one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "small numbers"
    )]
    fn uneven(&mut self, bound: usize, power: i32) -> usize {
        (self.0.random::<f64>().powi(power) * bound as f64) as usize
    }

    fn weighted(&mut self, entries: &[(u32, &'static str)]) -> &'static str {
        let mut left = self.0.random_range(0..entries.iter().map(|(weight, _)| weight).sum());
        let found = entries.iter().find(|(weight, _)| {
            left.checked_sub(*weight).is_none_or(|rest| {
                left = rest;
                false
            })
        });
        found.map_or("", |(_, text)| text)
    }

    fn value(&mut self, name: &str) -> String {
        let (_, shape, count, power) = VALUES.iter().find(|(found, ..)| *found == name).expect("a name");
        let mut value = (*shape).to_owned();
        while value.contains('§') {
            value = value.replacen('§', &self.uneven(*count, *power).to_string(), 1);
        }
        value
    }

    fn plan(&mut self) -> String {
        let number = self.uneven(PLANS, 2);
        format!("{:08x}-8f0a-81d5-e6f0-{number:012x}", number * 0x9E37_79B9 % 0xFFFF_FFFF)
    }

    fn condition(&mut self) -> String {
        let shape = self.weighted(CONDITIONS);
        let mut pieces = shape.split(['«', '»']);
        let mut text = pieces.next().unwrap_or_default().to_owned();
        while let (Some(hole), Some(rest)) = (pieces.next(), pieces.next()) {
            text += &match (hole, hole.strip_prefix('#')) {
                ("plan", _) => self.plan(),
                (_, Some(bound)) => format!("{:02}", self.below(bound.parse().expect("a bound"))),
                _ => self.value(hole),
            };
            text += rest;
        }
        text
    }

    fn rule(&mut self) -> TypedRule {
        let mut text = self.weighted(FRAMES).to_owned();
        while text.contains('§') {
            text = text.replacen('§', &self.condition(), 1);
        }
        compile(&text, Options::default()).rule.expect(&text)
    }

    fn user(&mut self, number: usize) -> Object {
        let mut user = Object::new(format!("{number:08x}-28f0-4a81-95e6-f0fb750f1539"));
        for &(name, ..) in VALUES {
            if self.below(10) > 0 {
                user.set(name, Value::Text(self.value(name)));
            }
        }
        let plans = (0..PLANS_OF_USER).map(|_| AssignedPlan {
            service: Some(format!("Service {}", self.below(40))),
            service_plan_id: Some(self.plan()),
            capability_status: Some(if self.below(8) > 0 { "Enabled" } else { "Deleted" }.to_owned()),
        });
        let plans = plans.collect();
        let addresses = ["SMTP", "smtp", "smtp", "SIP"]
            .map(|kind| format!("{kind}:given.surname{number}@fabrikam{}.example", self.uneven(60, 2)));
        let hired =
            now() - jiff::SignedDuration::from_hours(24 * i64::try_from(self.below(4_000)).expect("small"));
        user.with("accountEnabled", Value::Boolean(self.below(10) > 0))
            .with("userType", Value::Text(if self.below(8) > 0 { "Member" } else { "Guest" }.to_owned()))
            .with("employeeHireDate", Value::Instant(hired))
            .with("proxyAddresses", Value::Texts(addresses.into()))
            .with("assignedPlans", Value::Plans(plans))
    }
}

fn now() -> jiff::Timestamp {
    "2026-01-15T00:00:00Z".parse().expect("an instant")
}

/// Each user before and after a change of one attribute to the value of the next user.
fn changes(users: &[Object], name: &str) -> Vec<(Object, Object)> {
    let other = |before: &Object, next: &Object| match before.get(name) {
        Value::Boolean(value) => Value::Boolean(!value),
        _ => next.get(name).clone(),
    };
    let pairs = users.iter().zip(users.iter().cycle().skip(1));
    let pairs = pairs.map(|(before, next)| (before.clone(), before.clone().with(name, other(before, next))));
    pairs.filter(|(before, after)| before != after).collect()
}

/// The figures are worth nothing if the machine is wrong.
fn check(rules: &[TypedRule], machine: &mut SingleMachine<'_>, users: &[Object]) {
    let world = World { now: now(), version_order: None, relations: &NoRelations };
    let mut selected = 0;
    for user in users {
        let holds = |rule: &TypedRule| oracle::evaluate(rule, user, &world) == Ok(true);
        let expected: Vec<u32> =
            (0..).zip(rules).filter(|(_, rule)| holds(rule)).map(|(place, _)| place).collect();
        assert_eq!(machine.evaluate(user, &NoRelations).rules, expected);
        selected += expected.len();
    }
    println!("a user is selected by {} of {} rules", selected / users.len(), rules.len());
}

fn one_change(criterion: &mut Criterion) {
    let mut drawn = Drawn(ChaCha8Rng::seed_from_u64(1));
    let rules: Vec<TypedRule> = (0..RULES).map(|_| drawn.rule()).collect();
    let users: Vec<Object> = (0..USERS).map(|number| drawn.user(number)).collect();
    let program = emit::program(&rules, Optimise::On).expect("small");
    let mut machine = SingleMachine::new(&program, now(), None);
    check(&rules, &mut machine, users.get(..16).unwrap_or_default());

    let mut group = criterion.benchmark_group("one_change/5000-rules");
    group.bench_function("prepare", |bencher| {
        bencher.iter(|| SingleMachine::new(black_box(&program), now(), None));
    });
    group.throughput(Throughput::Elements(users.len() as u64));
    group.bench_function("whole", |bencher| {
        let mut selecting = |user| machine.evaluate(black_box(user), &NoRelations).rules.len();
        bencher.iter(|| users.iter().map(&mut selecting).sum::<usize>());
    });
    for name in [
        "department",
        "jobTitle",
        "city",
        "accountEnabled",
        "userType",
        "assignedPlans",
        "mail",
        "employeeId",
    ] {
        let changes = changes(&users, name);
        group.throughput(Throughput::Elements(changes.len() as u64));
        group.bench_function(name, |bencher| {
            let mut moving = |(before, after): &(Object, Object)| {
                let change = machine.evaluate_change(Some(black_box(before)), Some(after), &NoRelations);
                change.joined.len() + change.left.len()
            };
            bencher.iter(|| changes.iter().map(&mut moving).sum::<usize>());
        });
    }
    group.finish();
}

criterion_group!(benches, one_change);
criterion_main!(benches);
