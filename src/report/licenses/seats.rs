//! `seats.json`: how many seats of each product there are and how many are needed.

use std::io;

use serde_json::{Value, json};

use super::naming::{NoNames, Words};
use crate::licensing::batch::PoolReport;
use crate::licensing::tenant::Tenant;

/// Writes one array with an object for each product that the tenant has or that someone is to have, sorted
/// by the product's short name, then by its id.
///
/// # Errors
/// Those of `out`.
pub fn write_seats(tenant: &Tenant, out: &mut dyn io::Write) -> io::Result<()> {
    let words = Words { tenant, names: &NoNames };
    let pools: Vec<Value> =
        sorted_pools(words).iter().map(|pool| Value::Object(seat_object(words, pool))).collect();
    writeln!(out, "{:#}", Value::Array(pools))
}

/// All pools by the product's short name, then by its id.
pub(super) fn sorted_pools(words: Words<'_>) -> Vec<PoolReport> {
    let mut pools = words.tenant.pools();
    pools.sort_by_key(|pool| (words.part_number(pool.sku), words.sku_id(pool.sku)));
    pools
}

/// The seats of a product as an object.
pub(super) fn seat_object(words: Words<'_>, pool: &PoolReport) -> serde_json::Map<String, Value> {
    let fields: [(&str, Value); 7] = [
        ("skuId", json!(words.sku_id(pool.sku))),
        ("skuPartNumber", json!(words.part_number(pool.sku))),
        ("capacity", json!(pool.capacity)),
        ("consumed", json!(pool.consumed)),
        ("available", json!(pool.available)),
        ("demand", json!(pool.demand)),
        ("waiting", json!(pool.waiting)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::Run;
    use super::*;

    #[test]
    fn seats_are_sorted_by_short_name() {
        let run = Run::mixed();
        let mut out = Vec::new();
        write_seats(&run.after, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
