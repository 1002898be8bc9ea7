//! The products of the scenarios, and versions of them in words.

use std::collections::{BTreeMap, BTreeSet};

use super::super::world::PRODUCTS;

/// A product as a tenant has it.
#[derive(Clone)]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) part_number: String,
    /// The ids of its plans, by name.
    pub(super) plans: BTreeMap<String, String>,
}

/// All products with their plans of today.
#[derive(Clone)]
pub(super) struct Products(pub(super) BTreeMap<String, Product>);

/// Products by short name, with the ids of the plans that are off.
pub(super) type Version = BTreeMap<String, BTreeSet<String>>;

impl Products {
    pub(super) fn all() -> Self {
        let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
        let product = |(name, product): (&String, &toml::Value)| {
            let plans = product["plans"].as_table().unwrap().iter();
            let plans = plans.map(|(name, id)| (name.clone(), text(id))).collect();
            let (id, part_number) = (text(&product["id"]), text(&product["part_number"]));
            (name.clone(), Product { id, part_number, plans })
        };
        Self(PRODUCTS.iter().map(product).collect())
    }

    pub(super) fn named(&self, name: &str) -> &Product {
        self.0.get(name).unwrap_or_else(|| panic!("no product {name}"))
    }

    /// The short name of a product.
    pub(super) fn name_of(&self, id: &str) -> String {
        let known = self.0.iter().find(|(_, product)| product.id == id);
        known.map_or_else(|| id.to_owned(), |(name, _)| name.clone())
    }

    /// The id of a plan, whichever product has it.
    pub(super) fn plan(name: &str) -> String {
        let of = |product: &toml::Value| Some(product["plans"].get(name)?.as_str()?.to_owned());
        PRODUCTS.values().find_map(of).unwrap_or_else(|| panic!("no plan {name}"))
    }

    /// `E3 -YAMMER, EMS` or `E3 only EXCHANGE`.
    pub(super) fn version(&self, text: &str) -> Version {
        let products = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        products.map(|product| self.licensed(product)).collect()
    }

    fn licensed(&self, text: &str) -> (String, BTreeSet<String>) {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        let disabled = match words.split_first() {
            Some((&"only", kept)) => {
                let kept: BTreeSet<String> = kept.iter().map(|plan| Self::plan(plan)).collect();
                let all = self.named(name).plans.values();
                all.filter(|plan| !kept.contains(*plan)).cloned().collect()
            }
            _ => words.iter().map(|plan| Self::plan(plan.strip_prefix('-').unwrap())).collect(),
        };
        (name.to_owned(), disabled)
    }

    /// `E3 -YAMMER` or `E3 only EXCHANGE`, whichever is shorter.
    pub(super) fn text(&self, sku_id: &str, disabled: &BTreeSet<String>) -> String {
        let name = self.name_of(sku_id);
        let Some(product) = self.0.get(&name) else { return name };
        let (off, kept): (Vec<_>, Vec<_>) =
            product.plans.iter().partition(|(_, id)| disabled.contains(id.as_str()));
        let mut words = vec![name];
        if kept.len() < off.len() {
            words.push("only".to_owned());
            words.extend(kept.into_iter().map(|(name, _)| name.clone()));
        } else {
            words.extend(off.into_iter().map(|(name, _)| format!("-{name}")));
        }
        words.join(" ")
    }

    /// The plans of a product by id; none of one that is not known.
    pub(super) fn plans_of(&self, sku_id: &str) -> BTreeSet<String> {
        let product = self.0.values().find(|product| product.id == sku_id);
        product.map(|product| product.plans.values().cloned().collect()).unwrap_or_default()
    }
}
