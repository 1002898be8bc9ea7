//! Made-up rules about users.

use jiff::Timestamp;
use rand::RngExt;

use super::clause::{Clause, escaped};
use super::date_rule;
use super::group::{NAMED_STATIC_GROUPS, static_group_id};
use super::item_rule;
use super::mailbox::DOMAIN_PARTS;
use super::names::Name;
use super::random::{Generator, Pool, Seed, one_of};
use super::rule::{Kind, guarded};
use super::user::user_id;
use super::vocabulary::{Vocabulary, cased};
use super::work::{AREAS, COMPANIES, DEPARTMENTS, GRADES, INITIAL_DOMAIN, ROLES};

/// Makes conditions on users.
pub(super) struct UserRules<'tenant> {
    vocabulary: &'tenant Vocabulary,
    seed: Seed,
    /// Dates in rules lie around it.
    now: Timestamp,
    attributes: Pool<&'static str>,
    listed: Pool<&'static str>,
}

/// One literal in ten differs from the values in its letter case.
const CASES: (f64, f64) = (0.03, 0.07);

/// The users, from the first, whose direct reports rules name.
const NAMED_MANAGERS: u64 = 60;

impl<'tenant> UserRules<'tenant> {
    pub(super) fn new(vocabulary: &'tenant Vocabulary, seed: Seed, now: Timestamp) -> Self {
        let attributes = [
            ("department", 30.0),
            ("jobTitle", 12.0),
            ("companyName", 10.0),
            ("country", 12.0),
            ("usageLocation", 8.0),
            ("city", 10.0),
            ("state", 4.0),
            ("physicalDeliveryOfficeName", 8.0),
            ("postalCode", 2.0),
            ("preferredLanguage", 4.0),
        ];
        let listed = attributes.iter().copied().filter(|(name, _)| *name != "preferredLanguage");
        Self { vocabulary, seed, now, attributes: Pool::shares(attributes), listed: Pool::shares(listed) }
    }

    /// A condition of this kind.
    pub(super) fn clause(&self, kind: Kind, generator: &mut Generator) -> Clause {
        match kind {
            Kind::List => guarded(self.list(generator), generator),
            Kind::Affix => guarded(self.affix(generator), generator),
            Kind::Contains => guarded(self.contains(generator), generator),
            Kind::Match => guarded(self.pattern(generator), generator),
            Kind::Extension => guarded(self.extension(generator), generator),
            Kind::AnyItem => guarded(item_rule::clause(self.vocabulary, generator), generator),
            Kind::Null => self.null(generator),
            Kind::Date => guarded(date_rule::clause(self.now, generator), generator),
            Kind::Negation => self.negation(generator),
            Kind::Chain => guarded(self.chain(generator), generator),
            Kind::Reports => self.reports(generator),
            Kind::MemberOf => self.member_of(generator),
            Kind::Equality | Kind::Device => self.equality(generator),
        }
    }

    fn equality(&self, generator: &mut Generator) -> Clause {
        let attribute = *self.attributes.draw(generator);
        let first = self.equals(attribute, generator);
        match generator.random::<f64>() {
            draw if draw < 0.02 => everybody(generator),
            draw if draw < 0.38 => first,
            draw if draw < 0.76 => guarded(first, generator),
            _ => {
                let others = ["department", "country", "companyName", "usageLocation", "extensionAttribute3"];
                let other = one_of(generator, &others);
                if other == attribute { first } else { first.and(self.equals(other, generator)) }
            }
        }
    }

    fn list(&self, generator: &mut Generator) -> Clause {
        let attribute = *self.listed.draw(generator);
        // Few values of the attributes that have few.
        let most = if matches!(attribute, "country" | "usageLocation" | "companyName") { 8 } else { 40 };
        let edge = generator.random_range(3..=most);
        let values = self.values(attribute, generator.random_range(2..=edge), generator);
        Clause::list(&user(attribute), "-in", values.iter().map(String::as_str))
    }

