//! Which files a tenant folder has.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::base::code;
use crate::base::limits::FOLDER_EXCERPT_MAX_FILES;
use crate::directory::error::{DataError, DataErrors};
use crate::directory::source::Format;

/// The files of a tenant folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    folder: PathBuf,
    /// The names of all files in it, for messages.
    names: Vec<String>,
    pub(super) users: Option<PathBuf>,
    pub(super) devices: Option<PathBuf>,
    pub(super) groups: PathBuf,
    pub(super) members: Option<PathBuf>,
    pub(super) skus: Option<PathBuf>,
    pub(super) organization: Option<PathBuf>,
    pub(super) policy: Option<PathBuf>,
}

impl Files {
    /// Looks for the files by their names, in any letter case. There has to be one of groups.
    pub(super) fn find(folder: &Path) -> Result<Self, DataErrors> {
        let names = list(folder)?;
        let mut errors = None;
        let mut one =
            |stem| DataErrors::collect(&mut errors, one_of(folder, &names, stem, is_data_extension));
        let [users, devices, groups, members, skus, organization] =
            ["users", "devices", "groups", "members", "subscribedSkus", "organization"]
                .map(|stem| one(stem).flatten());
        let is_toml = |extension: &str| extension.eq_ignore_ascii_case("toml");
        let policy = DataErrors::collect(&mut errors, one_of(folder, &names, "policy", is_toml)).flatten();
        DataErrors::none_of(errors)?;
        let stem = if users.is_none() && groups.is_none() { "users" } else { "groups" };
        let groups = groups.ok_or_else(|| missing(folder, &names, stem))?;
        let folder = folder.to_owned();
        Ok(Self { folder, names, users, devices, groups, members, skus, organization, policy })
    }

    /// The users, which have to be there for all but changes.
    pub(super) fn users(&self) -> Result<&Path, DataErrors> {
        match &self.users {
            Some(users) => Ok(users),
            None => Err(missing(&self.folder, &self.names, "users")),
        }
    }
}

/// What a tenant folder holds, for messages.
const CONTENT: &str = "a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, \
                       `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, \
                       and all but the groups, products and the organization as `.parquet`, \
                       beside them `policy.toml`";

/// The names of everything in the folder, sorted.
fn list(folder: &Path) -> Result<Vec<String>, DataErrors> {
    let unreadable = |error: std::io::Error| {
        let message = match error.kind() {
            ErrorKind::NotFound => format!("the folder does not exist; {CONTENT}"),
            ErrorKind::NotADirectory => format!("a file stands where a folder is expected; {CONTENT}"),
            ErrorKind::PermissionDenied => "the permission to read the folder is missing".to_owned(),
            _ => format!("the folder cannot be read: {error}"),
        };
        DataError::new(&code::FILE_UNREADABLE, folder, message)
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        // The names that are looked for are ASCII, so what is no UTF-8 cannot be one of them.
        names.extend(entry.map_err(unreadable)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// The stems that may also be folders of files.
const FOLDERS: [&str; 2] = ["users", "devices"];

/// The file that is called `stem` and has an extension that fits, if there is one.
fn one_of(
    folder: &Path,
    names: &[String],
    stem: &str,
    is_extension: impl Fn(&str) -> bool,
) -> Result<Option<PathBuf>, DataErrors> {
    let fits = |name: &&String| match name.split_once('.') {
        Some((start, extension)) => start.eq_ignore_ascii_case(stem) && is_extension(extension),
        None => FOLDERS.contains(&stem) && name.eq_ignore_ascii_case(stem) && folder.join(name).is_dir(),
    };
    let mut found = names.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => {
            let message = format!("`{first}` and `{second}` are both there; keep the one that is to be read");
            Err(DataError::new(&code::FILE_UNREADABLE, folder, message).into())
        }
        (first, _) => Ok(first.map(|name| folder.join(name))),
    }
}

/// Where Parquet is not read, a folder with it is told so.
fn is_data_extension(extension: &str) -> bool {
    Format::of_extension(extension).is_some() || extension.eq_ignore_ascii_case("parquet")
}

fn missing(folder: &Path, names: &[String], stem: &str) -> DataErrors {
    let listed: Vec<_> =
        names.iter().take(FOLDER_EXCERPT_MAX_FILES).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(FOLDER_EXCERPT_MAX_FILES);
    let found = match (listed.is_empty(), more) {
        (true, _) => "nothing".to_owned(),
        (false, 0) => listed.join(", "),
        (false, more) => format!("{} and {more} more", listed.join(", ")),
    };
    let message = format!("the folder has no `{stem}` file: {CONTENT}; this one holds {found}");
    DataError::new(&code::FILE_UNREADABLE, folder, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str]) -> Result<Files, String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let path = folder.path().display().to_string();
        Files::find(folder.path()).map_err(|errors| errors.to_string().replace(&path, "tenant"))
    }

    #[test]
    fn files_are_found_by_name() {
        let files = find(&[
            "Users.NDJSON",
            "groups.json",
            "subscribedskus.json",
            "Policy.toml",
            "policy.json",
            "users.csv.bak",
            "members",
            "readme.md",
        ])
        .unwrap();
        assert_eq!(files.users.unwrap().file_name().unwrap(), "Users.NDJSON");
        assert_eq!(files.skus.unwrap().file_name().unwrap(), "subscribedskus.json");
        assert_eq!(files.policy.unwrap().file_name().unwrap(), "Policy.toml");
        assert_eq!((files.members, files.devices, files.organization), (None, None, None));
    }

    #[test]
    fn what_is_missing_or_doubled_is_said() {
        let find = |names: &[&str]| {
            let files = find(names)?;
            let path = files.folder.display().to_string();
            files.users().map(drop).map_err(|errors| errors.to_string().replace(&path, "tenant"))
        };
        insta::assert_snapshot!(find(&[]).unwrap_err(), @"tenant: the folder has no `users` file: a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, and all but the groups, products and the organization as `.parquet`, beside them `policy.toml`; this one holds nothing");
        insta::assert_snapshot!(find(&["groups.json", "people.csv"]).unwrap_err(), @"tenant: the folder has no `users` file: a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, and all but the groups, products and the organization as `.parquet`, beside them `policy.toml`; this one holds `groups.json`, `people.csv`");
        insta::assert_snapshot!(find(&["users.json"]).unwrap_err(), @"tenant: the folder has no `groups` file: a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, and all but the groups, products and the organization as `.parquet`, beside them `policy.toml`; this one holds `users.json`");
        insta::assert_snapshot!(find(&["users.json", "users.parquet", "groups.csv", "groups.json"]).unwrap_err(), @r"
            tenant: `users.json` and `users.parquet` are both there; keep the one that is to be read
            tenant: `groups.csv` and `groups.json` are both there; keep the one that is to be read
            ");
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users.csv");
        fs::write(&file, "id\n").unwrap();
        let refusal = |path: &Path| {
            let text = Files::find(path).unwrap_err().to_string();
            text.replace(&folder.path().display().to_string(), "tenant")
        };
        insta::assert_snapshot!(refusal(&file), @"tenant/users.csv: a file stands where a folder is expected; a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, and all but the groups, products and the organization as `.parquet`, beside them `policy.toml`");
        insta::assert_snapshot!(refusal(&folder.path().join("none")), @"tenant/none: the folder does not exist; a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, and all but the groups, products and the organization as `.parquet`, beside them `policy.toml`");
    }
}
