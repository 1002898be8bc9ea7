//! The extension attributes: what this tenant keeps in each of the fifteen, and one of its own.

use std::borrow::Cow;

use rand::RngExt;

use super::random::{Generator, Pool};

/// One extension attribute.
#[derive(Debug)]
pub(super) struct Extension {
    /// Such as `extensionAttribute1`.
    pub(super) name: &'static str,
    /// How many objects have no value.
    share_null: f64,
    values: Values,
    /// How often rules name it, beside the others.
    pub(super) weight: f64,
}

#[derive(Debug)]
enum Values {
    Listed(Pool<String>),
    /// A letter and eight digits, nearly always another.
    Unique(char),
}

impl Extension {
    /// The value of an object.
    pub(super) fn draw(&self, generator: &mut Generator) -> Option<Cow<'_, str>> {
        if generator.random_bool(self.share_null) {
            return None;
        }
        Some(match &self.values {
            Values::Listed(values) => Cow::Borrowed(values.draw(generator)),
            Values::Unique(letter) => Cow::Owned(unique(*letter, generator)),
        })
    }

    /// A value that a rule names.
    pub(super) fn name_value(&self, generator: &mut Generator) -> Cow<'_, str> {
        match &self.values {
            Values::Listed(values) => Cow::Borrowed(values.name(generator)),
            Values::Unique(letter) => Cow::Owned(unique(*letter, generator)),
        }
    }
}

fn unique(letter: char, generator: &mut Generator) -> String {
    format!("{letter}{:08}", generator.random_range(1..100_000_000_u32))
}

/// A directory extension, registered by an application of the tenant.
pub(super) const DIRECTORY_EXTENSION: &str = "extension_4f1d7c0b92a84e6f8a35d0c1b7e2963a_shift";

/// The extensions of users, in the order of their numbers, the directory extension last.
pub(super) fn of_users() -> Vec<Extension> {
    let listed = |name, share_null, values: Vec<String>, exponent, weight| Extension {
        name,
        share_null,
        values: Values::Listed(Pool::falling(values, exponent)),
        weight,
    };
    let numbered = |prefix: &str, digits: usize, count: u32| -> Vec<String> {
        (1..=count).map(|number| format!("{prefix}{number:0digits$}")).collect()
    };
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
    let contracts = ["Employee", "Contractor", "Apprentice", "Intern", "Temporary"];
    vec![
        listed("extensionAttribute1", 0.30, numbered("CC", 4, 4_000), 1.0, 18.0),
        listed("extensionAttribute2", 0.50, words(&["Yes", "No"]), 1.0, 4.0),
        listed("extensionAttribute3", 0.30, words(&contracts), 1.2, 10.0),
        listed("extensionAttribute4", 0.40, numbered("Region-", 2, 50), 0.8, 8.0),
        listed("extensionAttribute5", 0.60, numbered("PRJ-", 3, 300), 1.0, 9.0),
        listed("extensionAttribute6", 0.45, numbered("Grade ", 2, 20), 1.1, 6.0),
        listed("extensionAttribute7", 0.70, numbered("TEAM-", 4, 1_000), 0.7, 5.0),
        listed("extensionAttribute8", 0.80, numbered("Badge ", 5, 10_000), 0.3, 3.0),
        Extension { name: "extensionAttribute9", share_null: 0.50, values: Values::Unique('A'), weight: 1.0 },
        listed("extensionAttribute10", 0.90, numbered("Wave ", 1, 12), 0.8, 5.0),
        listed("extensionAttribute11", 0.95, numbered("Pilot-", 1, 8), 0.8, 5.0),
        listed("extensionAttribute12", 0.75, numbered("BLDG-", 3, 150), 0.9, 8.0),
        listed("extensionAttribute13", 0.60, numbered("ASSET-", 5, 30_000), 0.2, 2.0),
        listed("extensionAttribute14", 0.90, words(&["Gold", "Silver", "Bronze"]), 1.0, 4.0),
        listed("extensionAttribute15", 0.35, numbered("BU-", 2, 40), 1.0, 9.0),
        listed(DIRECTORY_EXTENSION, 0.80, words(&["Day", "Late", "Night"]), 1.0, 3.0),
    ]
}

/// The extensions of devices that this tenant uses.
pub(super) fn of_devices() -> Vec<Extension> {
    let listed = |name, share_null, values: Vec<String>, weight| Extension {
        name,
        share_null,
        values: Values::Listed(Pool::falling(values, 1.0)),
        weight,
    };
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
    vec![
        listed("extensionAttribute1", 0.60, (1..=120).map(|site| format!("Site {site:03}")).collect(), 3.0),
        listed("extensionAttribute2", 0.80, words(&["Standard", "Kiosk", "Lab", "Shop floor"]), 2.0),
        listed("extensionAttribute3", 0.90, (1..=6).map(|ring| format!("Ring {ring}")).collect(), 2.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::random::{Purpose, Seed};
    use super::*;
    use crate::language::attribute::{Attributes, Subject};

    #[test]
    fn rules_know_every_name() {
        for (subject, extensions) in [(Subject::User, of_users()), (Subject::Device, of_devices())] {
            for extension in extensions {
                assert!(Attributes::standard().find(subject, extension.name).is_some(), "{}", extension.name);
            }
        }
    }

    #[test]
    fn values_are_missing_as_often_as_stated() {
        let mut generator = Seed(1).generator(Purpose::User, 0);
        for extension in of_users() {
            let null = (0..5_000).filter(|_| extension.draw(&mut generator).is_none()).count();
            let share = f64::from(u32::try_from(null).unwrap()) / 5_000.0;
            assert!((share - extension.share_null).abs() < 0.03, "{} {share}", extension.name);
        }
    }
}