    fn affix(&self, generator: &mut Generator) -> Clause {
        let names = &self.vocabulary.names;
        let account = one_of(generator, &["user.userPrincipalName", "user.mail"]);
        match generator.random::<f64>() {
            draw if draw < 0.25 => spelt(account, "-endsWith", &format!("@{}", domain(generator)), generator),
            draw if draw < 0.35 => {
                let prefix = one_of(generator, &["adm-", "svc-", "ext."]);
                spelt(account, "-startsWith", prefix, generator)
            }
            draw if draw < 0.50 => {
                let Name { plain, .. } = names.given.name(generator);
                spelt("user.mailNickName", "-startsWith", &format!("{plain}."), generator)
            }
            draw if draw < 0.80 => {
                let city = self.vocabulary.places.cities.name(generator);
                let end = format!(",OU={},OU={},{DOMAIN_PARTS}", city.name, city.region);
                spelt("user.onPremisesDistinguishedName", "-endsWith", &end, generator)
            }
            draw if draw < 0.90 => {
                let grade = one_of(generator, &["Senior ", "Head of ", "Lead ", "Trainee ", "Chief "]);
                spelt("user.jobTitle", "-startsWith", grade, generator)
            }
            _ => {
                let Name { written, .. } = names.given.name(generator);
                spelt("user.displayName", "-startsWith", &format!("{written} "), generator)
            }
        }
    }

    fn contains(&self, generator: &mut Generator) -> Clause {
        let names = &self.vocabulary.names;
        match generator.random::<f64>() {
            draw if draw < 0.35 => {
                let word = if generator.random_bool(0.5) {
                    one_of(generator, &ROLES)
                } else {
                    one_of(generator, &AREAS)
                };
                spelt("user.jobTitle", "-contains", word, generator)
            }
            draw if draw < 0.50 => {
                let (department, _) = one_of(generator, &DEPARTMENTS);
                spelt("user.department", "-contains", department, generator)
            }
            draw if draw < 0.60 => {
                let surname = names.surnames.name(generator).written.as_str();
                let part = if generator.random_bool(0.3) { "(Ext)" } else { surname };
                spelt("user.displayName", "-contains", part, generator)
            }
            draw if draw < 0.82 => {
                let city = &self.vocabulary.places.cities.name(generator).name;
                let (department, _) = one_of(generator, &DEPARTMENTS);
                let units = [
                    "OU=VIP,".to_owned(),
                    "OU=Leavers,".to_owned(),
                    format!("OU={department},"),
                    format!("OU={city},"),
                ];
                let unit = units.into_iter().nth(generator.random_range(0..4)).unwrap_or_default();
                spelt("user.onPremisesDistinguishedName", "-contains", &unit, generator)
            }
            draw if draw < 0.92 => {
                let surname = names.surnames.name(generator).plain.as_str();
                let part = one_of(generator, &["#EXT#", "adm-", "halvorsen", surname]);
                spelt("user.userPrincipalName", "-contains", part, generator)
            }
            _ => spelt("user.proxyAddresses", "-contains", &format!("@{}", domain(generator)), generator),
        }
    }

    fn pattern(&self, generator: &mut Generator) -> Clause {
        let role = one_of(generator, &ROLES);
        let (one, other) = (one_of(generator, &AREAS), one_of(generator, &AREAS));
        let (department, _) = one_of(generator, &DEPARTMENTS);
        let digit = generator.random_range(0..10_u8);
        let surname = &self.vocabulary.names.surnames.name(generator).plain;
        let (attribute, pattern) = match generator.random_range(0..12_u8) {
            0 => ("jobTitle", format!("^(Senior|Lead|Principal) .*{role}$")),
            1 => ("jobTitle", format!("({one}|{other}) {role}$")),
            2 => ("department", format!("^{}( (EMEA|APAC))?$", escaped(department))),
            3 => ("userPrincipalName", "^(adm|svc)-".to_owned()),
            4 => {
                ("userPrincipalName", format!(r"^[a-m][a-z]+\.[a-z]+[0-9]*@{}$", escaped(domain(generator))))
            }
            5 => ("mailNickName", format!(r"\.{surname}[0-9]*$")),
            6 => ("extensionAttribute1", format!("^CC[0-3]{digit}[0-4][0-9]$")),
            7 => ("postalCode", format!("^[1-9]{digit}")),
            8 => ("displayName", r"\(Ext\)$".to_owned()),
            9 => ("onPremisesDistinguishedName", format!("OU=(VIP|Leavers),OU={},", escaped(department))),
            10 => ("employeeId", format!("^E0+{digit}[0-9]{{3}}$")),
            _ => ("extensionAttribute5", format!("^PRJ-[01]{digit}[0-9]$")),
        };
        Clause::text(&user(attribute), "-match", &pattern)
    }

