//! Objects and memberships from single files, for commands that need no tenant folder.

use super::args::ObjectArgs;
use super::failure::Failure;
use super::settings::Settings;
use crate::directory::managers::Managers;
use crate::directory::members::{Members, read_members};
use crate::directory::object::Object;
use crate::directory::read::read_objects;
use crate::directory::source::Source;
use crate::engine::world::Relations;
use crate::language::attribute::Subject;
use crate::language::typed::Reach;

/// Users or devices with what relates them.
#[derive(Debug, Default)]
pub(super) struct Population {
    pub(super) users: Vec<Object>,
    pub(super) devices: Vec<Object>,
    pub(super) related: Related,
}

/// Group members and managers as files say.
#[derive(Debug, Default)]
pub(super) struct Related {
    pub(super) members: Members,
    pub(super) managers: Managers,
}

impl Population {
    /// Reads the files that are named.
    pub(super) fn read(args: &ObjectArgs, settings: &Settings) -> Result<Self, Failure> {
        let mut pairs = Vec::new();
        let mut objects = |path: &Option<std::path::PathBuf>,
                           subject: Subject|
         -> Result<Vec<Object>, Failure> {
            let Some(path) = path else { return Ok(Vec::new()) };
            let mut found = Vec::new();
            for read in read_objects(path, subject, &settings.attributes)? {
                if !read.removed {
                    pairs
                        .extend(read.member_of.into_iter().map(|group| (group, read.object.id().to_owned())));
                    found.push(read.object);
                }
            }
            found.sort_by(|a, b| a.id().cmp(b.id()));
            Ok(found)
        };
        let users = objects(&args.users, Subject::User)?;
        let devices = objects(&args.devices, Subject::Device)?;
        if let Some(path) = &args.members {
            let listed = read_members(&Source::read(path)?)?;
            pairs.extend(listed.iter().map(|(group, member)| (group.to_owned(), member.to_owned())));
        }
        let related = Related { members: Members::new(pairs), managers: Managers::of_objects(&users) };
        Ok(Self { users, devices, related })
    }

    /// The objects that a rule about `subject` selects from.
    pub(super) fn of(&self, subject: Subject) -> &[Object] {
        match subject {
            Subject::User => &self.users,
            Subject::Device => &self.devices,
        }
    }
}

impl Relations for Related {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        match reach {
            Reach::Direct => self.members.is_direct(group, object),
            Reach::Transitive => self.members.is_transitive(group, object),
        }
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.managers.of(user)
    }
}
