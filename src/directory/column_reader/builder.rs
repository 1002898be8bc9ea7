//! Columns that grow row by row.

use arrow_buffer::NullBuffer;
use jiff::Timestamp;

use super::folding::folded;
use super::intern::Interner;
use super::layout::{Layout, Slot, SlotKind, Spelling};
use super::stop::Stop;
use crate::directory::columns::{Column, ItemTable, NULL_CODE, PlanColumns, TextColumn, ticks_of};
use crate::directory::object::Value;
use crate::language::attribute::PlanField;

/// The columns of some rows of a file.
pub(super) struct Builders {
    slots: Vec<SlotBuilder>,
    rows: usize,
}

impl Builders {
    /// Columns without rows.
    pub(super) fn new(layout: &Layout) -> Self {
        Self { slots: layout.slots().iter().map(SlotBuilder::new).collect(), rows: 0 }
    }

    /// How many rows are complete.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The builder of a slot, to which the current row is to be added.
    ///
    /// # Errors
    ///
    /// If the row has its value there already.
    pub(super) fn slot(&mut self, slot: usize) -> Result<&mut SlotBuilder, Stop> {
        let rows = self.rows;
        self.slots.get_mut(slot).filter(|slot| slot.len() == rows).ok_or(Stop::Refused)
    }