    fn extension(&self, generator: &mut Generator) -> Clause {
        let extensions = &self.vocabulary.user_extensions;
        let weights = Pool::shares(extensions.iter().map(|extension| (extension, extension.weight)));
        let extension = *weights.draw(generator);
        let attribute = user(extension.name);
        match generator.random::<f64>() {
            draw if draw < 0.70 => spelt(&attribute, "-eq", &extension.name_value(generator), generator),
            draw if draw < 0.88 => {
                let values = self.values(extension.name, generator.random_range(3..=15), generator);
                Clause::list(&attribute, "-in", values.iter().map(String::as_str))
            }
            draw if draw < 0.95 => {
                let mut start = extension.name_value(generator).into_owned();
                start.pop();
                spelt(&attribute, "-startsWith", &start, generator)
            }
            _ => spelt(&attribute, "-ne", &extension.name_value(generator), generator),
        }
    }

    fn null(&self, generator: &mut Generator) -> Clause {
        let attributes = [
            "department",
            "jobTitle",
            "mail",
            "employeeId",
            "onPremisesDistinguishedName",
            "companyName",
            "usageLocation",
            "extensionAttribute1",
            "extensionAttribute11",
            "extensionAttribute14",
            "state",
            "userType",
            "preferredLanguage",
            "employeeHireDate",
        ];
        let attribute = one_of(generator, &attributes);
        let operator = one_of(generator, &["-eq", "-ne"]);
        let test = Clause::word(&user(attribute), operator, "null");
        let other =
            one_of(generator, &["department", "country", "city", "companyName", "extensionAttribute15"]);
        if other != attribute && generator.random_bool(0.6) {
            return test.and(self.equals(other, generator));
        }
        guarded(test, generator)
    }

    /// All of something but a few.
    fn negation(&self, generator: &mut Generator) -> Clause {
        let attribute = *self.attributes.draw(generator);
        let base = self.equals(attribute, generator);
        let exclusion = match generator.random_range(0..10_u8) {
            0 => Clause::text("user.userPrincipalName", "-notContains", "#EXT#"),
            1 => {
                Clause::text("user.userPrincipalName", "-notStartsWith", one_of(generator, &["adm-", "svc-"]))
            }
            2 => Clause::text("user.userPrincipalName", "-notEndsWith", &format!("@{INITIAL_DOMAIN}")),
            3 => Clause::text("user.onPremisesDistinguishedName", "-notContains", "OU=Leavers,"),
            4 => Clause::text("user.userPrincipalName", "-notMatch", "^(adm|svc)-"),
            5 => {
                let values = self.values("city", generator.random_range(2..6), generator);
                Clause::list("user.city", "-notIn", values.iter().map(String::as_str))
            }
            6 => Clause::text("user.extensionAttribute3", "-ne", "Contractor"),
            7 => Clause::text("user.jobTitle", "-startsWith", one_of(generator, &["Trainee ", "Assistant "]))
                .negated(),
            8 => Clause::text("user.displayName", "-contains", "(Ext)").negated(),
            _ => {
                let terms =
                    [Clause::text("user.userType", "-eq", "Guest"), self.equals("department", generator)];
                Clause::Any(terms.to_vec()).negated()
            }
        };
        base.and(exclusion)
    }

