//! Who is a member of which group, as the tenant folder says: static members, and the members of
//! dynamic groups before the first run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use super::column_reader::{is_parquet, pairs_of_parquet};
use super::error::DataErrors;
use super::read::read_rows;
use super::row::Row;
use super::shape::{FieldKind, Shape};
use super::source::Source;
use crate::base::fold::fold;

/// Memberships, each once, sorted by group and then by member. Ids are compared in any letter case.
///
/// A member may be a user, a device or another group, and ids may be unknown to the tenant.
///
/// ```
/// use dyngroup::directory::members::Members;
/// let members = Members::new([("sales", "ada"), ("staff", "sales"), ("sales", "ADA")]);
/// assert_eq!(members.len(), 2);
/// assert!(members.is_direct("Sales", "Ada"));
/// assert!(!members.is_direct("staff", "ada"));
/// assert!(members.is_transitive("staff", "ada"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Each id as first written, sorted in folded form.
    ids: Vec<Id>,
    /// Group and member as places in `ids`.
    by_group: Vec<(u32, u32)>,
    /// Member and group as places in `ids`.
    by_member: Vec<(u32, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Id {
    folded: Box<str>,
    written: Box<str>,
}

impl Members {
    /// Memberships `(group id, member id)` in any order; one that is given several times counts once.
    pub fn new<Group: AsRef<str>, Member: AsRef<str>>(
        pairs: impl IntoIterator<Item = (Group, Member)>,
    ) -> Self {
        let mut numbers = Numbers::default();
        let pairs: Vec<(u32, u32)> = pairs
            .into_iter()
            .filter_map(|(group, member)| Some((numbers.of(group.as_ref())?, numbers.of(member.as_ref())?)))
            .collect();
        let (ids, places) = numbers.sorted();
        let place = |number: u32| usize::try_from(number).ok().and_then(|at| places.get(at)).copied();
        let mut by_group: Vec<_> =
            pairs.into_iter().filter_map(|(group, member)| Some((place(group)?, place(member)?))).collect();
        by_group.sort_unstable();
        by_group.dedup();
        let mut by_member: Vec<_> = by_group.iter().map(|&(group, member)| (member, group)).collect();
        by_member.sort_unstable();
        Self { ids, by_group, by_member }
    }

    /// How many memberships there are.
    pub fn len(&self) -> usize {
        self.by_group.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_group.is_empty()
    }

    /// All memberships `(group id, member id)`, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_group.iter().map(|&(group, member)| (self.written(group), self.written(member)))
    }

    /// The direct members of a group, sorted.
    pub fn of(&self, group: &str) -> impl Iterator<Item = &str> {
        let group = self.find(group);
        neighbours(&self.by_group, group).map(|member| self.written(member))
    }

    /// The groups that an object is a direct member of, sorted.
    pub fn groups_of(&self, member: &str) -> impl Iterator<Item = &str> {
        let member = self.find(member);
        neighbours(&self.by_member, member).map(|group| self.written(group))
    }

    /// The ids of all groups that have members, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.by_group.chunk_by(|a, b| a.0 == b.0).filter_map(|run| run.first()).map(|run| self.written(run.0))
    }

    /// The ids of all members, sorted.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.by_member
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|run| run.first())
            .map(|run| self.written(run.0))
    }

    /// All ids that stand as groups or members, sorted in folded form.
    pub fn ids(&self) -> Vec<&str> {
        self.ids.iter().map(|id| &*id.written).collect()
    }

    /// All memberships as places of group and member among [`Members::ids`], sorted: for those who look
    /// each id up once and not once for each membership.
    pub fn places(&self) -> &[(u32, u32)] {
        &self.by_group
    }

    /// Whether an object is a direct member of a group.
    pub fn is_direct(&self, group: &str, member: &str) -> bool {
        self.find(group)
            .zip(self.find(member))
            .is_some_and(|membership| self.by_group.binary_search(&membership).is_ok())
    }

    /// Whether an object is a member of a group, directly or through groups in it. Groups that hold
    /// each other in a circle do no harm; a group is its own member only through such a circle.
    pub fn is_transitive(&self, group: &str, member: &str) -> bool {
        let (Some(group), Some(member)) = (self.find(group), self.find(member)) else { return false };
        self.groups_above(member).contains(&group)
    }

    /// All groups that an object is a member of, directly or through other groups, sorted.
    pub fn transitive_groups_of(&self, member: &str) -> Vec<&str> {
        let mut groups = self.find(member).map(|member| self.groups_above(member)).unwrap_or_default();
        groups.sort_unstable();
        groups.into_iter().map(|group| self.written(group)).collect()
    }

    fn groups_above(&self, member: u32) -> Vec<u32> {
        let mut found: Vec<u32> = neighbours(&self.by_member, Some(member)).collect();
        let mut seen: std::collections::HashSet<u32> = found.iter().copied().collect();
        let mut next = 0;
        while let Some(&group) = found.get(next) {
            found.extend(neighbours(&self.by_member, Some(group)).filter(|&above| seen.insert(above)));
            next += 1;
        }
        found
    }

    fn find(&self, id: &str) -> Option<u32> {
        let folded = fold(id);
        let place = self.ids.binary_search_by(|known| (*known.folded).cmp(&folded)).ok()?;
        u32::try_from(place).ok()
    }

    fn written(&self, place: u32) -> &str {
        let id = usize::try_from(place).ok().and_then(|place| self.ids.get(place));
        id.map(|id| &*id.written).unwrap_or_default()
    }
}

