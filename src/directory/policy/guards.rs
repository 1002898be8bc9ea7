//! The thresholds of guards: `[guards]` of a policy, and `--guard KEY=VALUE`.

use super::share::{Misread, Share};
use crate::base::limits::{EXCERPT_MAX_CHARS, SHARE_MAX};
use crate::directory::error::excerpt;
use crate::language::suggest::nearest;

/// When a run is stopped. Where a limit is `None`, nothing is looked at.
///
/// ```
/// use dyngroup::directory::policy::guards::GuardPolicy;
/// use dyngroup::directory::policy::share::Share;
/// let mut policy = GuardPolicy::default();
/// policy.set("group_removals_max_share", "50%").unwrap();
/// policy.set("total_removals_max_share", "none").unwrap();
/// assert_eq!(policy.group_removals.share_max, Some(Share::of_tenths(5)));
/// assert_eq!(policy.total_removals.share_max, None);
/// let error = policy.set("group_removal_max_share", "1").unwrap_err();
/// assert_eq!(error, "`group_removal_max_share` is no key of the guards; did you mean `group_removals_max_share`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardPolicy {
    /// Whether there are guards at all.
    pub enabled: bool,
    /// What one group may lose; the share is that of its members before.
    pub group_removals: Limits,
    /// What may come to one group; the share is that of its members before, if it had any.
    pub group_additions: Limits,
    /// What all groups together may lose; the share is that of all memberships before.
    pub total_removals: Limits,
    /// What may come to all groups together; the share is that of all memberships before, if there were
    /// any.
    pub total_additions: Limits,
    /// Up to so many changes of one kind are never stopped by a share.
    pub small_changes_max_count: u64,
    /// What becomes of a group that would have no members any more.
    pub empty_groups: EmptyGroups,
    /// The share of the users before that may be missing.
    pub users_lost_max_share: Option<Share>,
    /// The share of the devices before that may be missing.
    pub devices_lost_max_share: Option<Share>,
    /// The share of an attribute's values before that may be missing.
    pub attribute_values_lost_max_share: Option<Share>,
}

/// How much of one kind of change passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// At most this share.
    pub share_max: Option<Share>,
    /// At most so many.
    pub count_max: Option<u64>,
}

/// What becomes of a group that had members and would have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyGroups {
    /// The run stops.
    Stop,
    /// Nothing of its own; the limits on removals hold all the same.
    Pass,
}

impl EmptyGroups {
    /// The word in a policy.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Pass => "pass",
        }
    }
}

impl Default for GuardPolicy {
    fn default() -> Self {
        let share = |share| Limits { share_max: Some(share), count_max: None };
        Self {
            enabled: true,
            group_removals: share(Share::of_tenths(2)),
            group_additions: share(Share::ALL),
            total_removals: share(Share::of_tenths(2)),
            total_additions: Limits::default(),
            small_changes_max_count: 10,
            empty_groups: EmptyGroups::Stop,
            users_lost_max_share: Some(Share::of_tenths(1)),
            devices_lost_max_share: Some(Share::of_tenths(1)),
            attribute_values_lost_max_share: Some(Share::of_tenths(5)),
        }
    }
}

impl GuardPolicy {
    /// The keys, in the order in which the documentation has them.
    pub const KEYS: [&'static str; 14] = [
        "enabled",
        "group_removals_max_share",
        "group_removals_max_count",
        "group_additions_max_share",
        "group_additions_max_count",
        "total_removals_max_share",
        "total_removals_max_count",
        "total_additions_max_share",
        "total_additions_max_count",
        "small_changes_max_count",
        "empty_groups",
        "users_lost_max_share",
        "devices_lost_max_share",
        "attribute_values_lost_max_share",
    ];

