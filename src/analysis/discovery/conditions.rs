//! Single conditions that some of the wanted rows satisfy.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, StringArray};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::Request;
use super::affixes::{Side, affixes};
use super::lists::Coded;
use crate::analysis::values::Values;
use crate::base::limits::PROPOSAL_SAMPLE_MAX_MEMBERS;
use crate::directory::columns::{Column, Columns, ItemTable, NULL_CODE, TextColumn};
use crate::directory::row_object::items;
use crate::language::attribute::{Attribute, Attributes, Kind, Subject};
use crate::language::literal::quoted;
use crate::program::predicate::Target;

/// A condition and whom it selects.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// As a rule writes it, without parentheses.
    pub(super) text: String,
    /// The attribute as a rule writes it.
    pub(super) path: String,
    /// How many values it names.
    pub(super) values: usize,
    /// The rows that satisfy it, among those that it was made for.
    pub(super) rows: RoaringBitmap,
}

/// What rules can be made of.
pub(super) struct Conditions<'a> {
    /// Conditions over all rows.
    pub(super) fixed: Vec<Condition>,
    /// Attributes whose values make conditions for whatever rows are left.
    pub(super) coded: Vec<Coded<'a>>,
}

/// Attributes that name one object or a person: a rule that compares them would be a list of members.
const NAMES: &[&str] = &[
    "displayName",
    "employeeId",
    "facsimileTelephoneNumber",
    "mail",
    "mailNickName",
    "mobile",
    "onPremisesDistinguishedName",
    "sipProxyAddress",
    "telephoneNumber",
    "userPrincipalName",
];

/// Attributes of which even a part would name a person or one object.
const NEVER: &[&str] = &["deviceId", "givenName", "objectId", "onPremisesSecurityIdentifier", "surname"];

/// The share of the wanted rows that a condition has to select, at least.
const HITS_SHARE_MIN: u64 = 10;

/// The attributes that conditions are made of, sorted by name.
pub(super) fn usable(known: &Attributes, subject: Subject) -> Vec<Arc<Attribute>> {
    let is_usable = |attribute: &Attribute| {
        matches!(attribute.kind, Kind::Boolean | Kind::Text | Kind::Texts)
            && !attribute.retired
            && !NEVER.contains(&&*attribute.name)
    };
    known.of(subject).into_iter().filter(|it| is_usable(it)).map(Arc::clone).collect()
}

impl<'a> Conditions<'a> {
    pub(super) fn of(request: &Request<'a>) -> Self {
        let subject = request.options.subject.unwrap_or(Subject::User);
        let attributes = usable(request.options.attributes, subject);
        let of_attributes: Vec<(Vec<Condition>, Option<Coded<'a>>)> =
            attributes.par_iter().map(|attribute| of_attribute(request, attribute)).collect();
        let mut found = Self { fixed: Vec::new(), coded: Vec::new() };
        for (fixed, coded) in of_attributes {
            found.fixed.extend(fixed);
            found.coded.extend(coded);
        }
        found
    }
}

fn of_attribute<'a>(
    request: &Request<'a>,
    attribute: &Arc<Attribute>,
) -> (Vec<Condition>, Option<Coded<'a>>) {
    let Some(column) = request.columns.columns.get(&attribute.name) else { return Default::default() };
    let least = (request.wanted.len() / HITS_SHARE_MIN).max(2);
    match column {
        Column::Boolean { values, valid } => {
            let is = |row: u32, wanted: bool| {
                let row = row as usize;
                values.value(row) == wanted && valid.as_ref().is_none_or(|valid| valid.is_valid(row))
            };
            let rows = u32::try_from(values.len()).unwrap_or(u32::MAX);
            let found = [true, false].map(|wanted| Condition {
                text: format!("{} -eq {wanted}", attribute.path()),
                path: attribute.path(),
                values: 1,
                rows: (0..rows).filter(|&row| is(row, wanted)).collect(),
            });
            (found.into(), None)
        }
        Column::Text(texts) => {
            let mut fixed = of_affixes(request, attribute, texts, Side::Start, least);
            fixed.extend(of_affixes(request, attribute, texts, Side::End, least));
            (fixed, coded(request.columns, attribute, texts))
        }
        Column::Texts(table) => (of_items(request, attribute, table, least), None),
        Column::Instant { .. } | Column::Plans(_) => Default::default(),
    }
}

/// The attribute, if its values say what kind of object one is and not which.
fn coded<'a>(columns: &Columns, attribute: &Arc<Attribute>, texts: &'a TextColumn) -> Option<Coded<'a>> {
    let TextColumn::Dictionary { codes, values } = texts else { return None };
    let with_value = codes.iter().filter(|&&code| code != NULL_CODE).count();
    if NAMES.contains(&&*attribute.name) || values.len() * 2 > with_value {
        return None;
    }
    let spellings = Values::of(columns, &Target::Attribute(Arc::clone(attribute)))?;
    let written = (1_u32..).zip(values.iter().flatten());
    let written = written.filter_map(|(code, value)| {
        Some((code, spellings.written(value).filter(|it| is_plain(it))?.to_owned()))
    });
    Some(Coded { path: attribute.path(), codes, values, written: written.collect() })
}

