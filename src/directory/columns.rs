//! Users or devices as columns: one column for each attribute that some rule reads.
//!
//! Text is kept in folded form only ([`crate::base::fold`]): that is how rules compare it. A column of
//! few distinct values is a dictionary with a code for each row; a column whose values are mostly
//! unique stays plain. Collections are an item table with offsets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use jiff::Timestamp;

use super::object::{Object, Value};
use crate::base::fold::fold;
use crate::language::attribute::{Attribute, Kind, PlanField};

/// The code of a missing value in a dictionary column. Value `n` of the dictionary has code `n + 1`.
pub const NULL_CODE: u32 = 0;

/// Above this share of distinct values among the rows a text column stays plain: its dictionary would
/// save no work and cost a look-up for each row.
const PLAIN_SHARE_MIN: f64 = 0.5;

/// The .NET ticks of an instant: what the service stores. Finer parts are cut off on reading, towards
/// the past: from files of any format into objects and columns, so that whatever compares them sees
/// the same instants.
pub const TICK_NANOSECONDS: i128 = 100;

/// Objects as columns. All columns have the same number of rows, in the order of `ids`.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The object ids as written.
    pub ids: StringArray,
    /// Columns by canonical attribute name. An attribute without a column is null on every row.
    pub columns: BTreeMap<Arc<str>, Column>,
    /// Text and items of string collections as written, not folded, for attributes that a regular
    /// expression looks at; fields of service plans under `assignedPlans.service` and so on. A text
    /// attribute without an entry here is matched in folded form.
    pub originals: BTreeMap<Arc<str>, TextColumn>,
}

/// The values of one attribute.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each attribute, not one for each row")]
pub enum Column {
    /// A boolean or null on each row.
    Boolean {
        /// The values; unspecified where the row is null.
        values: BooleanBuffer,
        /// The rows with a value; `None` if all have one.
        valid: Option<NullBuffer>,
    },
    /// An instant or null on each row, in ticks of 100 ns since 1970.
    Instant {
        /// The values; unspecified where the row is null.
        ticks: ScalarBuffer<i64>,
        /// The rows with a value; `None` if all have one.
        valid: Option<NullBuffer>,
    },
    /// A text or null on each row.
    Text(TextColumn),
    /// A collection of strings on each row, possibly empty.
    Texts(ItemTable<TextColumn>),
    /// The service plans on each row, possibly none.
    Plans(ItemTable<PlanColumns>),
}

/// Text in folded form.
#[derive(Clone, Debug)]
pub enum TextColumn {
    /// Few distinct values.
    Dictionary {
        /// For each row the code of its value, or [`NULL_CODE`].
        codes: ScalarBuffer<u32>,
        /// The distinct values, none of them null.
        values: StringArray,
    },
    /// Mostly unique values; null rows are null.
    Plain(StringArray),
}

/// Items of all rows one after the other. The items of row `r` are `offsets[r]..offsets[r + 1]`.
#[derive(Clone, Debug)]
pub struct ItemTable<T> {
    /// One more than there are rows, ascending from 0.
    pub offsets: ScalarBuffer<u32>,
    /// The items' columns.
    pub items: T,
}

/// The fields of service plans.
#[derive(Clone, Debug)]
pub struct PlanColumns {
    /// `service`
    pub service: TextColumn,
    /// `servicePlanId`
    pub service_plan_id: TextColumn,
    /// `capabilityStatus`
    pub capability_status: TextColumn,
}

impl Column {
    /// On how many rows there is a value; an empty collection is none.
    ///
    /// ```
    /// use dyngroup::directory::columns::{Column, TextColumn};
    /// let column = Column::Text(TextColumn::of([Some("Sales"), None, Some("")]));
    /// assert_eq!(column.count_values(), 2);
    /// ```
    pub fn count_values(&self) -> usize {
        let valid =
            |rows: usize, valid: &Option<NullBuffer>| rows - valid.as_ref().map_or(0, NullBuffer::null_count);
        let filled = |offsets: &ScalarBuffer<u32>| {
            offsets.windows(2).filter(|bounds| bounds.first() < bounds.last()).count()
        };
        match self {
            Self::Boolean { values, valid: nulls } => valid(values.len(), nulls),
            Self::Instant { ticks, valid: nulls } => valid(ticks.len(), nulls),
            Self::Text(TextColumn::Plain(values)) => values.len() - values.null_count(),
            Self::Text(TextColumn::Dictionary { codes, .. }) => {
                codes.iter().filter(|&&code| code != NULL_CODE).count()
            }
            Self::Texts(table) => filled(&table.offsets),
            Self::Plans(table) => filled(&table.offsets),
        }
    }
}

impl PlanColumns {
    /// The column of a field.
    pub fn of(&self, field: PlanField) -> &TextColumn {
        match field {
            PlanField::Service => &self.service,
            PlanField::ServicePlanId => &self.service_plan_id,
            PlanField::CapabilityStatus => &self.capability_status,
        }
    }
}

