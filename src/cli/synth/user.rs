//! Users: who they are, where they work, and what follows from it.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::mailbox::{MAILBOX, Mailboxes};
use super::names::NamePairs;
use super::person::{ACCOUNT, CASES, PLACE, People, Person};
use super::random::{Generator, Pool, Purpose, Seed, guid};
use super::row::{Cell, CellKind, Column, Row};
use super::vocabulary::{Vocabulary, cased};
use crate::language::attribute::Subject;

/// Makes users. A user depends on the seed, the instant and its number only: more users leave the
/// first ones as they are.
#[derive(Debug)]
pub(super) struct Users<'tenant> {
    vocabulary: &'tenant Vocabulary,
    people: People<'tenant>,
    mailboxes: Mailboxes<'tenant>,
    seed: Seed,
    /// Hire dates lie around it.
    now: Timestamp,
    /// How many people report to a manager.
    spans: Pool<u64>,
}

/// What other rows can know of a user without making it.
#[derive(Clone, Debug)]
struct Core {
    id: String,
    guest: bool,
}

fn core(seed: Seed, index: u64) -> Core {
    let generator = &mut seed.generator(Purpose::UserId, index);
    let id = guid(generator);
    // The first one is everybody's manager in the end.
    Core { id, guest: generator.random_bool(SHARE_GUESTS) && index > 0 }
}

/// The id of user `index`, counted from 0, in every tenant of this seed that is large enough.
pub(super) fn user_id(seed: Seed, index: u64) -> String {
    core(seed, index).id
}

const SHARE_GUESTS: f64 = 0.08;
const HIRE_DAYS_MAX: i64 = 15 * 365;

impl<'tenant> Users<'tenant> {
    pub(super) fn new(vocabulary: &'tenant Vocabulary, seed: Seed, now: Timestamp) -> Self {
        Self {
            vocabulary,
            people: People::new(vocabulary, NamePairs::new(&vocabulary.names, seed)),
            mailboxes: Mailboxes::new(vocabulary),
            seed,
            now,
            spans: Pool::shares([(4, 0.1), (6, 0.2), (8, 0.4), (11, 0.2), (16, 0.1)]),
        }
    }

    /// The columns, in the order of the cells of [`Users::row`].
    pub(super) fn columns(&self) -> Vec<Column> {
        use CellKind::{Boolean, Instant, Licenses, Plans, Reference, Text};

        let before = ACCOUNT.iter().chain(&WORK).chain(&PLACE).map(|&name| match name {
            "accountEnabled" => (name, Boolean),
            "employeeHireDate" => (name, Instant),
            "managerId" => (name, Reference),
            _ => (name, Text),
        });
        let extensions = self.vocabulary.user_extensions.iter().map(|extension| (extension.name, Text));
        let products = [("assignedPlans", Plans), ("assignedLicenses", Licenses)];
        let columns = before.chain(extensions).chain(MAILBOX).chain(products);
        columns.map(|(name, kind)| Column::new(Subject::User, name, kind)).collect()
    }

    /// The id of user `index`.
    pub(super) fn id(&self, index: u64) -> String {
        self.core(index).id
    }

