//! The files that a run leaves in the folder of `--out`: all of them or none.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::DeltaFormat;
use super::failure::Failure;
use super::finish::Out;
use super::licenses::{Ids, Licensed};
use super::output::{Staged, sweep, write_whole};
use super::progress::Progress;
use super::recompute::peak_memory_bytes;
use crate::report::deltas::{write_audit, write_deltas};
use crate::report::guards::GuardReport;
use crate::report::licenses::LicenseRun;
use crate::report::licenses::audit::write_license_audit;
use crate::report::licenses::deltas::{DeltaFormat as LicenseDeltaFormat, write_license_deltas};
use crate::report::licenses::errors::{ErrorScope, write_license_errors};
use crate::report::licenses::seats::write_seats;
use crate::report::licenses::states::write_license_states;
use crate::report::memberships::MembershipFormat;
use crate::report::recompute::{RunReport, write_groups, write_summary};

/// All that a run has to tell.
struct Content<'a> {
    report: &'a RunReport,
    licenses: Option<LicenseRun<'a>>,
    /// Whether the licenses of all users are told, and not only of those with changes.
    is_full: bool,
}

type Writer = fn(&Content<'_>, &mut (dyn Write + Send)) -> io::Result<()>;

/// The file of each format of the deltas.
const DELTAS: [(DeltaFormat, &str, Writer); 3] = [
    (DeltaFormat::Ndjson, "membership-deltas.ndjson", |run, out| {
        write_deltas(MembershipFormat::Ndjson, run.report, out)
    }),
    (DeltaFormat::Csv, "membership-deltas.csv", |run, out| {
        write_deltas(MembershipFormat::Csv, run.report, out)
    }),
    (DeltaFormat::Parquet, "membership-deltas.parquet", |run, out| {
        write_deltas(MembershipFormat::Parquet, run.report, out)
    }),
];

const FILES: [(&str, Writer); 2] = [
    ("groups.ndjson", |run, out| write_groups(run.report, out)),
    ("audit.ndjson", |run, out| {
        write_audit(run.report, out)?;
        run.licenses.iter().try_for_each(|licenses| write_license_audit(licenses, out))
    }),
];

/// What a run with licenses has besides.
const LICENSE_FILES: [(&str, Writer); 4] = [
    ("license-deltas.ndjson", |run, out| {
        run.licenses
            .iter()
            .try_for_each(|licenses| write_license_deltas(LicenseDeltaFormat::Ndjson, licenses, out))
    }),
    ("license-states.ndjson", |run, out| {
        run.licenses.iter().try_for_each(|licenses| write_license_states(licenses, run.is_full, out))
    }),
    ("license-errors.ndjson", |run, out| {
        run.licenses
            .iter()
            .try_for_each(|it| write_license_errors(it.after, it.ids, it.names, ErrorScope::default(), out))
    }),
    ("seats.json", |run, out| run.licenses.iter().try_for_each(|licenses| write_seats(licenses.after, out))),
];

/// The report of the guards, which is there after a run that they have looked at with something to say.
const GUARDS: &str = "guards.json";

/// The files of a run beside their places.
#[derive(Debug)]
pub(super) struct RunFiles {
    staged: Vec<Staged>,
    /// The summary of an earlier run goes first and that of this one takes its place last, so that a folder
    /// with a summary is whole.
    summary: Staged,
    /// Files of earlier runs that would be taken for those of this one.
    stale: Vec<PathBuf>,
}

impl RunFiles {
    /// Writes all files beside their places.
    pub(super) fn stage(
        result: &mut RunReport,
        licensed: Option<&Licensed>,
        Out { folder, delta_format, is_full, names }: Out<'_>,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "write", &error))?;
        sweep(folder);
        let (chosen, other): (Vec<_>, Vec<_>) =
            DELTAS.iter().partition(|(format, ..)| *format == delta_format);
        let files = chosen.into_iter().map(|&(_, name, write)| (name, write)).chain(FILES);
        let of_licenses = LICENSE_FILES.into_iter().filter(|_| licensed.is_some());
        let files: Vec<(&str, Writer)> = files.chain(of_licenses).collect();
        let staged: Vec<Result<Staged, Failure>> = progress.stage("write", "writing", || {
            let ids = Ids(&result.changes.roster);
            let licenses = licensed.map(|licensed| licensed.told(&result.run, &ids, names));
            let content = Content { report: result, licenses, is_full };
            let stage = |(name, write): (&str, Writer)| {
                Staged::stream(&folder.join(name), |out| write(&content, out))
            };
            files.into_par_iter().map(stage).collect()
        });
        // All of them are done; of several failures the first one in this order is told.
        let staged: Vec<Staged> = staged.into_iter().collect::<Result<_, Failure>>()?;
        result.stages = progress.seconds();
        result.peak_memory_bytes = peak_memory_bytes();
        let summary = Staged::stream(&folder.join("summary.json"), |out| write_summary(result, out))?;
        let mut stale: Vec<PathBuf> = other.into_iter().map(|&(_, name, _)| folder.join(name)).collect();
        if licensed.is_none() {
            stale.extend(LICENSE_FILES.iter().map(|(name, _)| folder.join(name)));
        }
        stale.push(folder.join(GUARDS));
        Ok(Self { staged, summary, stale })
    }

    /// Puts them in their places.
    pub(super) fn commit(self) -> Result<(), Failure> {
        remove_stale(self.summary.target())?;
        self.staged.into_iter().try_for_each(Staged::commit)?;
        self.stale.iter().try_for_each(|path| remove_stale(path))?;
        self.summary.commit()
    }
}

/// The files of a run would take the place of its state.
pub(super) fn refuse_state_among(folder: &Path, state: &Path) -> Result<(), Failure> {
    let names = DELTAS.map(|(_, name, _)| name);
    let of_licenses = LICENSE_FILES.map(|(name, _)| name);
    let taken =
        names.into_iter().chain(of_licenses).chain(["groups.ndjson", "audit.ndjson", "summary.json", GUARDS]);
    for name in taken {
        if place_of(&folder.join(name)) == place_of(state) {
            let state = state.display();
            return Err(Failure::new(format!(
                "{state}: a run writes a file of this name into the folder of --out: name another state file"
            )));
        }
    }
    Ok(())
}

/// Where a file is or would be, whatever way it is named.
fn place_of(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(parent.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// Writes what the guards have found, for review and approval; says where.
pub(super) fn write_guards(report: &GuardReport, folder: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "write", &error))?;
    let path = folder.join(GUARDS);
    let mut content = Vec::new();
    crate::report::guards::write_guards(report, &mut content)?;
    write_whole(&path, &content)?;
    Ok(path)
}

fn remove_stale(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Ok(());
    }
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::file(path, "remove", &error)),
    }
}