    /// Completes the row: what was not given is null.
    ///
    /// # Errors
    ///
    /// If the row has no id.
    pub(super) fn end_row(&mut self) -> Result<(), Stop> {
        let rows = self.rows;
        if self.slots.get(Layout::ID).is_none_or(|id| id.len() == rows) {
            return Err(Stop::Refused);
        }
        for slot in &mut self.slots {
            if slot.len() == rows {
                slot.push_null();
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The columns of all rows, in the order of the slots. The dictionary of a column may name a text
    /// twice.
    ///
    /// # Errors
    ///
    /// If an id is null or empty, or a text is too large.
    pub(super) fn finish(self) -> Result<Vec<Column>, Stop> {
        let columns: Vec<Column> =
            self.slots.into_iter().map(SlotBuilder::finish).collect::<Result<_, _>>()?;
        match columns.get(Layout::ID) {
            Some(Column::Text(ids)) if (0..ids.len()).all(|row| ids.get(row).is_some_and(is_id)) => {
                Ok(columns)
            }
            _ => Err(Stop::Refused),
        }
    }
}

/// A column that grows row by row.
#[expect(clippy::large_enum_variant, reason = "there is one for each column, not one for each row")]
pub(super) enum SlotBuilder {
    Boolean(Vec<Option<bool>>),
    Instant(Vec<Option<i64>>),
    Text(TextBuilder),
    Texts { ends: Vec<u32>, items: TextBuilder },
    Plans { ends: Vec<u32>, items: PlanBuilder },
}

impl SlotBuilder {
    pub(super) fn new(slot: &Slot) -> Self {
        let text = |unique| TextBuilder::new(slot.spelling, unique);
        match slot.kind {
            SlotKind::Boolean => Self::Boolean(Vec::new()),
            SlotKind::Instant => Self::Instant(Vec::new()),
            SlotKind::Text => Self::Text(text(false)),
            SlotKind::UniqueText => Self::Text(text(true)),
            SlotKind::Texts => Self::Texts { ends: Vec::new(), items: text(false) },
            SlotKind::Plans => {
                let items = PlanBuilder { fields: PlanField::ALL.map(|_| text(false)), plans: 0 };
                Self::Plans { ends: Vec::new(), items }
            }
        }
    }

    /// How many rows there are.
    fn len(&self) -> usize {
        match self {
            Self::Boolean(values) => values.len(),
            Self::Instant(values) => values.len(),
            Self::Text(texts) => texts.len(),
            Self::Texts { ends, .. } | Self::Plans { ends, .. } => ends.len(),
        }
    }

    /// Adds a row without value, or with an empty collection.
    pub(super) fn push_null(&mut self) {
        match self {
            Self::Boolean(values) => values.push(None),
            Self::Instant(values) => values.push(None),
            Self::Text(texts) => texts.push_null(),
            Self::Texts { ends, .. } | Self::Plans { ends, .. } => {
                ends.push(ends.last().copied().unwrap_or_default());
            }
        }
    }

    pub(super) fn push_boolean(&mut self, value: bool) -> Result<(), Stop> {
        let Self::Boolean(values) = self else { return Err(Stop::Refused) };
        values.push(Some(value));
        Ok(())
    }

    pub(super) fn push_instant(&mut self, instant: Timestamp) -> Result<(), Stop> {
        let Self::Instant(values) = self else { return Err(Stop::Refused) };
        values.push(Some(ticks_of(instant)));
        Ok(())
    }

    pub(super) fn push_text(&mut self, text: &str) -> Result<(), Stop> {
        let Self::Text(texts) = self else { return Err(Stop::Refused) };
        texts.push(text)
    }

    /// Adds an item to the collection of the row that [`Self::end_items`] will complete.
    pub(super) fn push_item(&mut self, text: &str) -> Result<(), Stop> {
        let Self::Texts { items, .. } = self else { return Err(Stop::Refused) };
        items.push(text)
    }

    /// The plans of the row that [`Self::end_items`] will complete.
    pub(super) fn plans(&mut self) -> Result<&mut PlanBuilder, Stop> {
        let Self::Plans { items, .. } = self else { return Err(Stop::Refused) };
        Ok(items)
    }

    /// Completes the collection of a row.
    pub(super) fn end_items(&mut self) -> Result<(), Stop> {
        let (ends, items) = match self {
            Self::Texts { ends, items } => (ends, items.len()),
            Self::Plans { ends, items } => (ends, items.plans),
            _ => return Err(Stop::Refused),
        };
        ends.push(u32::try_from(items).map_err(|_| Stop::TooLarge)?);
        Ok(())
    }

    /// Adds a value of any kind.
    pub(super) fn push_value(&mut self, value: &Value) -> Result<(), Stop> {
        match value {
            Value::Null => self.push_null(),
            Value::Boolean(value) => self.push_boolean(*value)?,
            Value::Text(text) => self.push_text(text)?,
            Value::Instant(instant) => self.push_instant(*instant)?,
            Value::Texts(texts) => {
                texts.iter().try_for_each(|text| self.push_item(text))?;
                self.end_items()?;
            }
            Value::Plans(plans) => {
                for plan in plans {
                    let builder = self.plans()?;
                    builder.push(PlanField::Service, plan.service.as_deref())?;
                    builder.push(PlanField::ServicePlanId, plan.service_plan_id.as_deref())?;
                    builder.push(PlanField::CapabilityStatus, plan.capability_status.as_deref())?;
                    builder.end_plan();
                }
                self.end_items()?;
            }
        }
        Ok(())
    }

    /// The column.
    pub(super) fn finish(self) -> Result<Column, Stop> {
        Ok(match self {
            Self::Boolean(values) => Column::Boolean {
                values: values.iter().map(|value| value.unwrap_or_default()).collect(),
                valid: validity(values.iter().map(Option::is_some)),
            },
            Self::Instant(values) => Column::Instant {
                ticks: values.iter().map(|ticks| ticks.unwrap_or_default()).collect(),
                valid: validity(values.iter().map(Option::is_some)),
            },
            Self::Text(texts) => Column::Text(texts.finish()?),
            Self::Texts { ends, items } => Column::Texts(table(ends, items.finish()?)),
            Self::Plans { ends, items } => Column::Plans(table(ends, items.finish()?)),
        })
    }
}

/// The service plans of some rows, one after the other.
pub(super) struct PlanBuilder {
    /// In the order of [`PlanField::ALL`].
    fields: [TextBuilder; 3],
    plans: usize,
}

impl PlanBuilder {
    /// Sets a field of the plan that [`Self::end_plan`] will complete.
    ///
    /// # Errors
    ///
    /// If the plan has the field already.
    pub(super) fn push(&mut self, field: PlanField, text: Option<&str>) -> Result<(), Stop> {
        let plans = self.plans;
        let builder = self.fields.get_mut(place(field)).filter(|builder| builder.len() == plans);
        let builder = builder.ok_or(Stop::Refused)?;
        let Some(text) = text else {
            builder.push_null();
            return Ok(());
        };
        builder.push(text)
    }

    /// Completes a plan: what was not given is null.
    pub(super) fn end_plan(&mut self) {
        for field in &mut self.fields {
            if field.len() == self.plans {
                field.push_null();
            }
        }
        self.plans += 1;
    }

    fn finish(self) -> Result<PlanColumns, Stop> {
        let [capability_status, service, service_plan_id] = self.fields.map(TextBuilder::finish);
        Ok(PlanColumns {
            service: service?,
            service_plan_id: service_plan_id?,
            capability_status: capability_status?,
        })
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty()
}

/// Where a field stands in [`PlanField::ALL`].
const fn place(field: PlanField) -> usize {
    match field {
        PlanField::CapabilityStatus => 0,
        PlanField::Service => 1,
        PlanField::ServicePlanId => 2,
    }
}

/// A text column that grows value by value.
pub(super) struct TextBuilder {
    codes: Vec<u32>,
    values: Interner,
    /// Whether texts are no longer looked up: hardly any comes twice.
    unique: bool,
    spelling: Spelling,
}

/// After this many distinct texts it is decided whether to look them up any longer.
const TRIAL_VALUES: usize = 256;
/// The share of distinct texts, in eighths, from which on they are not looked up.
const UNIQUE_SHARE_MIN_EIGHTHS: usize = 7;

impl TextBuilder {
    pub(super) fn new(spelling: Spelling, unique: bool) -> Self {
        Self { codes: Vec::new(), values: Interner::default(), unique, spelling }
    }

    fn len(&self) -> usize {
        self.codes.len()
    }

    pub(super) fn push_null(&mut self) {
        self.codes.push(NULL_CODE);
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), Stop> {
        let code = if self.unique {
            self.values.push(text.as_bytes())?
        } else {
            let known = self.values.len();
            let code = self.values.code(text.as_bytes())?;
            if known < TRIAL_VALUES && self.values.len() == TRIAL_VALUES {
                self.unique = TRIAL_VALUES * 8 >= self.codes.len() * UNIQUE_SHARE_MIN_EIGHTHS;
            }
            code
        };
        self.codes.push(code);
        Ok(())
    }

    /// The column: a dictionary, in which a text may stand twice.
    pub(super) fn finish(mut self) -> Result<TextColumn, Stop> {
        // Pieces wait for all others, so they must not keep room to grow.
        self.codes.shrink_to_fit();
        let values = self.values.into_texts().finish(None)?;
        let values = match self.spelling {
            Spelling::Folded => folded(values)?,
            Spelling::Written => values,
        };
        Ok(TextColumn::Dictionary { codes: self.codes.into(), values })
    }
}

/// The rows that have a value, or `None` if all have.
pub(super) fn validity(valid: impl Iterator<Item = bool>) -> Option<NullBuffer> {
    let valid: NullBuffer = valid.collect::<Vec<bool>>().into();
    (valid.null_count() > 0).then_some(valid)
}

fn table<T>(ends: Vec<u32>, items: T) -> ItemTable<T> {
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.extend(ends);
    ItemTable { offsets: offsets.into(), items }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::directory::column_reader::Wanted;
    use crate::language::attribute::{Attributes, Subject};

    fn builders() -> Builders {
        let find = |name: &&str| Attributes::standard().find(Subject::User, name);
        let attributes: Vec<Arc<_>> =
            ["city", "accountEnabled", "otherMails", "assignedPlans"].iter().filter_map(find).collect();
        Builders::new(&Layout::new(
            &Wanted { attributes, managers: true, ..Wanted::default() },
            Spelling::Folded,
        ))
    }

    #[test]
    fn what_is_not_given_is_null() {
        let mut builders = builders();
        builders.slot(Layout::ID).unwrap().push_text("a").unwrap();
        builders.end_row().unwrap();
        builders.slot(Layout::ATTRIBUTES).unwrap().push_text("Oslo").unwrap();
        builders.slot(Layout::ID).unwrap().push_text("b").unwrap();
        let mails = builders.slot(Layout::ATTRIBUTES + 2).unwrap();
        mails.push_item("x").unwrap();
        mails.end_items().unwrap();
        let plans = builders.slot(Layout::ATTRIBUTES + 3).unwrap();
        plans.plans().unwrap().push(PlanField::Service, Some("sco")).unwrap();
        plans.plans().unwrap().end_plan();
        plans.end_items().unwrap();
        builders.end_row().unwrap();
        assert_eq!(builders.rows(), 2);
        let columns = builders.finish().unwrap();
        let [
            Column::Text(ids),
            _,
            _,
            _,
            Column::Text(city),
            Column::Boolean { valid, .. },
            Column::Texts(mails),
            Column::Plans(plans),
        ] = columns.as_slice()
        else {
            panic!("the kinds of the slots")
        };
        assert_eq!((ids.get(1), city.get(0), city.get(1)), (Some("b"), None, Some("OSLO")));
        assert_eq!(valid.as_ref().map(NullBuffer::null_count), Some(2));
        assert_eq!((mails.offsets.as_ref(), mails.items.get(0)), (&[0, 0, 1][..], Some("X")));
        assert_eq!(plans.offsets.as_ref(), [0, 0, 1]);
        assert_eq!((plans.items.service.get(0), plans.items.service_plan_id.get(0)), (Some("SCO"), None));
    }

    #[test]
    fn a_value_is_given_once_and_an_id_is_needed() {
        let mut builders = builders();
        assert_eq!(builders.end_row(), Err(Stop::Refused));
        let slot = builders.slot(Layout::ATTRIBUTES).unwrap();
        slot.push_text("x").unwrap();
        assert_eq!(slot.push_boolean(true), Err(Stop::Refused));
        assert!(builders.slot(Layout::ATTRIBUTES).is_err());
        let plans = builders.slot(Layout::ATTRIBUTES + 3).unwrap().plans().unwrap();
        plans.push(PlanField::Service, None).unwrap();
        assert_eq!(plans.push(PlanField::Service, Some("x")), Err(Stop::Refused));
    }

    #[test]
    fn texts_that_hardly_repeat_are_not_looked_up() {
        let mut unique = TextBuilder::new(Spelling::Written, false);
        let mut repeated = TextBuilder::new(Spelling::Written, false);
        for number in 0..2_000 {
            unique.push(&number.to_string()).unwrap();
            repeated.push(&(number / 2).to_string()).unwrap();
        }
        assert!(unique.unique && !repeated.unique);
        let (unique, repeated) = (unique.finish().unwrap(), repeated.finish().unwrap());
        assert_eq!((unique.get(1_999), repeated.get(1_999)), (Some("1999"), Some("999")));
    }
}
