//! A guard that stops a run.

use std::borrow::Cow;

use super::Input;
use crate::directory::policy::share::Share;
use crate::directory::policy::trip_kind::TripKind;
use crate::membership::roster::{Ordinal, Roster};

/// What a guard has looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TripSubject {
    /// An input.
    Input(Input),
    /// All groups together.
    AllGroups,
    /// One group.
    Group(Ordinal),
    /// The licenses of all users. The caller reviews it: members tell nothing of licenses.
    Licenses,
}

impl TripSubject {
    /// The group that it is about.
    pub const fn group(&self) -> Option<Ordinal> {
        if let Self::Group(group) = self { Some(*group) } else { None }
    }

    /// The attribute that it is about, such as `user.department`.
    pub fn attribute(&self) -> Option<String> {
        match self {
            Self::Input(Input::Attribute { subject, name }) => Some(format!("{}.{name}", subject.word())),
            _ => None,
        }
    }

    /// What an approval names: the id of a group, or an attribute.
    pub(super) fn text<'a>(&self, roster: &'a Roster) -> Option<Cow<'a, str>> {
        let group = self.group().map(|group| Cow::Borrowed(roster.id(group)));
        group.or_else(|| self.attribute().map(Cow::Owned))
    }
}

/// A guard that stops the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trip {
    /// What it looks at.
    pub kind: TripKind,
    /// Where it has found it.
    pub subject: TripSubject,
    /// How many members, memberships, objects or values there were before.
    pub before: u64,
    /// How many come.
    pub added: u64,
    /// How many go.
    pub removed: u64,
    /// What is exceeded: at least one limit.
    pub exceeded: Vec<Exceeded>,
}

impl Trip {
    /// How many there are after the run.
    pub const fn after(&self) -> u64 {
        self.before.saturating_sub(self.removed).saturating_add(self.added)
    }
}

/// A limit that a change is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Its key in `[guards]`.
    pub key: &'static str,
    /// How far a change may go.
    pub limit: Limit,
}

/// How far a change may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At most this share of what was there before.
    Share(Share),
    /// At most so many.
    Count(u64),
    /// Something has to be left.
    NotAll,
}
