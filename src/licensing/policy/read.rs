//! Reads the choices from the tables of `policy.toml`.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::SignedDuration;
use toml_edit::{Item, TableLike, Value};

use super::{FailedChange, GroupSettings, LicensingPolicy, MassChange, PrereqMode, RemovalBlock, SeatKey};
use crate::base::code;
use crate::base::limits::{DATA_ERRORS_PER_FILE_MAX, LICENSE_HOLD_MAX_DAYS};
use crate::directory::error::{DataError, DataErrors};
use crate::directory::policy::Policy;
use crate::language::suggest::nearest;
use crate::licensing::catalog::Country;
use crate::licensing::facts::{ConflictProfile, FamilyFacts};

impl LicensingPolicy {
    /// Reads `[licensing]`, `[families]`, `[prerequisites]` and `[groups]`.
    ///
    /// # Errors
    ///
    /// For every key that there is not and every value that its key does not take, with its place.
    ///
    /// ```
    /// use dyngroup::directory::policy::Policy;
    /// use dyngroup::licensing::policy::LicensingPolicy;
    /// let file = Policy::of_text("policy.toml", "[licensing]\nbundle_mode = 'per_product'\n").unwrap();
    /// assert!(LicensingPolicy::read(&file).unwrap().per_product);
    /// ```
    pub fn read(file: &Policy) -> Result<Self, DataErrors> {
        let mut policy = Self::default();
        let mut faults = Vec::new();
        for (name, read) in TABLES {
            for (key, item) in file.table(name).into_iter().flat_map(TableLike::iter) {
                if let Err(Fault { place, field, message }) = read(&mut policy, key, item) {
                    let key_place = file.table(name).and_then(|table| table.get_key_value(key)?.0.span());
                    let field = if field.is_empty() {
                        format!("{name}.{key}")
                    } else {
                        format!("{name}.{key}.{field}")
                    };
                    faults.push((place.or_else(|| item.span()).or(key_place), field, message));
                }
            }
        }
        if faults.is_empty() {
            return Ok(policy);
        }
        let omitted = faults.len().saturating_sub(DATA_ERRORS_PER_FILE_MAX);
        let errors =
            faults.into_iter().take(DATA_ERRORS_PER_FILE_MAX).filter_map(|(place, field, message)| {
                Some(file.document.as_ref()?.error(&code::DATA_FIELD, place, field, message))
            });
        Err(DataErrors::new(errors.collect::<Vec<DataError>>(), omitted))
    }
}

type ReadKey = fn(&mut LicensingPolicy, &str, &Item) -> Result<(), Fault>;

const TABLES: [(&str, ReadKey); 4] =
    [("licensing", choice), ("families", family), ("prerequisites", prerequisite), ("groups", group)];

const KEYS: [&str; 19] = [
    "capacity_retry",
    "bundle_mode",
    "failed_change",
    "removal_block",
    "prereq_mode",
    "conflict_profile",
    "conflict_order",
    "missing_location",
    "location_revoked",
    "new_plan_default",
    "move_hold",
    "seat_order",
    "deleted_user_seat",
    "nested_members",
    "self_heal_on_user_change",
    "overallocation",
    "mass_change_guard",
    "actor",
    "prohibited_countries",
];

const GROUP_KEYS: [&str; 4] = ["priority", "grace", "alternatives", "new_plan_default"];

/// What is wrong with one value; `field` is the path below the key.
struct Fault {
    place: Option<Range<usize>>,
    field: String,
    message: String,
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self { place: None, field: String::new(), message }
    }
}