/// Reads memberships `groupId`, `memberId` from the file at `path`, which may be Parquet.
///
/// # Errors
///
/// If the file cannot be read or is not what its extension says, or an id is missing or no string.
pub fn read_members_of_file(path: &Path) -> Result<Members, DataErrors> {
    read_pairs_of_file(path).map(Members::new)
}

/// Reads memberships `groupId`, `memberId`.
///
/// # Errors
///
/// If the text is not what its format says, or an id is missing or no string.
pub fn read_members(source: &Source<'_>) -> Result<Members, DataErrors> {
    read_pairs(source).map(Members::new)
}

/// Reads memberships `(groupId, memberId)` in the order of the file at `path`, which may be Parquet.
pub(super) fn read_pairs_of_file(path: &Path) -> Result<Vec<(String, String)>, DataErrors> {
    if is_parquet(path) {
        return pairs_of_parquet(path, membership(), MEMBERSHIP_NAMES);
    }
    read_pairs(&Source::read(path)?)
}

fn read_pairs(source: &Source<'_>) -> Result<Vec<(String, String)>, DataErrors> {
    read_rows(source, &MEMBERSHIP, None, &|mut row: Row, _line| {
        (row.required_text("groupId"), row.required_text("memberId"))
    })
}

const MEMBERSHIP_NAMES: [&str; 2] = ["groupId", "memberId"];

static MEMBERSHIP: LazyLock<Shape<'static>> = LazyLock::new(membership);

fn membership() -> Shape<'static> {
    Shape::new(MEMBERSHIP_NAMES.map(|name| (name, FieldKind::Text))).require(MEMBERSHIP_NAMES)
}

/// The second parts of the pairs that begin with `first`.
fn neighbours(pairs: &[(u32, u32)], first: Option<u32>) -> impl Iterator<Item = u32> {
    let range = first.map(|first| {
        let start = pairs.partition_point(|pair| pair.0 < first);
        let end = pairs.partition_point(|pair| pair.0 <= first);
        pairs.get(start..end).unwrap_or_default()
    });
    range.unwrap_or_default().iter().map(|pair| pair.1)
}

/// Gives each id a number, in the order in which ids appear.
#[derive(Default)]
struct Numbers {
    by_folded: HashMap<Box<str>, u32>,
    written: Vec<Box<str>>,
}

impl Numbers {
    /// The number of an id; `None` if there are more ids than numbers.
    fn of(&mut self, id: &str) -> Option<u32> {
        let folded = fold(id);
        if let Some(&number) = self.by_folded.get(&*folded) {
            return Some(number);
        }
        let number = u32::try_from(self.written.len()).ok()?;
        self.by_folded.insert(folded.into(), number);
        self.written.push(id.into());
        Some(number)
    }

