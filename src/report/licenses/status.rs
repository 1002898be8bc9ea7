//! How the seats of a tenant are: the report of `licenses status`.

use std::io;

use serde_json::{Value, json};

use super::ProductNaming;
use super::naming::Words;
use super::seats::{seat_object, seat_table, sorted_pools};
use super::summary::{LicenseCounts, error_words};
use crate::licensing::batch::PoolReport;
use crate::licensing::tenant::Tenant;
use crate::report::Style;
use crate::report::output_format::OutputFormat;
use crate::report::printable::printable;

/// Writes all products of a tenant with their seats, sorted by short name. Formats that are for rules only
/// are written as [`OutputFormat::Full`].
///
/// # Errors
/// Those of `out`.
pub fn write_license_status(
    format: OutputFormat,
    tenant: &Tenant,
    names: &dyn ProductNaming,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let words = Words { tenant, names };
    let pools = sorted_pools(words);
    match format {
        OutputFormat::Json => {
            let all: Vec<Value> = pools.iter().map(|pool| object(words, pool)).collect();
            writeln!(out, "{:#}", Value::Array(all))
        }
        OutputFormat::Jsonl => pools.iter().try_for_each(|pool| writeln!(out, "{}", object(words, pool))),
        OutputFormat::Concise => pools.iter().try_for_each(|pool| line(words, pool, out)),
        _ => full(words, &pools, style, out),
    }
}

fn full(words: Words<'_>, pools: &[PoolReport], style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    if pools.is_empty() {
        writeln!(out, "the tenant has no product")?;
    } else {
        seat_table(words, pools, style, out)?;
    }
    let LicenseCounts { users_with_errors, by_error, .. } = LicenseCounts::errors_of(words.tenant);
    let users =
        if users_with_errors == 1 { "1 user".to_owned() } else { format!("{users_with_errors} users") };
    writeln!(out, "{users} in error{}", error_words(&by_error))
}

fn line(words: Words<'_>, pool: &PoolReport, out: &mut dyn io::Write) -> io::Result<()> {
    let PoolReport { capacity, consumed, demand, waiting, .. } = pool;
    let name = printable(words.product(pool.sku));
    let status = words.tenant.catalog().pool(pool.sku).status.word();
    writeln!(
        out,
        "{name}: {status}, {consumed} of {capacity} seats in use, {demand} needed, {waiting} waiting"
    )
}

fn object(words: Words<'_>, pool: &PoolReport) -> Value {
    let mut fields = seat_object(words, pool);
    let status = words.tenant.catalog().pool(pool.sku).status;
    fields.insert("displayName".to_owned(), json!(words.names.product(words.sku_id(pool.sku))));
    fields.insert("status".to_owned(), json!(status.word()));
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, Run, every_format};
    use super::*;
    use crate::licensing::catalog::Catalog;
    use crate::licensing::policy::LicensingPolicy;

    #[test]
    fn products_in_every_shape() {
        let run = Run::mixed();
        insta::assert_snapshot!(
            "status",
            every_format(|format, style, out| {
                write_license_status(format, &run.after, &Names, style, out)
            })
        );
    }

    #[test]
    fn a_tenant_without_products_says_so() {
        let tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
        let mut out = Vec::new();
        write_license_status(OutputFormat::Full, &tenant, &Names, &Style::PLAIN, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "the tenant has no product\n0 users in error\n");
    }
}
