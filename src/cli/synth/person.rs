//! What several columns of a user follow from: the name, the addresses, the place and the work.

use rand::RngExt;

use super::names::{FullName, NamePairs};
use super::places::{City, Country};
use super::random::{Generator, Pool};
use super::row::{Cell, Row};
use super::vocabulary::{Vocabulary, cased};
use super::work::{Company, Department, GUEST_DOMAINS, INITIAL_DOMAIN};

/// Makes people. No two of them share a name and number, and so no address.
#[derive(Debug)]
pub(super) struct People<'tenant> {
    vocabulary: &'tenant Vocabulary,
    pairs: NamePairs<'tenant>,
    guest_domains: Pool<&'static str>,
}

/// A person, before there are columns.
#[derive(Debug)]
pub(super) struct Person<'tenant> {
    pub(super) guest: bool,
    pub(super) name: FullName<'tenant>,
    /// The part of addresses before the `@`.
    pub(super) address: String,
    pub(super) mail: Option<String>,
    pub(super) domain: &'static str,
    pub(super) guest_domain: &'static str,
    pub(super) country: &'tenant Country,
    pub(super) city: &'tenant City,
    pub(super) company: Company,
    pub(super) department: &'tenant Department,
}

/// Shares of values in upper and in lower case.
pub(super) const CASES: (f64, f64) = (0.01, 0.005);

const SHARE_ENABLED: f64 = 0.94;

impl<'tenant> People<'tenant> {
    pub(super) fn new(vocabulary: &'tenant Vocabulary, pairs: NamePairs<'tenant>) -> Self {
        Self { vocabulary, pairs, guest_domains: Pool::falling(GUEST_DOMAINS.to_vec(), 1.0) }
    }

    /// The person in row `index`.
    pub(super) fn person(&self, index: u64, guest: bool, generator: &mut Generator) -> Person<'tenant> {
        let vocabulary = self.vocabulary;
        let name = self.pairs.of(index);
        let country = vocabulary.places.countries.draw(generator);
        let company = *vocabulary.work.companies.draw(generator);
        let guest_domain = *self.guest_domains.draw(generator);
        let prefix = match generator.random::<f64>() {
            draw if guest || draw >= 0.04 => "",
            draw if draw < 0.008 => "adm-",
            draw if draw < 0.02 => "svc-",
            _ => "ext.",
        };
        let address = format!("{prefix}{}", name.address());
        let domain = if guest { guest_domain } else { company.domain };
        let mail = generator.random_bool(0.94).then(|| format!("{address}@{domain}"));
        let (city, department) =
            (country.cities.draw(generator), vocabulary.work.departments.draw(generator));
        Person { guest, name, address, mail, domain, guest_domain, country, city, company, department }
    }
}

impl<'tenant> Person<'tenant> {
    /// Adds the cells of [`ACCOUNT`].
    pub(super) fn push_account(
        &self,
        row: &mut Row<'tenant>,
        id: &str,
        index: u64,
        generator: &mut Generator,
    ) {
        let Person { guest, name, address, domain, .. } = self;
        let (given, surname) = (name.given.written.as_str(), name.surname.written.as_str());
        let principal_name = if *guest {
            format!("{address}_{domain}#EXT#@{INITIAL_DOMAIN}")
        } else {
            format!("{address}@{domain}")
        };
        let surname_first = generator.random_bool(0.1);
        let shown = if surname_first { format!("{surname}, {given}") } else { format!("{given} {surname}") };
        let external = if generator.random_bool(0.05) { " (Ext)" } else { "" };
        let user_type = if *guest { "Guest" } else { "Member" };
        row.extend([
            Cell::Text(id.to_owned().into()),
            Cell::Text(principal_name.into()),
            Cell::Text(format!("{shown}{external}").into()),
            Cell::text(generator.random_bool(0.98).then_some(given)),
            Cell::text(generator.random_bool(0.98).then_some(surname)),
            Cell::text(self.mail.clone()),
            Cell::Text(address.clone().into()),
            Cell::Boolean(generator.random_bool(SHARE_ENABLED) || index == 0),
            Cell::text(generator.random_bool(0.995).then_some(user_type)),
        ]);
    }

    /// Adds the cells of [`PLACE`].
    pub(super) fn push_place(&self, row: &mut Row<'tenant>, generator: &mut Generator) {
        let &Person { country, city, .. } = self;
        let country_name = cased(country.name, CASES, generator);
        let city_name = cased(city.name.as_str(), CASES, generator);
        let office = city.offices.draw(generator).as_str();
        let language = if generator.random_bool(0.2) { "en-US" } else { country.language };
        row.extend([
            Cell::text(generator.random_bool(0.96).then_some(country_name)),
            Cell::text(generator.random_bool(0.97).then_some(country.code)),
            Cell::text(generator.random_bool(0.94).then_some(city_name)),
            Cell::text(generator.random_bool(0.85).then_some(city.state.as_str())),
            Cell::text(generator.random_bool(0.80).then_some(office)),
            Cell::text(generator.random_bool(0.88).then(|| city.postal_code(generator))),
            Cell::text(generator.random_bool(0.75).then_some(language)),
        ]);
    }
}

/// Columns of the account.
pub(super) const ACCOUNT: [&str; 9] = [
    "id",
    "userPrincipalName",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "mailNickName",
    "accountEnabled",
    "userType",
];

/// Columns of the place.
pub(super) const PLACE: [&str; 7] = [
    "country",
    "usageLocation",
    "city",
    "state",
    "physicalDeliveryOfficeName",
    "postalCode",
    "preferredLanguage",
];
