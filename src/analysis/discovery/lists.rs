//! The values of one attribute that select the wanted rows best: one for `-eq`, several for `-in`.

use std::cmp::Reverse;
use std::collections::HashMap;

use arrow_array::{Array, StringArray};

use super::conditions::Condition;
use super::search::quality;
use crate::base::limits::PROPOSAL_LIST_MAX_VALUES;
use crate::directory::columns::NULL_CODE;
use crate::language::literal::quoted;

/// A column of few different values.
pub(super) struct Coded<'a> {
    /// The attribute as a rule writes it.
    pub(super) path: String,
    pub(super) codes: &'a [u32],
    /// In folded form; value `n` has code `n + 1`.
    pub(super) values: &'a StringArray,
    /// The usual spelling by code.
    pub(super) written: HashMap<u32, String>,
}

/// Values of a column that a condition may name, and what they select among some rows.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) codes: Vec<u32>,
    pub(super) hits: u64,
    pub(super) rows: u64,
}

/// One value among some rows.
#[derive(Clone, Copy, Debug)]
struct Count {
    code: u32,
    hits: u64,
    rows: u64,
}

impl Coded<'_> {
    /// The best single values and the best list among `rows`, of which `wanted` are to be selected.
    pub(super) fn best(&self, rows: &[u32], wanted: &[u32]) -> Vec<Listed> {
        let counts = self.counts(rows, wanted);
        let mut by_hits = counts.clone();
        by_hits.sort_by_key(|count| (Reverse(count.hits), count.rows, self.value(count.code)));
        by_hits.truncate(SINGLE_VALUES_MAX);
        let single = |count: Count| Listed { codes: vec![count.code], hits: count.hits, rows: count.rows };
        let mut found: Vec<Listed> = by_hits.into_iter().map(single).collect();
        let list = self.best_list(counts, wanted.len() as u64);
        if list.len() > 1 {
            let (hits, rows) = list.iter().fold((0, 0), |sum, it| (sum.0 + it.hits, sum.1 + it.rows));
            found.push(Listed { codes: list.into_iter().map(|count| count.code).collect(), hits, rows });
        }
        found
    }

    /// How often each value occurs, of those that some wanted row has. A value of one row alone would only
    /// name that row.
    fn counts(&self, rows: &[u32], wanted: &[u32]) -> Vec<Count> {
        let count = |rows: &[u32]| {
            let mut counts = vec![0_u64; self.values.len() + 1];
            for &row in rows {
                let code = self.codes.get(row as usize).map_or(NULL_CODE, |&code| code);
                if let Some(count) = counts.get_mut(code as usize) {
                    *count += 1;
                }
            }
            counts
        };
        let counted = (0_u32..).zip(count(wanted)).zip(count(rows));
        counted
            .map(|((code, hits), rows)| Count { code, hits, rows })
            .filter(|count| count.code != NULL_CODE && count.hits > 0 && count.rows > 1)
            .filter(|count| self.written.contains_key(&count.code))
            .collect()
    }

    /// The values that select best together: the most precise ones first, as long as it gets better.
    fn best_list(&self, mut counts: Vec<Count>, wanted: u64) -> Vec<Count> {
        // By hits / rows, without fractions.
        counts.sort_by(|one, other| {
            let (one_share, other_share) = (one.hits * other.rows, other.hits * one.rows);
            other_share
                .cmp(&one_share)
                .then(other.hits.cmp(&one.hits))
                .then_with(|| self.value(one.code).cmp(self.value(other.code)))
        });
        let (mut hits, mut rows, mut best, mut length) = (0, 0, 0.0, 0);
        for (at, count) in counts.iter().take(PROPOSAL_LIST_MAX_VALUES).enumerate() {
            hits += count.hits;
            rows += count.rows;
            let reached = quality(hits, rows, wanted);
            if reached > best {
                (best, length) = (reached, at + 1);
            }
        }
        counts.truncate(length);
        counts
    }

    /// The condition that names these values, over `rows`.
    pub(super) fn condition(&self, codes: &[u32], rows: &[u32]) -> Condition {
        let mut codes = codes.to_vec();
        codes.sort_by_key(|&code| self.value(code));
        let literals: Vec<String> =
            codes.iter().filter_map(|code| self.written.get(code)).map(|text| quoted(text)).collect();
        let text = match literals.as_slice() {
            [single] => format!("{} -eq {single}", self.path),
            several => format!("{} -in [{}]", self.path, several.join(", ")),
        };
        let has = |row: &u32| self.codes.get(*row as usize).is_some_and(|code| codes.contains(code));
        let rows = rows.iter().copied().filter(has).collect();
        Condition { text, path: self.path.clone(), values: codes.len(), rows }
    }

    /// The folded value behind a code.
    pub(super) fn value(&self, code: u32) -> &str {
        let at = (code as usize).checked_sub(1).filter(|&at| at < self.values.len());
        at.map_or("", |at| self.values.value(at))
    }
}

/// So many single values of one attribute are tried.
const SINGLE_VALUES_MAX: usize = 4;
