//! What tells that a file is still the one that was read.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Length and time of a file, or of all files of a folder. `None` if the system does not say.
///
/// Whoever reads the file takes the mark before, so that a file that is put in its place meanwhile is not
/// taken for the one that was read.
///
/// ```
/// use dyngroup::directory::mark::mark_of;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("members.csv");
/// assert_eq!(mark_of(&path), None);
/// std::fs::write(&path, "groupId,memberId")?;
/// assert!(mark_of(&path).is_some_and(|mark| mark.starts_with("16 bytes of ")));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn mark_of(path: &Path) -> Option<String> {
    let mut marks = Vec::new();
    if path.is_dir() {
        let mut paths: Vec<_> =
            fs::read_dir(path).ok()?.map(|entry| Some(entry.ok()?.path())).collect::<Option<_>>()?;
        paths.sort_unstable();
        for path in paths {
            marks.push(format!("{} {}", path.file_name()?.display(), mark_of_file(&path)?));
        }
    } else {
        marks.push(mark_of_file(path)?);
    }
    Some(marks.join("; "))
}

fn mark_of_file(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} bytes of {}.{:09}", metadata.len(), modified.as_secs(), modified.subsec_nanos()))
}
