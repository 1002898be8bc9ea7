//! Names in the policy that stand for nothing in the tenant: choices that have no effect, most often for a typo.

use crate::directory::group::Group;
use crate::licensing::catalog::Catalog;
use crate::licensing::policy::LicensingPolicy;

/// A warning for each choice about a group or a product that is not there.
pub(super) fn unknown_names(policy: &LicensingPolicy, catalog: &Catalog, groups: &[Group]) -> Vec<String> {
    let is_product = |id: &str| catalog.find_sku(id).is_some();
    let mut warnings = Vec::new();
    for (id, settings) in &policy.groups {
        if !groups.iter().any(|group| group.id.eq_ignore_ascii_case(id)) {
            warnings.push(format!("policy.toml has choices for group `{id}`, which is not in the folder"));
        }
        for product in settings.alternatives.iter().flatten().filter(|product| !is_product(product)) {
            warnings.push(format!(
                "policy.toml: `{product}` is an alternative of group `{id}` and no product of the tenant: it is passed over"
            ));
        }
    }
    // The empty id stands for all products.
    for product in policy.overallocation.keys().filter(|id| !id.is_empty() && !is_product(id)) {
        warnings.push(format!("policy.toml: `{product}` in `overallocation` is no product of the tenant"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licensing::policy::GroupSettings;

    #[test]
    fn names_that_stand_for_nothing_are_told() {
        let mut policy = LicensingPolicy::default();
        let settings = GroupSettings {
            alternatives: vec![vec!["E3".to_owned()], vec!["e1".to_owned(), "nothing".to_owned()]],
            ..GroupSettings::default()
        };
        policy.groups =
            [("sales".to_owned(), settings), ("gone".to_owned(), GroupSettings::default())].into();
        policy.overallocation = [(String::new(), 1), ("e1".to_owned(), 2), ("e9".to_owned(), 3)].into();
        let mut catalog = Catalog::default();
        for id in ["e1", "e3"] {
            catalog.sku(id);
        }
        let groups = [Group::named("Sales".to_owned(), None)];
        insta::assert_snapshot!(unknown_names(&policy, &catalog, &groups).join("\n"), @r"
        policy.toml has choices for group `gone`, which is not in the folder
        policy.toml: `nothing` is an alternative of group `sales` and no product of the tenant: it is passed over
        policy.toml: `e9` in `overallocation` is no product of the tenant
        ");
    }
}