    /// User `index`, counted from 0.
    pub(super) fn row(&self, index: u64) -> Row<'tenant> {
        let core = self.core(index);
        let generator = &mut self.seed.generator(Purpose::User, index);
        let person = self.people.person(index, core.guest, generator);
        let mut row = Row::with_capacity(64);
        person.push_account(&mut row, &core.id, index, generator);
        self.push_work(&mut row, &person, index, generator);
        person.push_place(&mut row, generator);
        row.extend(self.vocabulary.user_extensions.iter().map(|it| Cell::text(it.draw(generator))));
        self.mailboxes.push(&mut row, &core.id, &person, generator);
        self.push_products(&mut row, &person, generator);
        row
    }

    fn core(&self, index: u64) -> Core {
        core(self.seed, index)
    }

    fn push_work(
        &self,
        row: &mut Row<'tenant>,
        person: &Person<'tenant>,
        index: u64,
        generator: &mut Generator,
    ) {
        let work = &self.vocabulary.work;
        let guest = person.guest;
        let has = |generator: &mut Generator, members: f64, guests: f64| {
            generator.random_bool(if guest { guests } else { members })
        };
        let title: Cow<'tenant, str> = if generator.random_bool(0.66) {
            work.title_in(person.department, generator).into()
        } else {
            work.titles.draw(generator).as_str().into()
        };
        let title = cased(title, CASES, generator);
        let department = cased(person.department.name.as_str(), CASES, generator);
        let company = cased(person.company.name, CASES, generator);
        row.extend([
            Cell::text(has(generator, 0.97, 0.28).then_some(department)),
            Cell::text(has(generator, 0.95, 0.19).then_some(title)),
            Cell::text(has(generator, 0.98, 0.60).then_some(company)),
            Cell::text(has(generator, 0.92, 0.02).then(|| format!("E{:07}", index + 1_001))),
            has(generator, 0.80, 0.0)
                .then(|| self.hire_date(generator))
                .flatten()
                .map_or(Cell::Null, Cell::Instant),
            Cell::text(has(generator, 0.97, 0.20).then(|| self.manager(index, generator)).flatten()),
        ]);
    }

    /// Some day of the last fifteen years, the late ones more often; one in fifty begins yet.
    fn hire_date(&self, generator: &mut Generator) -> Option<Timestamp> {
        let edge = generator.random_range(0..=HIRE_DAYS_MAX);
        let days = if generator.random_bool(0.02) {
            -generator.random_range(1..=120)
        } else {
            generator.random_range(edge / 4..=edge)
        };
        let today = self.now.as_second().div_euclid(SECONDS_OF_DAY) * SECONDS_OF_DAY;
        Timestamp::from_second(today).ok()?.checked_sub(SignedDuration::from_hours(24 * days)).ok()
    }

    /// The id of a member with a smaller number: so nobody is above themselves.
    fn manager(&self, index: u64, generator: &mut Generator) -> Option<String> {
        let mut above = index.checked_sub(1)? / *self.spans.draw(generator);
        loop {
            let core = self.core(above);
            if !core.guest {
                return Some(core.id);
            }
            // The first one is no guest.
            above = above.checked_sub(1)?;
        }
    }

    fn push_products(&self, row: &mut Row<'tenant>, person: &Person<'tenant>, generator: &mut Generator) {
        let bare = person.guest && generator.random_bool(0.9);
        let products = if bare { Vec::new() } else { self.vocabulary.products.draw(generator) };
        row.push(Cell::Plans(self.vocabulary.products.assigned(&products, generator)));
        row.push(Cell::Licenses(products));
    }
}

const SECONDS_OF_DAY: i64 = 86_400;

