//! Who reports to whom, as rows of the users.

use std::collections::HashMap;

use arrow_array::{Array, StringArray};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::roster::Roster;
use crate::base::fold::{FoldedText, fold};
use crate::directory::columns::{NULL_CODE, TextColumn};
use crate::language::attribute::Subject;
use crate::language::typed::Reach;

/// A manager: the row of a user, or a number behind the last row for one that is no user of the tenant.
type Manager = u32;

/// Who has no manager.
///
/// INVARIANT: the ids of all rows are less than 2 GiB of text, so there are less than 2³¹ rows, and no
/// more managers beside them.
const NOBODY: Manager = u32::MAX;

/// The direct reports of every manager.
pub(super) struct Reporting<'a> {
    roster: &'a Roster,
    /// Managers that are no users of the tenant, by folded id.
    strangers: HashMap<Box<str>, Manager>,
    /// The reports of manager `m` are `reports[starts[m]..starts[m + 1]]`.
    starts: Vec<u32>,
    /// Rows of users.
    reports: Vec<u32>,
}

impl<'a> Reporting<'a> {
    /// `managers` holds the id of the manager on each row of the users.
    pub(super) fn new(managers: Option<&TextColumn>, roster: &'a Roster) -> Self {
        let mut reporting =
            Self { roster, strangers: HashMap::new(), starts: Vec::new(), reports: Vec::new() };
        let of_rows = match managers {
            None => Vec::new(),
            Some(TextColumn::Plain(ids)) => reporting.managers(ids),
            Some(TextColumn::Dictionary { codes, values }) => {
                let managers = reporting.managers(values);
                let manager = |code: &u32| match *code {
                    NULL_CODE => NOBODY,
                    code => managers.get(code as usize - 1).copied().unwrap_or(NOBODY),
                };
                codes.iter().map(manager).collect()
            }
        };
        reporting.sort(&of_rows);
        reporting
    }

    /// The rows of a manager and of who reports to them: directly, or through others too.
    ///
    /// Circles of managers are harmless. A manager need not be a user of the tenant.
    pub(super) fn of(&self, manager: &FoldedText, reach: Reach) -> RoaringBitmap {
        let row = self.roster.row(Subject::User, manager.written());
        let mut found: RoaringBitmap = row.into_iter().collect();
        let mut waiting: Vec<Manager> =
            row.or_else(|| self.strangers.get(manager.folded()).copied()).into_iter().collect();
        while let Some(manager) = waiting.pop() {
            for &report in self.direct(manager) {
                if found.insert(report) && reach == Reach::Transitive {
                    waiting.push(report);
                }
            }
        }
        found
    }

    fn direct(&self, manager: Manager) -> &[u32] {
        let start = |manager: usize| self.starts.get(manager).map(|&start| start as usize);
        let manager = manager as usize;
        let range = start(manager).zip(start(manager + 1));
        range.and_then(|(start, end)| self.reports.get(start..end)).unwrap_or_default()
    }

    /// The manager that each id stands for.
    fn managers(&mut self, ids: &StringArray) -> Vec<Manager> {
        let id = |at: usize| ids.is_valid(at).then(|| ids.value(at));
        let users: Vec<Option<u32>> =
            (0..ids.len()).into_par_iter().map(|at| self.roster.row(Subject::User, id(at)?)).collect();
        users
            .into_iter()
            .enumerate()
            .map(|(at, user)| user.or_else(|| Some(self.stranger(id(at)?))).unwrap_or(NOBODY))
            .collect()
    }

    fn stranger(&mut self, id: &str) -> Manager {
        let number = self.roster.rows(Subject::User) + self.strangers.len();
        let number = u32::try_from(number).unwrap_or(NOBODY);
        *self.strangers.entry(fold(id).into()).or_insert(number)
    }

    /// Sorts rows by their managers.
    fn sort(&mut self, of_rows: &[Manager]) {
        let managers = self.roster.rows(Subject::User) + self.strangers.len();
        // First how many reports each manager has, two places further on; then where the next one goes.
        self.starts = vec![0; managers + 2];
        for &manager in of_rows.iter().filter(|&&manager| manager != NOBODY) {
            if let Some(count) = self.starts.get_mut(manager as usize + 2) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        self.reports = vec![0; sum as usize];
        for (row, &manager) in (0..).zip(of_rows).filter(|(_, manager)| **manager != NOBODY) {
            let Some(next) = self.starts.get_mut(manager as usize + 1) else { continue };
            if let Some(home) = self.reports.get_mut(*next as usize) {
                *home = row;
            }
            *next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::roster::RowIds;
    use super::*;

    fn rows(managers: &[Option<&str>], manager: &str, reach: Reach) -> Vec<u32> {
        let ids: Vec<String> = (0..managers.len()).map(|row| format!("u{row}")).collect();
        let ids = RowIds::of(ids.iter().map(String::as_str));
        let roster = Roster::new(ids, RowIds::of([])).unwrap();
        let manager = FoldedText::new(manager);
        let dictionary = TextColumn::of_originals(managers.iter().copied());
        let plain = TextColumn::Plain(managers.iter().copied().collect());
        let [found, other] =
            [&dictionary, &plain].map(|column| Reporting::new(Some(column), &roster).of(&manager, reach));
        assert_eq!(found, other);
        found.into_iter().collect()
    }

    #[test]
    fn reports_are_followed_down_and_the_manager_is_one_of_them() {
        let managers = [None, Some("U0"), Some("u1"), Some("u1"), Some("boss"), Some("u4")];
        assert_eq!(rows(&managers, "U1", Reach::Direct), [1, 2, 3]);
        assert_eq!(rows(&managers, "u0", Reach::Direct), [0, 1]);
        assert_eq!(rows(&managers, "u0", Reach::Transitive), [0, 1, 2, 3]);
        assert_eq!(rows(&managers, "u5", Reach::Transitive), [5]);
        assert_eq!(rows(&managers, "BOSS", Reach::Direct), [4], "no user of the tenant");
        assert_eq!(rows(&managers, "boss", Reach::Transitive), [4, 5]);
        assert_eq!(rows(&managers, "nobody", Reach::Transitive), [0; 0]);
    }

    #[test]
    fn circles_end() {
        let managers = [Some("u1"), Some("u2"), Some("u0"), Some("u3"), Some("u0")];
        assert_eq!(rows(&managers, "u1", Reach::Transitive), [0, 1, 2, 4]);
        assert_eq!(rows(&managers, "u3", Reach::Transitive), [3]);
    }

    #[test]
    fn without_managers_there_is_the_manager_alone() {
        let roster = Roster::new(RowIds::of(["ada"]), RowIds::of([])).unwrap();
        let found = Reporting::new(None, &roster).of(&FoldedText::new("ADA"), Reach::Transitive);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [0]);
    }
}
