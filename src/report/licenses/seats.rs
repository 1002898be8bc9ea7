//! `seats.json`: how many seats of each product there are and how many are needed.

use std::io;

use serde_json::{Value, json};

use super::naming::{NoNames, Words};
use crate::licensing::batch::PoolReport;
use crate::licensing::pool::SubscriptionStatus;
use crate::licensing::tenant::Tenant;
use crate::report::state_table::{Cell, Column, Row, write_table};
use crate::report::{Style, palette};

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

/// The table for people.
pub(super) fn seat_table(
    words: Words<'_>,
    pools: &[PoolReport],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let columns = [
        Column::names("product"),
        Column::right("capacity"),
        Column::right("consumed"),
        Column::right("available"),
        Column::right("demand"),
        Column::right("waiting"),
        Column::left("status"),
    ];
    let row = |pool: &PoolReport| {
        let number = |number: u64| Cell::of(&number.to_string());
        let available = Cell::of(&pool.available.to_string());
        let waiting =
            if pool.waiting == 0 { Cell::of("·") } else { number(pool.waiting).painted(palette::BAD) };
        let status = words.tenant.catalog().pool(pool.sku).status;
        let cell = Cell::of(status.word());
        Row {
            cells: vec![
                Cell::of(words.product(pool.sku)),
                number(pool.capacity),
                number(pool.consumed),
                if pool.available < 0 { available.painted(palette::BAD) } else { available },
                number(pool.demand),
                waiting,
                if status == SubscriptionStatus::Enabled { cell } else { cell.painted(palette::BAD) },
            ],
            notes: Vec::new(),
        }
    };
    write_table(&columns, &pools.iter().map(row).collect::<Vec<_>>(), style, out)
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
