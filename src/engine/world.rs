//! What evaluation needs beside the object: the clock's reading, choices and other objects.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::base::fold::fold;
use crate::language::typed::Reach;

/// Everything outside the object that a result can depend on.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// What `system.now` stands for.
    pub now: Timestamp,
    /// How operating system versions are ordered. Nothing says how the service does it, so without a
    /// choice a rule that orders them is not evaluated.
    pub version_order: Option<VersionOrder>,
    /// Groups and managers.
    pub relations: &'a dyn Relations,
}

/// How `-ge` and `-le` order operating system versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionOrder {
    /// As numbers, part by part: `10.0.9` is below `10.0.10`. A missing part counts as zero. What
    /// follows the digits of a part is compared as text.
    Version,
    /// As folded text, code unit by code unit: `10.0.9` is above `10.0.10`.
    Ordinal,
}

impl VersionOrder {
    /// How `found` stands to `constant`; neither needs to be folded.
    ///
    /// ```
    /// use dyngroup::engine::world::VersionOrder;
    /// assert!(VersionOrder::Version.compare("10.0.9", "10.0.10").is_lt());
    /// assert!(VersionOrder::Ordinal.compare("10.0.9", "10.0.10").is_gt());
    /// assert!(VersionOrder::Version.compare("10", "10.0.0").is_eq());
    /// ```
    pub fn compare(self, found: &str, constant: &str) -> Ordering {
        match self {
            Self::Version => compare_versions(found, constant),
            Self::Ordinal => compare_ordinal(found, constant),
        }
    }
}

/// Who is member of what, and who manages whom.
///
/// Ids compare case-insensitively, through [`fold`]; implementations see to it.
pub trait Relations: Sync {
    /// Whether the object is a member of the group.
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool;

    /// The manager of a user. Asked for the steps above the evaluated object's own manager, which
    /// stands in the object.
    fn manager_of(&self, user: &str) -> Option<&str>;
}

/// Nobody is a member of anything, nobody's manager has a manager.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRelations;

impl Relations for NoRelations {
    fn is_member(&self, _group: &str, _object: &str, _reach: Reach) -> bool {
        false
    }

    fn manager_of(&self, _user: &str) -> Option<&str> {
        None
    }
}

fn compare_versions(found: &str, constant: &str) -> Ordering {
    let (mut found, mut constant) = (found.split('.'), constant.split('.'));
    loop {
        let (one, other) = (found.next(), constant.next());
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let order = compare_parts(one.unwrap_or_default(), other.unwrap_or_default());
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_parts(one: &str, other: &str) -> Ordering {
    let ((number, tail), (other_number, other_tail)) = (split_number(one), split_number(other));
    // Without leading zeros the longer number is the greater one, whatever its size.
    (number.len(), number)
        .cmp(&(other_number.len(), other_number))
        .then_with(|| compare_ordinal(tail, other_tail))
}

/// The leading digits without leading zeros, and the rest.
fn split_number(part: &str) -> (&str, &str) {
    let tail = part.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = part.strip_suffix(tail).unwrap_or_default();
    (digits.trim_start_matches('0'), tail)
}

fn compare_ordinal(one: &str, other: &str) -> Ordering {
    fold(one).encode_utf16().cmp(fold(other).encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_and_then_by_what_follows() {
        let ascending =
            ["", "1", "1.0.1", "1.2", "1.10.0.3", "1.10-a", "1.10-B", "2.a", "10", "99999999999999999999"];
        for (at, low) in ascending.iter().enumerate() {
            for (above, high) in ascending.iter().enumerate() {
                assert_eq!(VersionOrder::Version.compare(low, high), at.cmp(&above), "{low} to {high}");
            }
        }
        assert!(VersionOrder::Version.compare("010.00", "10").is_eq());
    }

    #[test]
    fn ordinal_order_goes_by_code_unit_and_ignores_case() {
        assert!(VersionOrder::Ordinal.compare("a", "B").is_lt());
        assert!(VersionOrder::Ordinal.compare("1.0A", "1.0a").is_eq());
        assert!(
            VersionOrder::Ordinal.compare("\u{1F600}", "\u{FF21}").is_lt(),
            "half a pair is below U+FF21"
        );
    }
}
