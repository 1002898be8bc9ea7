//! The arguments of the commands that look at rules on a tenant: `diff`, `analyse`, `find-rule`.

use std::path::PathBuf;

use clap::Args;

use super::{Global, LanguageArgs, ReportFormat};
use crate::base::limits::{PROPOSAL_MAX_TERMS, PROPOSAL_USUAL_TERMS, PROPOSALS_MAX};
use crate::cli::failure::Failure;
use crate::cli::licenses::NamesArgs;
use crate::cli::settings::Settings;
use crate::engine::world::VersionOrder;

#[derive(Args, Debug)]
#[group(id = "proposal", required = true, multiple = false, args = ["group", "groups"])]
pub(in crate::cli) struct DiffArgs {
    /// The group that is to have the rule of --rule, by id or display name
    #[arg(long, value_name = "ID", requires = "rule")]
    pub(in crate::cli) group: Option<String>,
    /// The rule that the group is to have
    #[arg(
        long,
        value_name = "RULE",
        allow_hyphen_values = true,
        requires = "group",
        conflicts_with = "groups"
    )]
    pub(in crate::cli) rule: Option<String>,
    /// Another groups file: every group is compared whose rule is another one, new or gone. Assigned
    /// groups stay as they are
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) groups: Option<PathBuf>,
    /// How many of those who join, and of those who leave, are shown for each group with the reason
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(in crate::cli) samples: usize,
    /// List everybody who joins or leaves behind the report: a line each, in JSON an array `changes`
    #[arg(long)]
    pub(in crate::cli) all: bool,
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
    #[command(flatten)]
    pub(in crate::cli) on: TenantArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct AnalyseArgs {
    /// A group whose rule is looked at, by id or display name; may be repeated. All rules without it
    #[arg(long = "group", value_name = "ID")]
    pub(in crate::cli) groups: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) on: TenantArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct FindRuleArgs {
    /// The group for whose members a rule is searched, by id or display name
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) group: String,
    /// Most conditions of a rule
    #[arg(long, value_name = "COUNT", default_value_t = PROPOSAL_USUAL_TERMS,
          value_parser = count(PROPOSAL_MAX_TERMS))]
    pub(in crate::cli) max_terms: usize,
    /// Most rules that are proposed
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = count(PROPOSALS_MAX))]
    pub(in crate::cli) proposals: usize,
    /// How many of the members that a rule misses, and of the strangers that it admits, are shown
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(in crate::cli) samples: usize,
    #[command(flatten)]
    pub(in crate::cli) on: TenantArgs,
}

/// What all of them are told: where to look, how to read rules, how to report.
#[derive(Args, Debug)]
pub(in crate::cli) struct TenantArgs {
    /// The tenant folder
    #[arg(value_name = "TENANT")]
    pub(in crate::cli) tenant: PathBuf,
    /// How -ge and -le order operating system versions
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(in crate::cli) version_order: Option<VersionOrder>,
    #[command(flatten)]
    pub(in crate::cli) language: LanguageArgs,
    /// The shape of the report
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(in crate::cli) output_format: Option<ReportFormat>,
}

impl TenantArgs {
    /// The settings of the command.
    pub(in crate::cli) fn settings(&self, global: &Global) -> Result<Settings, Failure> {
        let settings = Settings::read(global, &self.language, Some(&self.tenant))?;
        Ok(settings.with_version_order(self.version_order))
    }
}

/// Reads a number from 1 to `most`.
fn count(most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| format!("give a number from 1 to {most}"))
    }
}