    /// Sets one key from a text: `true`, `0.2`, `20%`, `100`, `none`, `stop`.
    ///
    /// # Errors
    ///
    /// In words: that there is no such key, or what is expected of it.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let written = match value {
            "true" => Written::Boolean(true),
            "false" => Written::Boolean(false),
            _ if value.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
                && !value.ends_with('%') =>
            {
                Written::Number(value.to_owned())
            }
            _ => Written::Text(value.to_owned()),
        };
        self.write(key, &written).map_err(|fault| match fault {
            Refusal::Key(message) => message,
            Refusal::Value(message) => format!("`{key}`: {message}"),
        })
    }

    /// The values of all keys as TOML has them, in the order of [`GuardPolicy::KEYS`].
    pub fn values(&self) -> impl Iterator<Item = (&'static str, String)> {
        let mut copy = self.clone();
        Self::KEYS.into_iter().filter_map(move |key| Some((key, copy.slot(key)?.toml())))
    }

    /// Sets one key from what stands in a file.
    pub(super) fn write(&mut self, key: &str, written: &Written) -> Result<(), Refusal> {
        match self.slot(key) {
            Some(slot) => slot.write(written).map_err(Refusal::Value),
            None => Err(Refusal::Key(unknown(key))),
        }
    }

    /// Where the value of a key is kept.
    fn slot(&mut self, key: &str) -> Option<Slot<'_>> {
        Some(match key {
            "enabled" => Slot::Switch(&mut self.enabled),
            "group_removals_max_share" => Slot::Share(&mut self.group_removals.share_max, Share::ALL),
            "group_removals_max_count" => Slot::Count(&mut self.group_removals.count_max),
            "group_additions_max_share" => Slot::Share(&mut self.group_additions.share_max, Share::MAX),
            "group_additions_max_count" => Slot::Count(&mut self.group_additions.count_max),
            "total_removals_max_share" => Slot::Share(&mut self.total_removals.share_max, Share::ALL),
            "total_removals_max_count" => Slot::Count(&mut self.total_removals.count_max),
            "total_additions_max_share" => Slot::Share(&mut self.total_additions.share_max, Share::MAX),
            "total_additions_max_count" => Slot::Count(&mut self.total_additions.count_max),
            "small_changes_max_count" => Slot::Whole(&mut self.small_changes_max_count),
            "empty_groups" => Slot::Empty(&mut self.empty_groups),
            "users_lost_max_share" => Slot::Share(&mut self.users_lost_max_share, Share::ALL),
            "devices_lost_max_share" => Slot::Share(&mut self.devices_lost_max_share, Share::ALL),
            "attribute_values_lost_max_share" => {
                Slot::Share(&mut self.attribute_values_lost_max_share, Share::ALL)
            }
            _ => return None,
        })
    }
}

/// A value as it was written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Boolean(bool),
    /// The digits.
    Number(String),
    Text(String),
    /// Something that no key takes: a list, a table or a date, in words.
    Other(&'static str),
}

/// Why a key was not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such key.
    Key(String),
    /// It takes other values.
    Value(String),
}

