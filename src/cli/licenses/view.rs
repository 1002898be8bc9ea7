//! The licenses of a tenant to look at: as a state file has them, or as a run over a tenant folder would leave
//! them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::names::{Names, NamesArgs};
use super::{Ids, Ledger, Occasion};
use crate::cli::args::{Global, LanguageArgs};
use crate::cli::computed::Computed;
use crate::cli::failure::Failure;
use crate::cli::loaded::Memory;
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::cli::recompute::named;
use crate::cli::remembered::Remembered;
use crate::cli::settings::Settings;
use crate::cli::standing::Standing;
use crate::cli::state_file::WAIT_SECONDS;
use crate::licensing::intent::GroupIndex;
use crate::licensing::tenant::Tenant;
use crate::membership::recompute;
use crate::membership::register::Holder;
use crate::membership::roster::{Ordinal, Roster};
use crate::report::output_format::OutputFormat;
use crate::store::{Session, Store};

/// What is looked at.
#[derive(Args, Debug)]
pub(super) struct ViewArgs {
    /// The tenant folder, to see what a run over it would give; without it, what the state file holds
    #[arg(long, value_name = "TENANT")]
    tenant: Option<PathBuf>,
    /// The state file that `dyngroup recompute --state` keeps
    #[arg(long, value_name = "FILE", env = "DYNGROUP_STATE", required_unless_present = "tenant")]
    state: Option<PathBuf>,
    /// How long to wait for another process that writes to the state file
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_SECONDS)]
    wait: u64,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    #[command(flatten)]
    names: NamesArgs,
    /// The shape of the report on standard output
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<crate::cli::args::ReportFormat>,
}

impl ViewArgs {
    /// The tenant folder; empty if there is none.
    pub(super) fn folder(&self) -> PathBuf {
        self.tenant.clone().unwrap_or_default()
    }

    fn store(&self) -> Result<Option<Store>, Failure> {
        let open = |path: &PathBuf| Store::open(path, Duration::from_secs(self.wait));
        Ok(self.state.as_ref().map(open).transpose()?)
    }
}

/// A tenant with the licenses of its users.
pub(super) struct View {
    pub(super) tenant: Tenant,
    pub(super) roster: Roster,
    pub(super) names: Names,
    pub(super) format: OutputFormat,
}

impl View {
    /// Reads it.
    pub(super) fn read(args: &ViewArgs, global: &Global) -> Result<Self, Failure> {
        let mut names = args.names.read()?;
        let format = output::report_format(args.output_format);
        let mut store = args.store()?;
        let session = store.as_mut().map(Store::read).transpose()?;
        let (tenant, roster) = match (&args.tenant, &session) {
            (Some(folder), session) => {
                let settings = Settings::read(global, &args.language, Some(folder))?;
                let computed = computed(folder, &settings, session.as_ref())?;
                let licensed = computed.licensed.ok_or_else(|| no_products(folder))?;
                for warning in computed.loaded.warnings.iter().chain(&licensed.warnings) {
                    output::warn(warning);
                }
                names.add_groups(computed.loaded.groups.iter().map(named));
                (licensed.ledger.tenant, computed.loaded.roster)
            }
            (None, Some(session)) => {
                let remembered = Remembered::read(session)?;
                let ledger = Ledger::read(session, None, Timestamp::UNIX_EPOCH)?;
                let ledger = ledger.ok_or_else(|| nothing_known(session.path()))?;
                let standing = Standing::of(remembered);
                names.add_groups(standing.names());
                (ledger.tenant, standing.roster)
            }
            // One of them is required.
            (None, None) => return Err(Failure::new("--tenant or --state is missing")),
        };
        Ok(Self { tenant, roster, names, format })
    }

    /// The ids of its users.
    pub(super) fn ids(&self) -> Ids<'_> {
        Ids(&self.roster)
    }

    /// The user with an id.
    pub(super) fn user(&self, id: &str) -> Result<Ordinal, Failure> {
        find_user(&self.roster, id)
    }

    /// The group with an id, if it has licenses.
    pub(super) fn group(&self, id: &str) -> Result<GroupIndex, Failure> {
        self.tenant
            .find_group(id)
            .ok_or_else(|| Failure::new(format!("`{id}`: there is no such group with licenses")))
    }
}

/// A run over the folder of `args`, which has to be there, with what its report needs.
pub(super) fn computed_view(
    args: &ViewArgs,
    global: &Global,
) -> Result<(Settings, Names, OutputFormat, Computed), Failure> {
    let mut names = args.names.read()?;
    let folder = args.tenant.as_deref().ok_or_else(|| Failure::new("--tenant is missing"))?;
    let settings = Settings::read(global, &args.language, Some(folder))?;
    let mut store = args.store()?;
    let session = store.as_mut().map(Store::read).transpose()?;
    let computed = computed(folder, &settings, session.as_ref())?;
    names.add_groups(computed.loaded.groups.iter().map(named));
    for warning in &computed.loaded.warnings {
        output::warn(warning);
    }
    Ok((settings, names, output::report_format(args.output_format), computed))
}

/// A run over a folder that leaves nothing behind.
fn computed(
    folder: &std::path::Path,
    settings: &Settings,
    session: Option<&Session<'_>>,
) -> Result<Computed, Failure> {
    let mut memory = match session {
        Some(session) => Some(Memory { session, remembered: Remembered::read(session)? }),
        None => None,
    };
    let now = settings.now();
    let choices = recompute::Settings { now, version_order: settings.version_order };
    let run =
        memory.as_ref().and_then(|memory| memory.remembered.last.as_ref()).map_or(1, |last| last.run + 1);
    let occasion = Occasion { now, run, actor: "dyngroup".to_owned(), again: Vec::new() };
    let mut progress = Progress::shown();
    let computed = Computed::of_folder(folder, settings, choices, memory.as_mut(), &occasion, &mut progress);
    progress.finish();
    computed
}

/// The ordinal of a user.
pub(super) fn find_user(roster: &Roster, id: &str) -> Result<Ordinal, Failure> {
    let is_user = |ordinal: &Ordinal| {
        roster.register().position(*ordinal).is_some_and(|(holder, _)| holder == Holder::User)
    };
    roster.find(id).filter(is_user).ok_or_else(|| Failure::new(format!("`{id}`: there is no such user")))
}

pub(super) fn nothing_known(state: &std::path::Path) -> Failure {
    let state = state.display();
    Failure::new(format!(
        "{state}: it knows no licenses yet; run `dyngroup recompute TENANT --state {state}` over a folder with \
         subscribedSkus.json"
    ))
}

pub(super) fn no_products(folder: &std::path::Path) -> Failure {
    let folder = folder.display();
    Failure::new(format!("{folder}: there is no subscribedSkus.json, or no product in it"))
}

/// The guests among the users of columns.
pub(super) fn guests(columns: &crate::directory::columns::Columns, roster: &Roster) -> RoaringBitmap {
    use crate::directory::columns::Column;
    let Some(Column::Text(types)) = columns.columns.get("userType") else { return RoaringBitmap::new() };
    let is_guest = |row: &usize| types.get(*row).is_some_and(|text| text.eq_ignore_ascii_case("guest"));
    (0..columns.rows())
        .filter(is_guest)
        .filter_map(|row| {
            roster.ordinal_of_row(crate::language::attribute::Subject::User, u32::try_from(row).ok()?)
        })
        .collect()
}