impl TextColumn {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Dictionary { codes, .. } => codes.len(),
            Self::Plain(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The folded text on a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Dictionary { codes, values } => {
                let code = *codes.get(row)?;
                let at = usize::try_from(code.checked_sub(1)?).ok()?;
                (at < values.len()).then(|| values.value(at))
            }
            Self::Plain(values) => (row < values.len() && values.is_valid(row)).then(|| values.value(row)),
        }
    }

    /// A column of `texts`, folded here: a dictionary or plain, as the values suggest.
    ///
    /// ```
    /// use dyngroup::directory::columns::TextColumn;
    /// let column = TextColumn::of([Some("Sales"), None, Some("SALES")]);
    /// assert!(matches!(column, TextColumn::Dictionary { .. }));
    /// assert_eq!((column.get(0), column.get(1), column.get(2)), (Some("SALES"), None, Some("SALES")));
    /// ```
    pub fn of<'text>(texts: impl IntoIterator<Item = Option<&'text str>>) -> Self {
        Self::encoded(texts, fold)
    }

    /// A column of `texts` as they are, without folding.
    pub fn of_originals<'text>(texts: impl IntoIterator<Item = Option<&'text str>>) -> Self {
        Self::encoded(texts, std::borrow::Cow::Borrowed)
    }

    fn encoded<'text>(
        texts: impl IntoIterator<Item = Option<&'text str>>,
        form: impl Fn(&'text str) -> std::borrow::Cow<'text, str>,
    ) -> Self {
        let mut codes_of: HashMap<Box<str>, u32> = HashMap::new();
        let mut values: Vec<Box<str>> = Vec::new();
        let codes: Vec<u32> = texts
            .into_iter()
            .map(|text| {
                let Some(text) = text else { return NULL_CODE };
                let folded = form(text);
                if let Some(&code) = codes_of.get(folded.as_ref()) {
                    return code;
                }
                values.push(folded.as_ref().into());
                let code = u32::try_from(values.len()).unwrap_or(u32::MAX);
                codes_of.insert(folded.into(), code);
                code
            })
            .collect();
        let column = Self::Dictionary {
            codes: codes.into(),
            values: StringArray::from_iter_values(values.iter().map(AsRef::<str>::as_ref)),
        };
        column.in_best_form()
    }

    /// The same column, plain if most values are unique.
    #[must_use]
    pub fn in_best_form(self) -> Self {
        let Self::Dictionary { codes, values } = &self else { return self };
        let rows = codes.len();
        #[expect(clippy::cast_precision_loss, reason = "a share needs no precision")]
        let distinct_share = values.len() as f64 / rows.max(1) as f64;
        if values.len() < PLAIN_VALUES_MIN || distinct_share < PLAIN_SHARE_MIN {
            return self;
        }
        let mut plain = StringBuilder::with_capacity(rows, values.value_data().len());
        for row in 0..rows {
            plain.append_option(self.get(row));
        }
        Self::Plain(plain.finish())
    }
}

/// Smaller dictionaries are kept whatever their share.
pub(crate) const PLAIN_VALUES_MIN: usize = 1024;

/// The ticks of an instant; finer parts are cut off.
pub fn ticks_of(instant: Timestamp) -> i64 {
    let ticks = instant.as_nanosecond().div_euclid(TICK_NANOSECONDS);
    // The calendar of `Timestamp` ends in the year 9999: 2.5e17 ticks.
    i64::try_from(ticks).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
}

/// The instant as the service stores it, without what is finer than a tick.
///
/// ```
/// use dyngroup::directory::columns::whole_ticks;
/// let written = "2026-01-15T08:00:00.123456789Z".parse().unwrap();
/// assert_eq!(whole_ticks(written).to_string(), "2026-01-15T08:00:00.1234567Z");
/// ```
pub fn whole_ticks(instant: Timestamp) -> Timestamp {
    let nanoseconds = instant.as_nanosecond();
    // Only what is no whole tick after the first possible instant would leave the calendar.
    Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(TICK_NANOSECONDS)).unwrap_or(instant)
}

impl Columns {
    /// How many objects there are.
    pub fn rows(&self) -> usize {
        self.ids.len()
    }

    /// Objects of which nothing but the ids is known.
    pub fn of_ids(ids: StringArray) -> Self {
        Self { ids, columns: BTreeMap::new(), originals: BTreeMap::new() }
    }

    /// The columns of `attributes` over `objects`. A value of another type than its attribute is null.
    pub fn of_objects<'a>(
        objects: &'a [Object],
        attributes: impl IntoIterator<Item = &'a Arc<Attribute>>,
    ) -> Self {
        let ids = StringArray::from_iter_values(objects.iter().map(Object::id));
        let (mut columns, mut originals) = (BTreeMap::new(), BTreeMap::new());
        for attribute in attributes.into_iter().filter(|attribute| !attribute.retired) {
            let values = || objects.iter().map(|object| object.get(&attribute.name));
            if let Some(column) = column_of(attribute.kind, values()) {
                columns.insert(Arc::clone(&attribute.name), column);
            }
            if let Some(column) = originals_of(attribute.kind, values()) {
                originals.insert(Arc::clone(&attribute.name), column);
            }
            if attribute.kind == Kind::Plans {
                for field in PlanField::ALL {
                    let name = format!("{}.{}", attribute.name, field.word());
                    originals.insert(name.into(), plan_originals(field, values()));
                }
            }
        }
        Self { ids, columns, originals }
    }
}