fn choice(policy: &mut LicensingPolicy, key: &str, item: &Item) -> Result<(), Fault> {
    match key {
        "capacity_retry" => policy.capacity_retry_auto = word(item, [("auto", true), ("manual", false)])?,
        "bundle_mode" => policy.per_product = word(item, [("all_or_nothing", false), ("per_product", true)])?,
        "failed_change" => {
            let words = [("keep_last_good", FailedChange::KeepLastGood), ("strict", FailedChange::Strict)];
            policy.failed_change = word(item, words)?;
        }
        "removal_block" => {
            let words = [
                ("retain_bundle", RemovalBlock::RetainBundle),
                ("convert_to_direct", RemovalBlock::ConvertToDirect),
            ];
            policy.removal_block = word(item, words)?;
        }
        "prereq_mode" => {
            policy.prereq_mode =
                word(item, [("refuse", PrereqMode::Refuse), ("auto_disable", PrereqMode::AutoDisable)])?;
        }
        "conflict_profile" => {
            let words = [
                ("reference_2025", ConflictProfile::Reference2025),
                ("classic_2018", ConflictProfile::Classic2018),
                ("stacking_2023", ConflictProfile::Stacking2023),
            ];
            policy.conflict_profile = word(item, words)?;
        }
        "conflict_order" => {
            policy.precedence = word(item, [("incumbent_first", false), ("precedence", true)])?;
        }
        "missing_location" => {
            policy.inherit_location = word(item, [("inherit_directory", true), ("require", false)])?;
        }
        "location_revoked" => {
            policy.revoke_prohibited = word(item, [("keep_with_error", false), ("revoke", true)])?;
        }
        "new_plan_default" => policy.new_plan_on = word(item, ON_OFF)?,
        "deleted_user_seat" => {
            let words = [("free_at_soft_delete", false), ("hold_30_days", true)];
            policy.hold_deleted_seats = word(item, words)?;
        }
        "nested_members" => policy.nested_members = word(item, [("off", false), ("transitive", true)])?,
        "self_heal_on_user_change" => policy.self_heal_on_user_change = word(item, ON_OFF)?,
        _ => return larger_choice(policy, key, item),
    }
    Ok(())
}

/// The choices that are more than one of a few words.
fn larger_choice(policy: &mut LicensingPolicy, key: &str, item: &Item) -> Result<(), Fault> {
    match key {
        "move_hold" => {
            policy.move_hold = if item.as_str() == Some("off") { None } else { Some(duration(item)?) };
        }
        "seat_order" => policy.seat_order = seat_order(item)?,
        "overallocation" => overallocation(policy, item)?,
        "mass_change_guard" => policy.mass_change_guard = mass_change(item)?,
        "actor" => policy.actor = text(item)?,
        "prohibited_countries" => {
            for (plan, countries) in entries(item)? {
                let known = strings(countries).map_err(|fault| fault.below(plan))?;
                let known: Option<BTreeSet<Country>> = known.iter().map(|text| Country::new(text)).collect();
                let known = known.ok_or_else(|| {
                    Fault::from("expected a list of countries as two letters".to_owned()).below(plan)
                })?;
                policy.added_facts.prohibited.insert(plan.to_ascii_lowercase(), known);
            }
        }
        _ => return Err(unknown(key, "licensing", &KEYS)),
    }
    Ok(())
}

fn family(policy: &mut LicensingPolicy, key: &str, item: &Item) -> Result<(), Fault> {
    let mut family = FamilyFacts { name: key.to_owned(), ..FamilyFacts::default() };
    if item.is_array() {
        family.plans = strings(item)?;
    } else {
        for (inner, value) in entries(item)? {
            match inner {
                "plans" => family.plans = strings(value).map_err(|fault| fault.below(inner))?,
                "ranks" => {
                    for (plan, rank) in entries(value)? {
                        let rank =
                            u32::try_from(count(rank)?).map_err(|_| "the rank is too large".to_owned())?;
                        family.ranks.insert(plan.to_ascii_lowercase(), rank);
                    }
                }
                _ => return Err(unknown(inner, "a family", &["plans", "ranks"])),
            }
        }
    }
    policy.added_facts.families.push(family);
    Ok(())
}

/// A list of plans is one set of which one plan is needed; a list of lists is several sets.
fn prerequisite(policy: &mut LicensingPolicy, key: &str, item: &Item) -> Result<(), Fault> {
    let Some(list) = item.as_array() else {
        return Err(expected(item, "a list of plans, or a list of lists of plans").into());
    };
    let sets = if list.iter().all(Value::is_str) {
        if list.is_empty() { Vec::new() } else { vec![strings(item)?] }
    } else {
        list.iter().map(|inner| strings(&Item::Value(inner.clone()))).collect::<Result<_, _>>()?
    };
    policy.added_facts.prerequisites.insert(key.to_ascii_lowercase(), sets);
    Ok(())
}

