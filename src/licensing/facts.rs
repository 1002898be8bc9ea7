//! What is known of service plans: the built-in facts, and those that a policy adds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::catalog::Country;

/// Which edition of the list of exclusive plans holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictProfile {
    /// The edition of 2018.
    Classic2018,
    /// The edition of July 2025.
    #[default]
    Reference2025,
    /// That of 2025, with mailboxes that can be combined.
    Stacking2023,
}

/// Facts about plans, by their ids in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Plans that exclude each other.
    pub families: Vec<FamilyFacts>,
    /// What a plan needs: one plan of each set.
    pub prerequisites: BTreeMap<String, Vec<Vec<String>>>,
    /// Where a plan may not be used.
    pub prohibited: BTreeMap<String, BTreeSet<Country>>,
    /// Plans that bring a mailbox.
    pub mailboxes: BTreeSet<String>,
    /// Plans behind which users have data, by what it is: a plan can be in several.
    pub data: BTreeMap<String, BTreeSet<String>>,
}

/// One family of plans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyFacts {
    /// Its name.
    pub name: String,
    /// The plans that exclude each other.
    pub plans: Vec<String>,
    /// The order of some plans, the better with the higher number.
    pub ranks: BTreeMap<String, u32>,
}

impl Facts {
    /// The facts that come with the program, under a profile.
    ///
    /// ```
    /// use dyngroup::licensing::facts::{ConflictProfile, Facts};
    /// let facts = Facts::built_in(ConflictProfile::Stacking2023);
    /// let exchange = facts.families.iter().find(|family| family.name == "exchange").unwrap();
    /// assert_eq!(exchange.plans.len(), 3);
    /// ```
    pub fn built_in(profile: ConflictProfile) -> Self {
        let word = match profile {
            ConflictProfile::Classic2018 => "classic",
            ConflictProfile::Reference2025 => "reference",
            ConflictProfile::Stacking2023 => "stacking",
        };
        let families = FILE.family.iter().map(|family| {
            let of_profile = family.plans.iter().filter(|plan| plan.profiles.iter().any(|name| name == word));
            let ranked = family.plans.iter().filter_map(|plan| Some((plan.id.clone(), plan.rank?)));
            FamilyFacts {
                name: family.name.clone(),
                plans: of_profile.map(|plan| plan.id.clone()).collect(),
                ranks: ranked.collect(),
            }
        });
        let prerequisites = FILE.prerequisite.iter().map(|one| (one.plan.clone(), one.needs.clone()));
        let data = FILE.data.iter().map(|one| (one.kind.clone(), one.plans.iter().cloned().collect()));
        let data: BTreeMap<String, BTreeSet<String>> = data.collect();
        Self {
            families: families.collect(),
            prerequisites: prerequisites.collect(),
            prohibited: BTreeMap::new(),
            mailboxes: data.get(MAILBOX).cloned().unwrap_or_default(),
            data,
        }
    }

    /// These facts with others over them: families and kinds of data by name, the rest by plan.
    #[must_use]
    pub fn with(mut self, others: &Self) -> Self {
        for family in &others.families {
            match self.families.iter_mut().find(|known| known.name == family.name) {
                Some(known) => known.clone_from(family),
                None => self.families.push(family.clone()),
            }
        }
        self.prerequisites.extend(others.prerequisites.clone());
        self.prohibited.extend(others.prohibited.clone());
        self.mailboxes.extend(others.mailboxes.iter().cloned());
        self.data.extend(others.data.clone());
        self
    }
}

/// The kind of data whose plans take an address.
const MAILBOX: &str = "mailbox";

static FILE: LazyLock<FactsFile> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is a part of the program, and a test reads it")]
    toml::from_str(include_str!("facts.toml")).expect("the built-in facts are valid")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    family: Vec<FamilyEntry>,
    prerequisite: Vec<PrerequisiteEntry>,
    data: Vec<DataEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyEntry {
    name: String,
    #[serde(rename = "source")]
    _source: String,
    plans: Vec<PlanEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanEntry {
    #[serde(rename = "name")]
    _name: String,
    id: String,
    profiles: Vec<String>,
    rank: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrerequisiteEntry {
    #[serde(rename = "name")]
    _name: String,
    plan: String,
    #[serde(rename = "source")]
    _source: String,
    needs: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataEntry {
    kind: String,
    #[serde(rename = "source")]
    _source: String,
    plans: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_a_guid_in_lower_case_and_in_one_family() {
        let is_guid = |id: &String| {
            id.len() == 36 && id.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c))
        };
        let mut seen = BTreeSet::new();
        for plan in FILE.family.iter().flat_map(|family| &family.plans) {
            assert!(is_guid(&plan.id) && seen.insert(plan.id.clone()), "{}", plan.id);
            assert!(
                plan.profiles
                    .iter()
                    .all(|name| ["classic", "reference", "stacking"].contains(&name.as_str()))
            );
        }
        for one in &FILE.prerequisite {
            assert!(is_guid(&one.plan) && one.needs.iter().flatten().all(is_guid), "{}", one.plan);
        }
        for one in &FILE.data {
            let distinct: BTreeSet<&String> = one.plans.iter().collect();
            assert!(one.plans.iter().all(is_guid) && distinct.len() == one.plans.len(), "{}", one.kind);
        }
    }

    #[test]
    fn data_is_of_many_kinds() {
        let facts = Facts::built_in(ConflictProfile::default());
        let sizes = facts.data.iter().map(|(kind, plans)| format!("{kind} {}", plans.len()));
        insta::assert_snapshot!(sizes.collect::<Vec<_>>().join(", "), @"archive 8, calling-plan 12, files 18, forms 13, mailbox 10, phone-system 5, plans 2, posts 4, presentations 1, tasks 4, videos 10, whiteboards 4");
        assert_eq!(facts.mailboxes.len(), facts.data["mailbox"].len());
        let own = Facts {
            data: [("posts".to_owned(), BTreeSet::from(["p".to_owned()]))].into(),
            ..Facts::default()
        };
        let both = facts.clone().with(&own);
        assert_eq!((both.data["posts"].len(), both.data.len()), (1, facts.data.len()));
    }

    #[test]
    fn profiles_differ_where_they_should() {
        let sizes = |profile| {
            let facts = Facts::built_in(profile);
            let sizes = facts.families.iter().map(|family| format!("{} {}", family.name, family.plans.len()));
            sizes.collect::<Vec<_>>().join(", ")
        };
        insta::assert_snapshot!(sizes(ConflictProfile::Classic2018), @"exchange 8, sharepoint 10, skype 4, calling 3, yammer 3, intune 3, rights-management 0, dynamics 9");
        insta::assert_snapshot!(sizes(ConflictProfile::Reference2025), @"exchange 6, sharepoint 10, skype 4, calling 3, yammer 3, intune 3, rights-management 2, dynamics 7");
        insta::assert_snapshot!(sizes(ConflictProfile::Stacking2023), @"exchange 3, sharepoint 10, skype 4, calling 3, yammer 3, intune 3, rights-management 2, dynamics 7");
    }
}