/// The place of a value, which says what it takes.
enum Slot<'policy> {
    Switch(&'policy mut bool),
    /// A share up to the one given, or no limit.
    Share(&'policy mut Option<Share>, Share),
    /// A count, or no limit.
    Count(&'policy mut Option<u64>),
    Whole(&'policy mut u64),
    Empty(&'policy mut EmptyGroups),
}

/// The word for no limit.
const NO_LIMIT: &str = "none";

impl Slot<'_> {
    fn write(self, written: &Written) -> Result<(), String> {
        let expected = self.expected();
        let refused = || format!("expected {expected}, found {}", written.found());
        match self {
            Self::Share(place, _) if written.is_no_limit() => *place = None,
            Self::Count(place) if written.is_no_limit() => *place = None,
            Self::Switch(place) => *place = written.boolean().ok_or_else(refused)?,
            Self::Count(place) => *place = Some(written.whole().ok_or_else(refused)?),
            Self::Whole(place) => *place = written.whole().ok_or_else(refused)?,
            Self::Empty(place) => *place = written.empty_groups().ok_or_else(refused)?,
            Self::Share(place, max) => match written.share() {
                Ok(share) if share <= max => *place = Some(share),
                Ok(_) | Err(Misread::NoShare) => return Err(refused()),
                Err(Misread::TooManyDigits) => {
                    let found = written.found();
                    return Err(format!(
                        "expected at most 9 digits behind the point of a share, found {found}"
                    ));
                }
            },
        }
        Ok(())
    }

    /// What may stand here, to follow that word.
    fn expected(&self) -> String {
        match self {
            Self::Switch(_) => "true or false".to_owned(),
            Self::Share(_, max) => {
                let max = if *max == Share::ALL { 1 } else { SHARE_MAX };
                format!(
                    "a number from 0 to {max} such as 0.2, a percentage such as \"20%\", or \"{NO_LIMIT}\""
                )
            }
            Self::Count(_) => format!("a whole number of at least 0, or \"{NO_LIMIT}\""),
            Self::Whole(_) => "a whole number of at least 0".to_owned(),
            Self::Empty(_) => "\"stop\" or \"pass\"".to_owned(),
        }
    }

    fn toml(&self) -> String {
        let no_limit = || format!("\"{NO_LIMIT}\"");
        match self {
            Self::Switch(value) => value.to_string(),
            Self::Share(share, _) => share.map_or_else(no_limit, Share::decimal),
            Self::Count(count) => count.map_or_else(no_limit, |count| count.to_string()),
            Self::Whole(count) => count.to_string(),
            Self::Empty(value) => format!("\"{}\"", value.word()),
        }
    }
}

impl Written {
    fn is_no_limit(&self) -> bool {
        matches!(self, Self::Text(word) if word == NO_LIMIT)
    }

    fn boolean(&self) -> Option<bool> {
        if let Self::Boolean(value) = self { Some(*value) } else { None }
    }

    fn whole(&self) -> Option<u64> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    fn empty_groups(&self) -> Option<EmptyGroups> {
        let Self::Text(word) = self else { return None };
        [EmptyGroups::Stop, EmptyGroups::Pass].into_iter().find(|known| known.word() == word)
    }

    fn share(&self) -> Result<Share, Misread> {
        match self {
            Self::Number(digits) => Share::parse(digits),
            Self::Text(text) if text.ends_with('%') => Share::parse(text),
            _ => Err(Misread::NoShare),
        }
    }

    /// What it is, in words.
    pub(super) fn found(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(digits) => digits.chars().take(EXCERPT_MAX_CHARS).collect(),
            Self::Text(text) => excerpt(text),
            Self::Other(words) => (*words).to_owned(),
        }
    }
}

fn unknown(key: &str) -> String {
    let shown = excerpt(key);
    let shown = shown.trim_matches('"');
    match nearest(key, GuardPolicy::KEYS) {
        Some(near) => format!("`{shown}` is no key of the guards; did you mean `{near}`?"),
        None => format!("`{shown}` is no key of the guards; these are {}", GuardPolicy::KEYS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> Result<String, String> {
        let mut policy = GuardPolicy::default();
        policy.set(key, value)?;
        Ok(policy.slot(key).unwrap().toml())
    }

    #[test]
    fn every_key_has_a_place_of_its_own() {
        let defaults: Vec<_> = GuardPolicy::default().values().collect();
        assert_eq!(defaults.len(), GuardPolicy::KEYS.len());
        for (key, value) in &defaults {
            let other = match *key {
                "enabled" => "false",
                "empty_groups" => "pass",
                _ => "0",
            };
            let mut policy = GuardPolicy::default();
            policy.set(key, other).unwrap();
            let changed: Vec<_> =
                policy.values().zip(&defaults).filter(|(now, before)| now != *before).collect();
            assert!(matches!(changed.as_slice(), [((only, _), _)] if only == key), "{key} {changed:?}");
            policy.set(key, value.trim_matches('"')).unwrap();
            assert_eq!(policy, GuardPolicy::default(), "{key} = {value}");
        }
    }

    #[test]
    fn values_are_read_as_flags_write_them() {
        for (key, value, toml) in [
            ("enabled", "false", "false"),
            ("group_removals_max_share", "1", "1.0"),
            ("group_removals_max_share", "35%", "0.35"),
            ("group_removals_max_share", "1e-2", "0.01"),
            ("group_additions_max_share", "250%", "2.5"),
            ("group_additions_max_share", "none", "\"none\""),
            ("total_removals_max_count", "0", "0"),
            ("total_removals_max_count", "none", "\"none\""),
            ("small_changes_max_count", "18446744073709551615", "18446744073709551615"),
            ("empty_groups", "pass", "\"pass\""),
        ] {
            assert_eq!(set(key, value).as_deref(), Ok(toml), "{key}={value}");
        }
    }

    #[test]
    fn what_a_key_does_not_take_is_said() {
        let refusals: Vec<String> = [
            ("enabled", "yes"),
            ("enabled", "1"),
            ("group_removals_max_share", "1.1"),
            ("group_removals_max_share", "101%"),
            ("group_removals_max_share", "-0.1"),
            ("group_removals_max_share", "all"),
            ("group_removals_max_share", "0.00000000005"),
            ("total_additions_max_share", "1000001"),
            ("group_removals_max_count", "1.5"),
            ("group_removals_max_count", "10%"),
            ("group_removals_max_count", "18446744073709551616"),
            ("small_changes_max_count", "none"),
            ("small_changes_max_count", ""),
            ("empty_groups", "Stop"),
            ("empty_groups", "true"),
            ("Enabled", "true"),
            ("group_additions_max", "1"),
            ("x", "1"),
        ]
        .into_iter()
        .map(|(key, value)| format!("{key}={value}: {}", set(key, value).unwrap_err()))
        .collect();
        insta::assert_snapshot!(refusals.join("\n"));
    }
}
