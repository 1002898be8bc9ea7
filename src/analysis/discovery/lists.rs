//! The values of one attribute that select the wanted rows best: one for `-eq`, several for `-in`.

use std::cmp::Reverse;
use std::collections::HashMap;

use arrow_array::StringArray;
use roaring::RoaringBitmap;

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

/// One value among some rows.
#[derive(Clone, Copy, Debug)]
struct Count {
    code: u32,
    hits: u64,
    rows: u64,
}

impl Coded<'_> {
    /// The best single values and lists among `rows`, of which `wanted` are to be selected.
    pub(super) fn conditions(&self, rows: &RoaringBitmap, wanted: &RoaringBitmap) -> Vec<Condition> {
        let counts = self.counts(rows, wanted);
        let mut found = Vec::new();
        let mut by_hits = counts.clone();
        by_hits.sort_by_key(|count| (Reverse(count.hits), count.rows, self.value(count.code)));
        for count in by_hits.into_iter().take(SINGLE_VALUES_MAX) {
            found.extend(self.condition(&[count.code], rows));
        }
        let list = self.best_list(counts, wanted.intersection_len(rows));
        if list.len() > 1 {
            found.extend(self.condition(&list, rows));
        }
        found
    }

    /// How often each value occurs, of those that some wanted row has. A value of one row alone would only
    /// name that row.
    fn counts(&self, rows: &RoaringBitmap, wanted: &RoaringBitmap) -> Vec<Count> {
        use arrow_array::Array;
        let mut counts = vec![(0_u64, 0_u64); self.values.len() + 1];
        let mut count = |row: u32, is_hit: bool| {
            let code = self.codes.get(row as usize).map_or(NULL_CODE, |&code| code) as usize;
            if let Some((hits, all)) = counts.get_mut(code) {
                *hits += u64::from(is_hit);
                *all += u64::from(!is_hit);
            }
        };
        rows.iter().for_each(|row| count(row, false));
        (rows & wanted).iter().for_each(|row| count(row, true));
        let counted = (0_u32..).zip(counts).filter(|(code, _)| *code != NULL_CODE);
        counted
            .map(|(code, (hits, rows))| Count { code, hits, rows })
            .filter(|count| count.hits > 0 && count.rows > 1 && self.written.contains_key(&count.code))
            .collect()
    }

    /// The values that select best together: the most precise ones first, as long as it gets better.
    fn best_list(&self, mut counts: Vec<Count>, wanted: u64) -> Vec<u32> {
        // By hits / rows, without fractions.
        counts.sort_by(|one, other| {
            let (one_share, other_share) = (one.hits * other.rows, other.hits * one.rows);
            other_share.cmp(&one_share).then(other.hits.cmp(&one.hits)).then_with(|| {
                self.value(one.code).cmp(self.value(other.code))
            })
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
        counts.into_iter().take(length).map(|count| count.code).collect()
    }

    fn condition(&self, codes: &[u32], rows: &RoaringBitmap) -> Option<Condition> {
        let mut codes = codes.to_vec();
        codes.sort_by_key(|&code| self.value(code));
        let literals: Vec<String> =
            codes.iter().filter_map(|code| self.written.get(code)).map(|text| quoted(text)).collect();
        let text = match literals.as_slice() {
            [single] => format!("{} -eq {single}", self.path),
            several => format!("{} -in [{}]", self.path, several.join(", ")),
        };
        let has = |row: &u32| self.codes.get(*row as usize).is_some_and(|code| codes.contains(code));
        Some(Condition { text, path: self.path.clone(), values: codes.len(), rows: rows.iter().filter(has).collect() })
    }

    fn value(&self, code: u32) -> &str {
        use arrow_array::Array;
        let at = (code as usize).checked_sub(1).filter(|&at| at < self.values.len());
        at.map_or("", |at| self.values.value(at))
    }
}

/// So many single values of one attribute are tried.
const SINGLE_VALUES_MAX: usize = 4;
