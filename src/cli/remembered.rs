//! What a state file remembers of earlier runs, and the session in which a run looks at it.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::licenses::licensed_groups;
use crate::language::attribute::Subject;
use crate::membership::register::{Holder, Register};
use crate::store::{RunRecord, Session, StoredGroup};

/// The name of the fact that holds [`Inputs`].
const INPUTS: &str = "inputs";

/// What a state file remembers.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) register: Register,
    pub(super) groups: Vec<StoredGroup>,
    /// The ordinals of the users and of the devices that exist.
    pub(super) present: [RoaringBitmap; 2],
    /// The ordinals of those who were deleted before anybody knew them.
    pub(super) strangers: RoaringBitmap,
    pub(super) last: Option<RunRecord>,
    pub(super) inputs: Inputs,
    /// The groups with a license template; `None` if nothing is remembered of licenses.
    pub(super) licensed: Option<RoaringBitmap>,
}

/// What the last run read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Inputs {
    /// How many objects had a value of each attribute, by `user.city` and the like.
    pub(super) values: BTreeMap<String, u64>,
    /// The [mark](crate::directory::mark::mark_of) of the file of users that was read as a whole.
    pub(super) users_file: Option<String>,
    /// The mark of the file of devices that was read as a whole.
    pub(super) devices_file: Option<String>,
    /// The mark of the members file.
    pub(super) members_file: Option<String>,
    /// Whether users or devices themselves named groups.
    pub(super) objects_name_groups: bool,
    /// The declared attributes, such as `user.employeeType`, that all runs over changes since the last full one
    /// have known; `None` if there was none.
    pub(super) declared: Option<BTreeSet<String>>,
}

impl Remembered {
    /// Reads all of it.
    pub(super) fn read(session: &Session<'_>) -> Result<Self, Failure> {
        let inputs = match session.fact(INPUTS)? {
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                let state = session.path().display();
                Failure::new(format!(
                    "{state}: the state file is damaged: what the last run read is unreadable ({error}); restore \
                     it from a backup, or begin a new one"
                ))
            })?,
            None => Inputs::default(),
        };
        Ok(Self {
            register: session.register()?,
            groups: session.groups()?,
            present: [session.present(Holder::User)?, session.present(Holder::Device)?],
            strangers: session.present(Holder::Other)?,
            last: session.last_run()?,
            inputs,
            licensed: licensed_groups(session)?,
        })
    }
}

impl Inputs {
    /// Replaces the counts of users and of devices, where attributes were stored anew.
    pub(super) fn count_anew(&mut self, [users, devices]: [Option<BTreeMap<String, u64>>; 2]) {
        for (subject, counts) in [(Subject::User, users), (Subject::Device, devices)] {
            let Some(counts) = counts else { continue };
            let start = format!("{}.", subject.word());
            self.values.retain(|path, _| !path.starts_with(&start));
            self.values.extend(counts.into_iter().map(|(name, count)| (format!("{start}{name}"), count)));
        }
    }

    /// Remembers them.
    pub(super) fn write(&self, session: &Session<'_>) -> Result<(), Failure> {
        let text = serde_json::to_string(self).map_err(|error| Failure::new(error.to_string()))?;
        Ok(session.set_fact(INPUTS, Some(&text))?)
    }
}