    /// The ids sorted in folded form, and the place of each number among them.
    fn sorted(self) -> (Vec<Id>, Vec<u32>) {
        let mut order: Vec<(Box<str>, u32)> = self.by_folded.into_iter().collect();
        order.sort_unstable();
        let mut places = vec![0; order.len()];
        let mut written: Vec<Option<Box<str>>> = self.written.into_iter().map(Some).collect();
        let mut ids = Vec::with_capacity(order.len());
        for (place, (folded, number)) in (0..).zip(order) {
            let Ok(number) = usize::try_from(number) else { continue };
            if let Some(slot) = places.get_mut(number) {
                *slot = place;
            }
            let written = written.get_mut(number).and_then(Option::take).unwrap_or_default();
            ids.push(Id { folded, written });
        }
        (ids, places)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::source::Format;

    fn read(text: &str, format: Format) -> Result<Members, String> {
        let source = Source::of_text("members", text, format).unwrap();
        read_members(&source).map_err(|errors| errors.to_string())
    }

    #[test]
    fn memberships_are_sorted_and_merged() {
        let json = r#"[{"groupId": "G2", "memberId": "b"}, {"groupId": "g1", "memberId": "c"},
            {"groupId": "g2", "memberId": "A", "since": 5}, {"groupId": "g2", "memberId": "B"}]"#;
        let members = read(json, Format::Json).unwrap();
        assert_eq!(members.iter().collect::<Vec<_>>(), [("g1", "c"), ("G2", "A"), ("G2", "b")]);
        assert_eq!(members.of("g2").collect::<Vec<_>>(), ["A", "b"]);
        assert_eq!(members.groups_of("B").collect::<Vec<_>>(), ["G2"]);
        assert_eq!(members.groups().collect::<Vec<_>>(), ["g1", "G2"]);
        assert_eq!(members.members().collect::<Vec<_>>(), ["A", "b", "c"]);
        assert_eq!(members.of("g3").count(), 0);
        assert_eq!(members.ids(), ["A", "b", "c", "g1", "G2"]);
        assert_eq!(members.places(), [(3, 2), (4, 0), (4, 1)]);
        let csv = "memberid,groupid\nb,G2\nc,g1\nA,g2\n";
        assert_eq!(read(csv, Format::Csv), Ok(members));
        assert!(read("[]", Format::Json).unwrap().is_empty());
    }

    #[test]
    fn both_ids_are_needed() {
        insta::assert_snapshot!(read("{\"groupId\":\"g\"}\n{\"groupId\":1,\"memberId\":\"\"}\n", Format::Ndjson).unwrap_err(), @r"
            members:1:1: field memberId: a value is missing
            members:2:1: field memberId: a value is missing
            members:2:12: field groupId: expected a string or null, found the number 1
            ");
        insta::assert_snapshot!(read("groupId,member\ng,a\n", Format::Csv).unwrap_err(), @"members:1:1: the header has no column `memberId`");
        insta::assert_snapshot!(read("groupId,memberId\ng,\n", Format::Csv).unwrap_err(), @"members:2:3: field memberId: a value is missing");
    }

    #[test]
    fn circles_end() {
        let members = Members::new([("a", "b"), ("b", "c"), ("c", "a"), ("c", "ada"), ("d", "d")]);
        assert!(members.is_transitive("a", "ada"));
        assert!(members.is_transitive("a", "a"), "through b and c");
        assert!(!members.is_transitive("ada", "a"));
        assert!(members.is_transitive("d", "d"));
        assert_eq!(members.transitive_groups_of("ada"), ["a", "b", "c"]);
        assert_eq!(members.transitive_groups_of("nobody"), [""; 0]);
    }

    proptest! {
        #[test]
        fn transitive_membership_is_the_closure_of_direct_membership(
            pairs in prop::collection::vec((0_u8..8, 0_u8..8), 0..24)
        ) {
            let members = Members::new(pairs.iter().map(|(g, m)| (g.to_string(), m.to_string())));
            let mut closure = [[false; 8]; 8];
            for &(group, member) in &pairs {
                closure[usize::from(group)][usize::from(member)] = true;
            }
            for via in 0..8 {
                for group in 0..8 {
                    for member in 0..8 {
                        closure[group][member] |= closure[group][via] && closure[via][member];
                    }
                }
            }
            for (group, row) in closure.iter().enumerate() {
                for (member, &expected) in row.iter().enumerate() {
                    prop_assert_eq!(members.is_transitive(&group.to_string(), &member.to_string()), expected);
                }
            }
        }
    }
}
