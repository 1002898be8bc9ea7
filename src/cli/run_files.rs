//! The files that a run leaves in the folder of `--out`: all of them or none.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::DeltaFormat;
use super::failure::Failure;
use super::output::{Staged, sweep, write_whole};
use super::progress::Progress;
use super::recompute::peak_memory_bytes;
use crate::report::deltas::{write_audit, write_deltas};
use crate::report::guards::GuardReport;
use crate::report::memberships::MembershipFormat;
use crate::report::recompute::{RunReport, write_groups, write_summary};

type Writer = fn(&RunReport, &mut (dyn Write + Send)) -> io::Result<()>;

/// The file of each format of the deltas.
const DELTAS: [(DeltaFormat, &str, Writer); 3] = [
    (DeltaFormat::Ndjson, "membership-deltas.ndjson", |run, out| {
        write_deltas(MembershipFormat::Ndjson, run, out)
    }),
    (DeltaFormat::Csv, "membership-deltas.csv", |run, out| write_deltas(MembershipFormat::Csv, run, out)),
    (DeltaFormat::Parquet, "membership-deltas.parquet", |run, out| {
        write_deltas(MembershipFormat::Parquet, run, out)
    }),
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
        folder: &Path,
        delta_format: DeltaFormat,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "write", &error))?;
        sweep(folder);
        let stage = |name: &str, write: Writer, result: &RunReport| {
            Staged::stream(&folder.join(name), |out| write(result, out))
        };
        let others: [(&str, Writer); 2] =
            [("groups.ndjson", |result, out| write_groups(result, out)), ("audit.ndjson", write_audit)];
        let (chosen, other): (Vec<_>, Vec<_>) =
            DELTAS.iter().partition(|(format, ..)| *format == delta_format);
        let files: Vec<_> = chosen.into_iter().map(|&(_, name, write)| (name, write)).chain(others).collect();
        let staged: Vec<Result<Staged, Failure>> = progress.stage("write", "writing", || {
            files.into_par_iter().map(|(name, write)| stage(name, write, result)).collect()
        });
        // All of them are done; of several failures the first one in this order is told.
        let staged: Vec<Staged> = staged.into_iter().collect::<Result<_, Failure>>()?;
        result.stages = progress.seconds();
        result.peak_memory_bytes = peak_memory_bytes();
        let summary = stage("summary.json", |result, out| write_summary(result, out), result)?;
        let mut stale: Vec<PathBuf> = other.into_iter().map(|&(_, name, _)| folder.join(name)).collect();
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
    let taken = names.into_iter().chain(["groups.ndjson", "audit.ndjson", "summary.json", GUARDS]);
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
