//! Objects and memberships from single files, for commands that need no tenant folder: whole objects for
//! `explain`, columns for `evaluate`.

use std::path::Path;

use super::args::ObjectArgs;
use super::failure::Failure;
use super::loaded;
use super::settings::Settings;
use crate::directory::column_reader::{ReadColumns, Wanted, read_columns};
use crate::directory::columns::{Columns, TextColumn};
use crate::directory::managers::Managers;
use crate::directory::members::{Members, read_members_of_file};
use crate::directory::object::Object;
use crate::directory::read::read_objects;
use crate::engine::world::Relations;
use crate::language::attribute::Subject;
use crate::language::typed::{Reach, TypedRule};
use crate::membership::roster::Roster;
use crate::membership::snapshot::Snapshot;

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
    /// Reads the files that are named; there has to be one for a rule about `subject`.
    pub(super) fn read(args: &ObjectArgs, subject: Subject, settings: &Settings) -> Result<Self, Failure> {
        file_for(args, subject)?;
        let mut pairs = Vec::new();
        let mut objects = |path: Option<&Path>, subject: Subject| -> Result<Vec<Object>, Failure> {
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
        let users = objects(args.users.as_deref(), Subject::User)?;
        let devices = objects(args.devices.as_deref(), Subject::Device)?;
        if let Some(path) = &args.members {
            let listed = read_members_of_file(path)?;
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

/// Checks that there is a file for a rule about `subject`.
fn file_for(args: &ObjectArgs, subject: Subject) -> Result<(), Failure> {
    let (file, option) = match subject {
        Subject::User => (&args.users, "--users"),
        Subject::Device => (&args.devices, "--devices"),
    };
    if file.is_some() {
        return Ok(());
    }
    let word = subject.word();
    Err(Failure::new(format!("the rule is about {word}s: give {option} FILE")))
}

/// Users and devices as columns, of what one rule reads, and the memberships.
pub(super) struct PopulationColumns {
    pub(super) users: Columns,
    pub(super) devices: Columns,
    pub(super) managers: Option<TextColumn>,
    pub(super) roster: Roster,
    pub(super) members: Snapshot,
}

impl PopulationColumns {
    /// Reads the files that are named; there has to be one for `rule`.
    pub(super) fn read(args: &ObjectArgs, rule: &TypedRule, settings: &Settings) -> Result<Self, Failure> {
        file_for(args, rule.subject)?;
        let read = |path: Option<&Path>, subject| match path {
            None => Ok(ReadColumns::default()),
            Some(path) => {
                let wanted = Wanted::of_rules([rule], subject, rule.reads_managers());
                read_columns(path, subject, &settings.attributes, &wanted)
            }
        };
        let mut users = read(args.users.as_deref(), Subject::User)?;
        let mut devices = read(args.devices.as_deref(), Subject::Device)?;
        let mut pairs = std::mem::take(&mut users.member_of);
        pairs.append(&mut devices.member_of);
        if let Some(path) = &args.members {
            let listed = read_members_of_file(path)?;
            pairs.extend(listed.iter().map(|(group, member)| (group.to_owned(), member.to_owned())));
        }
        let mut roster = loaded::roster_of(&mut users, &mut devices)?;
        let given = Members::new(pairs);
        let mut members = Snapshot::default();
        for group in given.groups() {
            members.add_group(roster.intern(group).ok_or_else(loaded::too_many)?);
        }
        members.add_given(&given, &mut roster).ok_or_else(loaded::too_many)?;
        let (managers, users, devices) = (users.managers, users.columns, devices.columns);
        Ok(Self { users, devices, managers, roster, members })
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