fn plan_originals<'a>(field: PlanField, values: impl Iterator<Item = &'a Value>) -> TextColumn {
    let plans = values.flat_map(|value| if let Value::Plans(plans) = value { plans.as_slice() } else { &[] });
    TextColumn::of_originals(plans.map(|plan| match field {
        PlanField::Service => plan.service.as_deref(),
        PlanField::ServicePlanId => plan.service_plan_id.as_deref(),
        PlanField::CapabilityStatus => plan.capability_status.as_deref(),
    }))
}

fn originals_of<'a>(kind: Kind, values: impl Iterator<Item = &'a Value>) -> Option<TextColumn> {
    match kind {
        Kind::Text => Some(TextColumn::of_originals(
            values.map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None }),
        )),
        Kind::Texts => {
            let items =
                values.flat_map(|value| if let Value::Texts(texts) = value { texts.as_slice() } else { &[] });
            Some(TextColumn::of_originals(items.map(|text| Some(text.as_str()))))
        }
        Kind::Boolean | Kind::Date | Kind::Plans | Kind::Groups => None,
    }
}

fn column_of<'a>(kind: Kind, values: impl Iterator<Item = &'a Value>) -> Option<Column> {
    Some(match kind {
        Kind::Boolean => {
            let values: Vec<Option<bool>> = values
                .map(|value| if let Value::Boolean(value) = value { Some(*value) } else { None })
                .collect();
            Column::Boolean {
                values: values.iter().map(|value| value.unwrap_or(false)).collect(),
                valid: validity(values.iter().map(Option::is_some)),
            }
        }
        Kind::Date => {
            let ticks: Vec<Option<i64>> = values
                .map(
                    |value| if let Value::Instant(instant) = value { Some(ticks_of(*instant)) } else { None },
                )
                .collect();
            Column::Instant {
                ticks: ticks.iter().map(|ticks| ticks.unwrap_or(0)).collect(),
                valid: validity(ticks.iter().map(Option::is_some)),
            }
        }
        Kind::Text => Column::Text(TextColumn::of(
            values.map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None }),
        )),
        Kind::Texts => {
            let lists: Vec<&[String]> = values
                .map(|value| if let Value::Texts(texts) = value { texts.as_slice() } else { &[] })
                .collect();
            let items = TextColumn::of(lists.iter().copied().flatten().map(|text| Some(text.as_str())));
            Column::Texts(ItemTable { offsets: offsets(lists.iter().map(|list| list.len())), items })
        }
        Kind::Plans => {
            let lists: Vec<_> = values
                .map(|value| if let Value::Plans(plans) = value { plans.as_slice() } else { &[] })
                .collect();
            let plans = || lists.iter().copied().flatten();
            let items = PlanColumns {
                service: TextColumn::of(plans().map(|plan| plan.service.as_deref())),
                service_plan_id: TextColumn::of(plans().map(|plan| plan.service_plan_id.as_deref())),
                capability_status: TextColumn::of(plans().map(|plan| plan.capability_status.as_deref())),
            };
            Column::Plans(ItemTable { offsets: offsets(lists.iter().map(|list| list.len())), items })
        }
        Kind::Groups => return None,
    })
}

fn validity(valid: impl Iterator<Item = bool>) -> Option<NullBuffer> {
    let valid: NullBuffer = valid.collect::<Vec<bool>>().into();
    (valid.null_count() > 0).then_some(valid)
}

/// Offsets from the number of items on each row.
///
/// INVARIANT: no file that is read holds more than `u32::MAX` items; the readers see to it.
fn offsets(lengths: impl Iterator<Item = usize>) -> ScalarBuffer<u32> {
    let mut end = 0_usize;
    let ends = lengths.map(|length| {
        end += length;
        u32::try_from(end).unwrap_or(u32::MAX)
    });
    std::iter::once(0).chain(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mostly_unique_text_is_plain_and_reads_the_same() {
        let texts: Vec<String> = (0..3_000).map(|number| format!("user{number}@contoso.example")).collect();
        let column = TextColumn::of(texts.iter().map(|text| Some(text.as_str())));
        assert!(matches!(column, TextColumn::Plain(_)));
        assert_eq!(column.get(7), Some("USER7@CONTOSO.EXAMPLE"));
        assert_eq!(column.get(3_000), None);
    }

    #[test]
    fn ticks_cut_towards_the_past() {
        let instant = |nanoseconds| Timestamp::from_nanosecond(nanoseconds).unwrap();
        assert_eq!(ticks_of(instant(199)), 1);
        assert_eq!(ticks_of(instant(-1)), -1);
        assert_eq!(ticks_of(Timestamp::MAX) / 10_000_000, Timestamp::MAX.as_second());
    }
}