fn group(policy: &mut LicensingPolicy, id: &str, item: &Item) -> Result<(), Fault> {
    let mut settings = GroupSettings::default();
    for (key, value) in entries(item)? {
        let read = match key {
            "priority" => integer(value).map(|priority| settings.priority = priority),
            "grace" => duration(value).map(|grace| settings.grace = grace),
            "new_plan_default" => word(value, ON_OFF).map(|on| settings.new_plan_on = Some(on)),
            "alternatives" => alternatives(value).map(|bundles| settings.alternatives = bundles),
            _ => Err(unknown(key, "a group", &GROUP_KEYS)),
        };
        read.map_err(|mut fault| {
            fault.place = fault.place.or_else(|| value.span());
            fault.below(key)
        })?;
    }
    match policy.groups.insert(id.to_ascii_lowercase(), settings) {
        None => Ok(()),
        Some(_) => Err(format!("group `{id}` is there twice: ids are the same in any letter case").into()),
    }
}

const ON_OFF: [(&str, bool); 2] = [("on", true), ("off", false)];

fn word<T: Copy, const N: usize>(item: &Item, words: [(&str, T); N]) -> Result<T, Fault> {
    let written = item.as_str().unwrap_or_default();
    let found = words.iter().find(|(word, _)| *word == written);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let names: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        expected(item, &names.join(" or ")).into()
    })
}

fn seat_order(item: &Item) -> Result<Vec<SeatKey>, Fault> {
    let key = |name: &String| match name.as_str() {
        "priority" => Ok(Some(SeatKey::Priority)),
        "wanted_since" => Ok(Some(SeatKey::WantedSince)),
        "id" => Ok(None),
        _ => Err(format!("`{name}` is no order of seats; these are priority, wanted_since and id")),
    };
    let keys: Vec<Option<SeatKey>> = strings(item)?.iter().map(key).collect::<Result<_, _>>()?;
    // The id tells all apart, so nothing behind it matters.
    Ok(keys.into_iter().map_while(|key| key).collect())
}

fn overallocation(policy: &mut LicensingPolicy, item: &Item) -> Result<(), Fault> {
    policy.overallocation.clear();
    if item.is_integer() {
        policy.overallocation.insert(String::new(), count(item)?);
        return Ok(());
    }
    for (sku, seats) in entries(item)? {
        let seats = count(seats).map_err(|fault| fault.below(sku))?;
        policy.overallocation.insert(sku.to_ascii_lowercase(), seats);
    }
    Ok(())
}

fn mass_change(item: &Item) -> Result<Option<MassChange>, Fault> {
    match item.as_str() {
        Some("off") => Ok(None),
        Some(share) => match share.strip_suffix('%').and_then(|number| number.parse().ok()) {
            Some(percent) if percent <= 100 => Ok(Some(MassChange::Percent(percent))),
            _ => Err(expected(item, "`off`, a number of users, or a share such as `10%`").into()),
        },
        None => Ok(Some(MassChange::Users(count(item)?))),
    }
}

/// A number with `d`, `h` or `m` behind it.
fn duration(item: &Item) -> Result<SignedDuration, Fault> {
    let read = || {
        let written = item.as_str()?;
        let unit = written.chars().next_back()?;
        let number: i64 = written.strip_suffix(unit)?.parse().ok()?;
        let minutes = match unit {
            'd' => 24 * 60,
            'h' => 60,
            'm' => 1,
            _ => return None,
        };
        let minutes = number.checked_mul(minutes)?;
        let fits = (0..=LICENSE_HOLD_MAX_DAYS * 24 * 60).contains(&minutes);
        fits.then(|| SignedDuration::from_mins(minutes))
    };
    read().ok_or_else(|| expected(item, "a time such as `30d`, `12h` or `90m`, at most ten years").into())
}

fn alternatives(item: &Item) -> Result<Vec<Vec<String>>, Fault> {
    let Some(list) = item.as_array() else {
        return Err(expected(item, "a list of lists of products").into());
    };
    list.iter().map(|inner| strings(&Item::Value(inner.clone()))).collect()
}

fn text(item: &Item) -> Result<String, Fault> {
    item.as_str().map(str::to_owned).ok_or_else(|| expected(item, "a text").into())
}

fn integer(item: &Item) -> Result<i64, Fault> {
    item.as_integer().ok_or_else(|| expected(item, "a whole number").into())
}

