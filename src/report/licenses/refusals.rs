//! Why an edit was refused, in words with names and ids.

use super::naming::Words;
use crate::licensing::event::Refusal;

/// One sentence for a refusal.
pub(super) fn sentence(words: Words<'_>, refusal: &Refusal) -> String {
    let product = |sku| words.exact_product(sku);
    let plan = |plan| words.exact_plan(plan);
    match refusal {
        Refusal::Unknown => "the group, user or product is not known, or was deleted".to_owned(),
        Refusal::GroupNotEligible => "the group is of a kind that cannot have licenses".to_owned(),
        Refusal::GroupHasLicenses => {
            "the group still has licenses: take all products out of its template first".to_owned()
        }
        Refusal::NotSubscribed(sku) => format!("the tenant has no subscription of {}", product(*sku)),
        Refusal::NotAssignable(sku) => format!("{} is for the whole tenant and not for users", product(*sku)),
        Refusal::PlanNotInProduct(sku, one) => format!("{} is not in {}", plan(*one), product(*sku)),
        Refusal::AddedAndRemoved(sku) => format!("{} is both added and removed", product(*sku)),
        Refusal::PrerequisiteMissing { plan: one, any_of } => {
            let mut needed: Vec<String> = any_of.iter().map(|one| plan(*one)).collect();
            needed.sort_unstable();
            format!("{} needs {}, which would not be there", plan(*one), needed.join(" or "))
        }
        Refusal::LocationMissing => "the user has no usage location".to_owned(),
        Refusal::Prohibited(one, country) => format!("{} may not be used in {country}", plan(*one)),
        Refusal::Exclusive(one, other) => {
            format!("{} and {} cannot be on together", plan(*one), plan(*other))
        }
        Refusal::AddressTaken => {
            "the mail address that the user would get belongs to someone else".to_owned()
        }
        Refusal::NoSeat(sku) => format!("no seat of {} is left", product(*sku)),
        Refusal::InheritedLicense(sku) => {
            format!("{} comes from a group and cannot be taken from the user", product(*sku))
        }
        Refusal::NotHeld(sku) => format!("the user has no direct license of {}", product(*sku)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, World};
    use super::*;
    use crate::licensing::catalog::Country;

    #[test]
    fn every_refusal_has_a_sentence_with_ids() {
        let world = World::new();
        let words = Words { tenant: &world.tenant, names: &Names };
        let plan = |id| world.tenant.catalog().find_plan(id).unwrap();
        let (e3, teams, conf) = (world.sku("sku-e3"), plan("teams"), plan("conf"));
        let refusals = [
            Refusal::Unknown,
            Refusal::GroupNotEligible,
            Refusal::GroupHasLicenses,
            Refusal::NotSubscribed(e3),
            Refusal::NotAssignable(e3),
            Refusal::PlanNotInProduct(e3, conf),
            Refusal::AddedAndRemoved(e3),
            Refusal::PrerequisiteMissing { plan: conf, any_of: vec![teams, plan("exo2")] },
            Refusal::LocationMissing,
            Refusal::Prohibited(conf, Country::new("CN").unwrap()),
            Refusal::Exclusive(plan("spo1"), plan("spo2")),
            Refusal::AddressTaken,
            Refusal::NoSeat(e3),
            Refusal::InheritedLicense(e3),
            Refusal::NotHeld(e3),
        ];
        let lines =
            refusals.iter().map(|refusal| format!("{}: {}", refusal.word(), sentence(words, refusal)));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    }
}
