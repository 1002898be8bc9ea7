//! Names of products and plans for people, from a table that somebody has.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;

use crate::base::fold::fold;
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

/// The names of products and plans, and those of groups.
#[derive(Debug, Default)]
pub(in crate::cli) struct Names {
    table: Option<ProductNames>,
    /// By id in folded form.
    groups: HashMap<String, String>,
}

impl NamesArgs {
    /// Reads the table, if there is one.
    pub(in crate::cli) fn read(&self) -> Result<Names, Failure> {
        let table = self.product_names.as_deref().map(ProductNames::read).transpose()?;
        Ok(Names { table, groups: HashMap::new() })
    }
}

impl Names {
    /// Adds the display names of groups by their ids.
    pub(in crate::cli) fn add_groups<'g>(
        &mut self,
        groups: impl IntoIterator<Item = (&'g str, Option<&'g str>)>,
    ) {
        let named =
            groups.into_iter().filter_map(|(id, name)| Some((fold(id).into_owned(), name?.to_owned())));
        self.groups.extend(named);
    }
}

impl ProductNaming for Names {
    fn product(&self, sku_id: &str) -> Option<&str> {
        self.table.as_ref()?.product(sku_id)
    }

    fn plan(&self, plan_id: &str) -> Option<&str> {
        self.table.as_ref()?.plan(plan_id)
    }

    fn group(&self, group_id: &str) -> Option<&str> {
        self.groups.get(fold(group_id).as_ref()).map(String::as_str)
    }
}