fn count(item: &Item) -> Result<u64, Fault> {
    let number = item.as_integer().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| expected(item, "a whole number of at least 0").into())
}

fn strings(item: &Item) -> Result<Vec<String>, Fault> {
    let list = item.as_array().and_then(|list| {
        list.iter().map(|value| Some(value.as_str()?.to_ascii_lowercase())).collect::<Option<Vec<_>>>()
    });
    list.ok_or_else(|| expected(item, "a list of texts").into())
}

fn entries(item: &Item) -> Result<impl Iterator<Item = (&str, &Item)>, Fault> {
    item.as_table_like().map(TableLike::iter).ok_or_else(|| expected(item, "a table").into())
}

fn expected(item: &Item, what: &str) -> String {
    let found = match item {
        Item::Value(Value::String(text)) => format!("`{}`", text.value()),
        Item::Value(Value::Array(_)) | Item::ArrayOfTables(_) => "a list".to_owned(),
        Item::Value(Value::InlineTable(_)) | Item::Table(_) => "a table".to_owned(),
        Item::Value(value) => format!("`{}`", value.clone().decorated("", "")),
        Item::None => "nothing".to_owned(),
    };
    format!("expected {what}, found {found}")
}

fn unknown(key: &str, owner: &str, known: &[&'static str]) -> Fault {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("`{key}` is no key of {owner}; did you mean `{near}`?").into(),
        None => format!("`{key}` is no key of {owner}; these are {}", known.join(", ")).into(),
    }
}

impl Fault {
    fn below(mut self, key: &str) -> Self {
        self.field = if self.field.is_empty() { key.to_owned() } else { format!("{key}.{}", self.field) };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LicensingPolicy, String> {
        LicensingPolicy::read(&Policy::of_text("policy.toml", text).unwrap())
            .map_err(|errors| errors.to_string())
    }

    #[test]
    fn an_absent_policy_is_the_defaults() {
        assert_eq!(LicensingPolicy::read(&Policy::default()).unwrap(), LicensingPolicy::default());
        assert_eq!(read("[licensing]\n").unwrap(), LicensingPolicy::default());
    }

    #[test]
    fn every_choice_is_read() {
        let policy = read(
            "[licensing]\ncapacity_retry = 'manual'\nbundle_mode = 'per_product'\nfailed_change = 'strict'\n\
             removal_block = 'convert_to_direct'\nprereq_mode = 'auto_disable'\nconflict_profile = 'classic_2018'\n\
             conflict_order = 'precedence'\nmissing_location = 'require'\nlocation_revoked = 'revoke'\n\
             new_plan_default = 'off'\nmove_hold = '12h'\nseat_order = ['wanted_since', 'id', 'priority']\n\
             deleted_user_seat = 'hold_30_days'\nnested_members = 'transitive'\nself_heal_on_user_change = 'off'\n\
             overallocation = { E3 = 5 }\nmass_change_guard = '10%'\nactor = 'GBL'\n\
             prohibited_countries = { P1 = ['xx'] }\n\
             [families]\nmine = ['A', 'b']\nranked = { plans = ['c'], ranks = { C = 3 } }\n\
             [prerequisites]\nA = ['b', 'c']\nD = [['x'], ['y', 'z']]\nE = []\n\
             [groups.G1]\npriority = -2\ngrace = '7d'\nalternatives = [['E3'], ['e1', 'ems']]\nnew_plan_default = 'on'\n",
        );
        insta::assert_debug_snapshot!(policy.unwrap());
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let faults = read(
            "[licensing]\ncapacity_retri = 'auto'\nbundle_mode = 'some'\nmove_hold = '3w'\n\
             overallocation = -1\nmass_change_guard = '110%'\nseat_order = ['alphabet']\nactor = 5\n\
             prohibited_countries = { p = ['Norway'] }\n[families]\nx = 5\n[prerequisites]\ny = 'z'\n\
             [groups.a]\npriority = 'high'\n[groups.b]\nprio = 1\n[groups.c]\ngrace = '-1d'\n\
             [groups.d]\npriority = 1\n[groups.D]\npriority = 2\n",
        );
        insta::assert_snapshot!(faults.unwrap_err());
    }
}
