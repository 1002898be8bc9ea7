//! Names of products and plans for people, from a table that somebody has.

use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::directory::product_names::ProductNames;
use crate::report::licenses::ProductNaming;

/// The option of commands that name products.
#[derive(Args, Clone, Debug, Default)]
pub(in crate::cli) struct NamesArgs {
    /// A table with the names of products and service plans (CSV, as the service publishes it), for reports
    #[arg(long, value_name = "FILE", env = "DYNGROUP_PRODUCT_NAMES")]
    product_names: Option<PathBuf>,
}

/// The names of a table, or none.
#[derive(Debug, Default)]
pub(in crate::cli) struct Names(Option<ProductNames>);

impl NamesArgs {
    /// Reads the table, if there is one.
    pub(in crate::cli) fn read(&self) -> Result<Names, Failure> {
        let table = self.product_names.as_deref().map(ProductNames::read).transpose()?;
        Ok(Names(table))
    }
}

impl ProductNaming for Names {
    fn product(&self, sku_id: &str) -> Option<&str> {
        self.0.as_ref()?.product(sku_id)
    }

    fn plan(&self, plan_id: &str) -> Option<&str> {
        self.0.as_ref()?.plan(plan_id)
    }
}