    /// A rule that has grown by hand over years.
    fn chain(&self, generator: &mut Generator) -> Clause {
        let attributes = [
            "department",
            "jobTitle",
            "city",
            "physicalDeliveryOfficeName",
            "extensionAttribute1",
            "extensionAttribute5",
            "postalCode",
        ];
        let (one, other) = (one_of(generator, &attributes), one_of(generator, &attributes));
        let terms = (0..generator.random_range(10..=60)).map(|_| {
            let attribute = if generator.random_bool(0.6) { one } else { other };
            if generator.random_bool(0.92) {
                return self.equals(attribute, generator);
            }
            let start: String = self.vocabulary.value(attribute, generator).chars().take(5).collect();
            Clause::text(&user(attribute), "-startsWith", start.trim_end())
        });
        let chain = Clause::Any(terms.collect());
        match generator.random::<f64>() {
            draw if draw < 0.4 => chain,
            draw if draw < 0.7 => {
                let grade = one_of(generator, &GRADES).trim_end();
                let excluded = if grade.is_empty() { "Trainee" } else { grade };
                Clause::All(vec![chain, Clause::text("user.jobTitle", "-contains", excluded).negated()])
            }
            _ => {
                let excluded = [
                    Clause::text("user.extensionAttribute3", "-eq", "Contractor"),
                    Clause::text("user.displayName", "-contains", "(Ext)"),
                ];
                Clause::All(vec![chain, Clause::Any(excluded.to_vec()).negated()])
            }
        }
    }

    fn reports(&self, generator: &mut Generator) -> Clause {
        let manager = user_id(self.seed, generator.random_range(0..NAMED_MANAGERS));
        Clause::Test(format!("Direct Reports for \"{manager}\""))
    }

    fn member_of(&self, generator: &mut Generator) -> Clause {
        let first = generator.random_range(0..NAMED_STATIC_GROUPS);
        let groups: Vec<String> = (first..NAMED_STATIC_GROUPS)
            .take(generator.random_range(1..=3))
            .map(|index| format!("'{}'", static_group_id(self.seed, index)))
            .collect();
        Clause::Test(format!("user.memberOf -any (group.objectId -in [{}])", groups.join(", ")))
    }

    /// A value of the attribute, compared for equality.
    fn equals(&self, attribute: &str, generator: &mut Generator) -> Clause {
        let value = self.vocabulary.value(attribute, generator);
        spelt(&user(attribute), "-eq", &value, generator)
    }

    /// Values of an attribute, at most `count` and none twice.
    fn values(&self, attribute: &str, count: usize, generator: &mut Generator) -> Vec<String> {
        let mut values: Vec<String> = Vec::with_capacity(count);
        for _ in 0..count {
            let value = self.vocabulary.value(attribute, generator);
            if !values.iter().any(|other| **other == value) {
                values.push(value.into_owned());
            }
        }
        values
    }
}

fn user(attribute: &str) -> String {
    format!("user.{attribute}")
}

/// Groups of all users, or nearly all.
fn everybody(generator: &mut Generator) -> Clause {
    match generator.random_range(0..6_u8) {
        0 => Clause::word("user.accountEnabled", "-eq", true),
        1 => Clause::word("user.accountEnabled", "-eq", false),
        2 => Clause::text("user.userType", "-eq", "Member"),
        3 => Clause::text("user.userType", "-eq", "Guest"),
        4 => Clause::word("user.dirSyncEnabled", "-eq", true),
        _ => Clause::word("user.objectId", "-ne", "null"),
    }
}

/// A comparison whose literal may differ in letter case from the values.
fn spelt(attribute: &str, operator: &str, value: &str, generator: &mut Generator) -> Clause {
    Clause::text(attribute, operator, &cased(value, CASES, generator))
}

fn domain(generator: &mut Generator) -> &'static str {
    one_of(generator, &COMPANIES).1
}
