//! All words of the made-up tenants. They are the same for every seed: rules name what objects have
//! without looking at the objects.

use std::borrow::Cow;

use rand::RngExt;

use super::extension::{self, Extension};
use super::names::Names;
use super::places::Places;
use super::products::Products;
use super::random::{Generator, Pool};
use super::work::Work;

/// The words that users, devices and rules are made of.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub(super) names: Names,
    pub(super) places: Places,
    pub(super) work: Work,
    pub(super) products: Products,
    pub(super) user_extensions: Vec<Extension>,
    pub(super) device_extensions: Vec<Extension>,
    user_types: Pool<&'static str>,
}

impl Vocabulary {
    pub(super) fn new() -> Self {
        Self {
            names: Names::new(),
            places: Places::new(),
            work: Work::new(),
            products: Products::new(),
            user_extensions: extension::of_users(),
            device_extensions: extension::of_devices(),
            user_types: Pool::shares([("Member", 2.0), ("Guest", 1.0)]),
        }
    }

    /// A value of a user's attribute, as rules name it.
    pub(super) fn value(&self, attribute: &str, generator: &mut Generator) -> Cow<'_, str> {
        let (work, places) = (&self.work, &self.places);
        match attribute {
            "department" => work.departments.name(generator).name.as_str().into(),
            "jobTitle" if generator.random_bool(0.5) => work.titles.name(generator).as_str().into(),
            // Most titles follow from the department.
            "jobTitle" => work.title_in(work.departments.name(generator), generator).into(),
            "companyName" => work.companies.name(generator).name.into(),
            "country" => places.countries.name(generator).name.into(),
            "usageLocation" => places.countries.name(generator).code.into(),
            "city" => places.cities.name(generator).name.as_str().into(),
            "state" => places.cities.name(generator).state.as_str().into(),
            "physicalDeliveryOfficeName" => {
                places.cities.name(generator).offices.draw(generator).as_str().into()
            }
            "postalCode" => places.cities.name(generator).postal_code(generator).into(),
            "preferredLanguage" => (*places.languages.name(generator)).into(),
            "givenName" => self.names.given.name(generator).written.as_str().into(),
            "surname" => self.names.surnames.name(generator).written.as_str().into(),
            "userType" => (*self.user_types.draw(generator)).into(),
            _ => self.extension_value(attribute, generator),
        }
    }

    fn extension_value(&self, attribute: &str, generator: &mut Generator) -> Cow<'_, str> {
        let extension = self.user_extensions.iter().find(|extension| extension.name == attribute);
        // No rule asks for another attribute; a test makes rules of all kinds.
        extension.map_or(Cow::Borrowed("unknown"), |extension| extension.name_value(generator))
    }
}

/// Writes a value as people and systems do: nearly always as it is listed, now and then all in upper
/// or lower case.
pub(super) fn cased<'word>(
    word: impl Into<Cow<'word, str>>,
    (upper, lower): (f64, f64),
    generator: &mut Generator,
) -> Cow<'word, str> {
    let word = word.into();
    match generator.random::<f64>() {
        draw if draw < upper => word.to_uppercase().into(),
        draw if draw < upper + lower => word.to_lowercase().into(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::{Purpose, Seed};
    use super::*;

    #[test]
    fn letter_case_varies_in_few_values() {
        let mut generator = Seed(1).generator(Purpose::User, 0);
        let words: Vec<_> = (0..10_000).map(|_| cased("Oslo", (0.01, 0.005), &mut generator)).collect();
        let count = |word| words.iter().filter(|&other| other == word).count();
        assert!((60..150).contains(&count("OSLO")), "{}", count("OSLO"));
        assert!((25..80).contains(&count("oslo")), "{}", count("oslo"));
        assert_eq!(count("OSLO") + count("oslo") + count("Oslo"), 10_000);
    }
}
