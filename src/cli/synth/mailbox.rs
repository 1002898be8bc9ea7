//! What the mail system and the local directory know of a user.

use rand::RngExt;

use super::person::Person;
use super::random::{Generator, Pool, one_of};
use super::row::{Cell, CellKind, Row};
use super::vocabulary::Vocabulary;
use super::work::{GUEST_DOMAINS, INITIAL_DOMAIN};

/// Makes mailboxes and distinguished names.
#[derive(Debug)]
pub(super) struct Mailboxes<'tenant> {
    vocabulary: &'tenant Vocabulary,
    units: Pool<&'static str>,
    proxies: Pool<usize>,
}

/// Columns of the mailbox and the local directory.
pub(super) const MAILBOX: [(&str, CellKind); 4] = [
    ("onPremisesDistinguishedName", CellKind::Text),
    ("dirSyncEnabled", CellKind::Boolean),
    ("proxyAddresses", CellKind::Texts),
    ("otherMails", CellKind::Texts),
];

/// The end of every distinguished name.
pub(super) const DOMAIN_PARTS: &str = "DC=corp,DC=contoso,DC=example";

impl<'tenant> Mailboxes<'tenant> {
    pub(super) fn new(vocabulary: &'tenant Vocabulary) -> Self {
        Self {
            vocabulary,
            units: Pool::shares([("Users", 0.7), ("Standard Users", 0.15), ("Leavers", 0.1), ("VIP", 0.05)]),
            proxies: Pool::shares([(1, 0.15), (2, 0.35), (3, 0.25), (4, 0.15), (5, 0.10)]),
        }
    }

    /// Adds the cells of [`MAILBOX`].
    pub(super) fn push(
        &self,
        row: &mut Row<'tenant>,
        id: &str,
        person: &Person<'tenant>,
        generator: &mut Generator,
    ) {
        let synced = !person.guest && generator.random_bool(0.75);
        let never = if generator.random_bool(0.1) { Cell::Boolean(false) } else { Cell::Null };
        let unit = self.units.draw(generator);
        row.extend([
            Cell::text(synced.then(|| distinguished_name(person, unit))),
            if synced { Cell::Boolean(true) } else { never },
            Cell::Texts(self.proxies(id, person, generator)),
            Cell::Texts(others(person, generator)),
        ]);
    }

    /// Addresses under which mail arrives; none without a mailbox.
    fn proxies(&self, id: &str, person: &Person<'tenant>, generator: &mut Generator) -> Vec<String> {
        let Person { address, domain, .. } = person;
        let Some(mail) = &person.mail else { return Vec::new() };
        let older = self.vocabulary.work.companies.draw(generator).domain;
        let count = if person.guest { 1 } else { *self.proxies.draw(generator) };
        let all = [
            format!("SMTP:{mail}"),
            format!("smtp:{address}@{INITIAL_DOMAIN}"),
            format!("smtp:{address}@old.{older}"),
            format!("SIP:{address}@{domain}"),
            format!("X500:/o=Contoso/ou=Exchange Administrative Group/cn=Recipients/cn={id}"),
        ];
        all.into_iter().take(count).collect()
    }
}

fn distinguished_name(person: &Person<'_>, unit: &str) -> String {
    let Person { name, department, city, country, .. } = person;
    let (given, surname) = (&name.given.written, &name.surname.written);
    let number = if name.number > 1 { format!(" {}", name.number) } else { String::new() };
    let (department, city, region) = (department.base, &city.name, country.region);
    format!("CN={given} {surname}{number},OU={unit},OU={department},OU={city},OU={region},{DOMAIN_PARTS}")
}

fn others(person: &Person<'_>, generator: &mut Generator) -> Vec<String> {
    let Person { guest, address, guest_domain, .. } = person;
    let private = one_of(generator, &GUEST_DOMAINS);
    let count = match generator.random::<f64>() {
        draw if draw < 0.05 => 2,
        draw if *guest || draw < 0.3 => 1,
        _ => 0,
    };
    let all = [format!("{address}@{guest_domain}"), format!("{address}.private@{private}")];
    all.into_iter().take(count).collect()
}
