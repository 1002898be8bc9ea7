//! A new tenant folder, whose files appear when all of them are done.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::super::failure::Failure;
use super::super::output;

/// A folder that is being filled. Its files have temporary names until [`Folder::publish`]; if that is
/// never called, nothing stays.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether it was not there before.
    created: bool,
    files: Vec<(String, NamedTempFile)>,
}

/// A file that was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) size_bytes: u64,
}

impl Folder {
    /// Creates the folder, with those above it.
    ///
    /// # Errors
    /// If it is there and not empty, is no folder, or cannot be created.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::file(path, "create", error);
        let created = match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    let path = path.display();
                    return Err(Failure::new(format!(
                        "{path}: the folder is not empty, and nothing is overwritten: name a new folder"
                    )));
                }
                false
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(|error| failed(&error))?;
                true
            }
            Err(error) => return Err(failed(&error)),
        };
        Ok(Self { path: path.to_owned(), created, files: Vec::new() })
    }

    /// Adds a file and writes it. `write` gets the path that the file will have, for messages.
    pub(super) fn add<T>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut File, &Path) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let path = self.path.join(name);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".unfinished-");
        #[cfg(unix)]
        builder.permissions(output::ordinary_permissions());
        let mut file =
            builder.tempfile_in(&self.path).map_err(|error| Failure::file(&path, "create", &error))?;
        let result = write(file.as_file_mut(), &path)?;
        self.files.push((name.to_owned(), file));
        Ok(result)
    }

    /// Gives all files their names, in the order in which they were added.
    ///
    /// # Errors
    /// If a name is taken meanwhile or the system refuses; then none of the files stays.
    pub(super) fn publish(mut self) -> Result<Vec<Written>, Failure> {
        let mut written: Vec<Written> = Vec::with_capacity(self.files.len());
        for (name, file) in std::mem::take(&mut self.files) {
            let path = self.path.join(&name);
            let named =
                file.persist_noclobber(&path).map_err(|error| error.error).and_then(|file| file.metadata());
            match named {
                Ok(metadata) => written.push(Written { name, size_bytes: metadata.len() }),
                Err(error) => {
                    for done in &written {
                        // What is left over is worth less than the first error.
                        let _ = fs::remove_file(self.path.join(&done.name));
                    }
                    return Err(match error.kind() {
                        ErrorKind::AlreadyExists => Failure::new(format!(
                            "{}: the file has appeared meanwhile, and nothing is overwritten",
                            path.display()
                        )),
                        _ => Failure::file(&path, "write", &error),
                    });
                }
            }
        }
        self.created = false;
        Ok(written)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Files first: they lie in the folder.
        self.files.clear();
        if self.created {
            // Fails if somebody else has put something into it, and then it has to stay.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<String> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn add(folder: &mut Folder, name: &str, content: &[u8]) {
        folder
            .add(name, |file, path| {
                file.write_all(content).map_err(|error| Failure::file(path, "write", &error))
            })
            .unwrap();
    }

    #[test]
    fn files_appear_together() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b");
        let mut folder = Folder::create(&path).unwrap();
        add(&mut folder, "users.csv", b"id\n");
        add(&mut folder, "groups.json", b"[]");
        assert!(names(&path).iter().all(|name| name.starts_with(".unfinished-")), "{:?}", names(&path));
        let written = folder.publish().unwrap();
        assert_eq!(names(&path), ["groups.json", "users.csv"]);
        assert_eq!(written.iter().map(|file| file.size_bytes).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn nothing_stays_of_an_unfinished_folder() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("tenant");
        let mut folder = Folder::create(&path).unwrap();
        add(&mut folder, "users.csv", b"id\n");
        drop(folder);
        assert!(!path.exists());
        let mut folder = Folder::create(place.path()).unwrap();
        add(&mut folder, "users.csv", b"id\n");
        drop(folder);
        assert!(names(place.path()).is_empty(), "an empty folder that was there stays");
    }

    #[test]
    fn nothing_is_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let mut folder = Folder::create(place.path()).unwrap();
        add(&mut folder, "a", b"a");
        add(&mut folder, "b", b"b");
        fs::write(place.path().join("b"), "precious").unwrap();
        let taken = format!("{:?}", folder.publish());
        assert!(taken.contains("b: the file has appeared meanwhile, and nothing is overwritten"), "{taken}");
        assert_eq!(names(place.path()), ["b"]);
        assert_eq!(fs::read(place.path().join("b")).unwrap(), b"precious");
        assert!(format!("{:?}", Folder::create(place.path())).contains("the folder is not empty"));
        assert!(Folder::create(&place.path().join("b")).is_err());
    }
}