fn of_affixes(
    request: &Request<'_>,
    attribute: &Arc<Attribute>,
    texts: &TextColumn,
    side: Side,
    least: u64,
) -> Vec<Condition> {
    let members = usize::try_from(request.wanted.len()).unwrap_or(usize::MAX);
    let step = members / PROPOSAL_SAMPLE_MAX_MEMBERS + 1;
    let mut counts: HashMap<&str, (u64, u32)> = HashMap::new();
    for row in request.wanted.iter().step_by(step) {
        if let Some(text) = texts.get(row as usize) {
            counts.entry(text).or_insert((0, row)).0 += step as u64;
        }
    }
    let mut values: Vec<(&str, u64)> = counts.iter().map(|(text, (count, _))| (*text, *count)).collect();
    values.sort_unstable();
    let operator = if side == Side::Start { "-startsWith" } else { "-endsWith" };
    let path = attribute.path();
    affixes(values.iter().copied(), side, least)
        .into_iter()
        .filter_map(|affix| {
            let fits = |text: &str| match side {
                Side::Start => text.starts_with(affix),
                Side::End => text.ends_with(affix),
            };
            let (sample, _) = values.iter().find(|(text, _)| fits(text))?;
            let (_, row) = counts.get(sample)?;
            let original = request.columns.originals.get(&attribute.name)?.get(*row as usize)?;
            let written = same_part(original, affix, side).filter(|text| is_plain(text))?;
            let text = format!("{path} {operator} {}", quoted(written));
            Some(Condition { text, path: path.clone(), values: 1, rows: matching(texts, fits) })
        })
        .collect()
}

/// The part of a text that an affix of its folded form stands for: folding keeps the number of characters.
fn same_part<'a>(written: &'a str, affix: &str, side: Side) -> Option<&'a str> {
    let (all, length) = (written.chars().count(), affix.chars().count());
    let place = |at: usize| written.char_indices().nth(at).map_or(written.len(), |(place, _)| place);
    match side {
        Side::Start => written.get(..place(length)),
        Side::End => written.get(place(all.checked_sub(length)?)..),
    }
}

/// The rows whose text passes.
fn matching(texts: &TextColumn, passes: impl Fn(&str) -> bool + Sync) -> RoaringBitmap {
    let rows = u32::try_from(texts.len()).unwrap_or(u32::MAX);
    match texts {
        TextColumn::Dictionary { codes, values } => {
            let passing: Vec<bool> =
                std::iter::once(false).chain(values.iter().map(|value| value.is_some_and(&passes))).collect();
            let holds = |row: &u32| {
                let code = codes.get(*row as usize).copied().unwrap_or(NULL_CODE);
                passing.get(code as usize) == Some(&true)
            };
            (0..rows).filter(holds).collect()
        }
        TextColumn::Plain(values) => {
            let holds = |values: &StringArray, row: u32| {
                values.is_valid(row as usize) && passes(values.value(row as usize))
            };
            (0..rows)
                .into_par_iter()
                .filter(|&row| holds(values, row))
                .collect::<Vec<u32>>()
                .into_iter()
                .collect()
        }
    }
}

/// Items that many of the wanted rows have.
fn of_items(
    request: &Request<'_>,
    attribute: &Arc<Attribute>,
    table: &ItemTable<TextColumn>,
    least: u64,
) -> Vec<Condition> {
    let TextColumn::Dictionary { codes, .. } = &table.items else { return Vec::new() };
    let Some(spellings) = Values::of(request.columns, &Target::Item(Arc::clone(attribute))) else {
        return Vec::new();
    };
    let mut hits: HashMap<u32, RoaringBitmap> = HashMap::new();
    for row in request.wanted {
        for &code in codes.get(items(table, row as usize)).unwrap_or_default() {
            hits.entry(code).or_default().insert(row);
        }
    }
    hits.retain(|_, rows| rows.len() >= least);
    let rows = u32::try_from(request.columns.rows()).unwrap_or(u32::MAX);
    for row in 0..rows {
        for code in codes.get(items(table, row as usize)).unwrap_or_default() {
            if let Some(found) = hits.get_mut(code) {
                found.insert(row);
            }
        }
    }
    let text_of = |code: u32| {
        let folded = codes.iter().position(|&other| other == code).and_then(|item| table.items.get(item));
        spellings.written(folded?).filter(|text| is_plain(text))
    };
    let path = attribute.path();
    hits.into_iter()
        .filter_map(|(code, rows)| {
            let text = format!("{path} -any (_ -eq {})", quoted(text_of(code)?));
            Some(Condition { text, path: path.clone(), values: 1, rows })
        })
        .collect()
}

/// Whether a text can stand in a rule and be read there.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= LITERAL_MAX_BYTES && !text.chars().any(char::is_control)
}

/// Nobody reads longer values.
const LITERAL_MAX_BYTES: usize = 200;