const WORK: [&str; 6] =
    ["department", "jobTitle", "companyName", "employeeId", "employeeHireDate", "managerId"];

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    const COUNT: u64 = 4_000;

    fn with_users(test: impl FnOnce(&Users<'_>, &[HashMap<&str, Cell<'_>>])) {
        let vocabulary = Vocabulary::new();
        let users = Users::new(&vocabulary, Seed(1), "2026-01-15T09:30:00Z".parse().unwrap());
        let columns = users.columns();
        let mut rows: Vec<HashMap<&str, Cell<'_>>> = Vec::new();
        for row in (0..COUNT).map(|index| users.row(index)) {
            assert_eq!(row.len(), columns.len());
            rows.push(columns.iter().map(|column| column.name).zip(row).collect());
        }
        test(&users, &rows);
    }

    fn share(rows: &[HashMap<&str, Cell<'_>>], fits: impl Fn(&HashMap<&str, Cell<'_>>) -> bool) -> f64 {
        let count = rows.iter().filter(|row| fits(row)).count();
        f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(COUNT).unwrap())
    }

    #[test]
    fn every_cell_has_the_type_of_its_column() {
        let vocabulary = Vocabulary::new();
        let users = Users::new(&vocabulary, Seed(2), Timestamp::UNIX_EPOCH);
        let columns = users.columns();
        for row in (0..300).map(|index| users.row(index)) {
            for (column, cell) in columns.iter().zip(&row) {
                let fits = match cell {
                    Cell::Null => true,
                    Cell::Boolean(_) => column.kind == CellKind::Boolean,
                    Cell::Text(text) => {
                        assert!(!text.is_empty(), "{column:?}");
                        matches!(column.kind, CellKind::Text | CellKind::Reference)
                    }
                    Cell::Instant(_) => column.kind == CellKind::Instant,
                    Cell::Texts(_) => column.kind == CellKind::Texts,
                    Cell::Plans(_) => column.kind == CellKind::Plans,
                    Cell::Licenses(_) => column.kind == CellKind::Licenses,
                };
                assert!(fits, "{column:?} {cell:?}");
            }
        }
    }

    #[test]
    fn ids_and_addresses_are_unique() {
        with_users(|_, rows| {
            for name in ["id", "userPrincipalName", "mail", "mailNickName", "employeeId"] {
                let values: Vec<&str> = rows.iter().filter_map(|row| row[name].as_text()).collect();
                let distinct: HashSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
                assert_eq!(distinct.len(), values.len(), "{name}");
            }
        });
    }

    #[test]
    fn shares_are_as_in_real_tenants() {
        with_users(|_, rows| {
            let text =
                |row: &HashMap<&str, Cell<'_>>, name, wanted: &str| row[name].as_text() == Some(wanted);
            let guests = share(rows, |row| text(row, "userType", "Guest"));
            assert!((0.065..0.095).contains(&guests), "{guests}");
            let disabled = share(rows, |row| matches!(row["accountEnabled"], Cell::Boolean(false)));
            assert!((0.045..0.075).contains(&disabled), "{disabled}");
            let sales = share(rows, |row| text(row, "department", "Sales"));
            assert!((0.10..0.20).contains(&sales), "{sales}");
            let titles = share(rows, |row| matches!(row["jobTitle"], Cell::Null));
            assert!((0.08..0.15).contains(&titles), "{titles}");
            let foreign =
                share(rows, |row| row["displayName"].as_text().is_some_and(|name| !name.is_ascii()));
            assert!(foreign > 0.1, "{foreign}");
            let licensed = share(rows, |row| !row["assignedLicenses"].as_licenses().is_empty());
            assert!((0.75..0.90).contains(&licensed), "{licensed}");
        });
    }

    #[test]
    fn some_hire_dates_are_yet_to_come() {
        with_users(|users, rows| {
            let instant = |row: &HashMap<&str, Cell<'_>>| match row["employeeHireDate"] {
                Cell::Instant(instant) => Some(instant),
                _ => None,
            };
            let future = share(rows, |row| instant(row).is_some_and(|date| date > users.now));
            assert!((0.005..0.03).contains(&future), "{future}");
            let first = rows.iter().filter_map(instant).min().unwrap();
            assert!(first.to_string().starts_with("2011"), "{first}");
            assert!(first.to_string().ends_with("T00:00:00Z"), "{first}");
        });
    }

    #[test]
    fn managers_form_a_tree_of_members() {
        with_users(|_, rows| {
            let place: HashMap<&str, usize> =
                rows.iter().enumerate().map(|(at, row)| (row["id"].as_text().unwrap(), at)).collect();
            let mut reports: HashMap<usize, usize> = HashMap::new();
            for (at, row) in rows.iter().enumerate() {
                let Some(manager) = row["managerId"].as_text() else { continue };
                let above = place[manager];
                assert!(above < at, "{at} reports to {above}");
                assert_ne!(rows[above]["userType"].as_text(), Some("Guest"));
                *reports.entry(above).or_default() += 1;
            }
            assert!(rows[0]["managerId"].as_text().is_none());
            assert!((200..1_200).contains(&reports.len()), "{}", reports.len());
            assert!(reports.values().all(|&count| count < 40));
        });
    }

    #[test]
    fn more_users_leave_the_first_ones_as_they_are() {
        with_users(|users, rows| {
            let other = Users::new(users.vocabulary, Seed(1), users.now);
            assert_eq!(format!("{:?}", other.row(7)[1]), format!("{:?}", rows[7]["userPrincipalName"]));
            assert_eq!(other.id(7), rows[7]["id"].as_text().unwrap());
        });
    }
}
