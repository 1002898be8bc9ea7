//! Licenses between a file and their canonical text. Texts are borrowed where that can be: a tenant has millions.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{LicenseState, LicensesFault};
use crate::base::limits::{DISABLED_PLANS_PER_LICENSE_MAX, LICENSES_PER_USER_MAX};
use crate::directory::read::text::instant;

/// One license, ids in any letter case and plans in any order.
#[derive(Debug, Default)]
pub(in crate::directory) struct Entry<'text> {
    pub(in crate::directory) sku_id: Cow<'text, str>,
    pub(in crate::directory) disabled_plans: Vec<Cow<'text, str>>,
    pub(in crate::directory) group_id: Option<Cow<'text, str>>,
    pub(in crate::directory) state: LicenseState,
    pub(in crate::directory) error: Option<Cow<'text, str>>,
    pub(in crate::directory) updated: Option<Stamp<'text>>,
}

/// Writes the canonical text of licenses to the end of `out`.
pub(in crate::directory) fn canonical(
    entries: Vec<Entry<'_>>,
    out: &mut String,
) -> Result<(), LicensesFault> {
    out.push('[');
    for (at, entry) in tidied(entries)?.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(entry, out);
    }
    out.push(']');
    Ok(())
}

/// The licenses in canonical order, each in its canonical form.
pub(super) fn tidied(mut entries: Vec<Entry<'_>>) -> Result<Vec<Entry<'_>>, LicensesFault> {
    let fault = |item: usize, message: String| LicensesFault::License { item, message };
    if entries.len() > LICENSES_PER_USER_MAX {
        let message = format!("a user has at most {LICENSES_PER_USER_MAX} licenses");
        return Err(fault(LICENSES_PER_USER_MAX, message));
    }
    for (item, entry) in entries.iter_mut().enumerate() {
        tidy(entry).map_err(|message| fault(item, message))?;
    }
    if entries.windows(2).all(|pair| matches!(pair, [one, other] if one.key() < other.key())) {
        return Ok(entries);
    }
    let mut placed: Vec<(usize, Entry<'_>)> = entries.into_iter().enumerate().collect();
    placed.sort_by(|(_, one), (_, other)| one.key().cmp(&other.key()));
    for pair in placed.windows(2) {
        if let [(_, one), (item, other)] = pair
            && one.key() == other.key()
        {
            return Err(fault(*item, repeated(other)));
        }
    }
    Ok(placed.into_iter().map(|(_, entry)| entry).collect())
}

impl Entry<'_> {
    /// What no two licenses of a user have in common.
    fn key(&self) -> (&str, Option<&str>) {
        (&self.sku_id, self.group_id.as_deref())
    }
}

fn repeated(entry: &Entry<'_>) -> String {
    let sku = &entry.sku_id;
    match &entry.group_id {
        Some(group) => format!("the product `{sku}` is there twice by group `{group}`"),
        None => format!("the product `{sku}` is there twice as a direct license"),
    }
}

fn tidy(entry: &mut Entry<'_>) -> Result<(), String> {
    if entry.sku_id.is_empty() {
        return Err("the id of the product is empty".to_owned());
    }
    if entry.group_id.as_deref().is_some_and(str::is_empty) {
        return Err("the id of the group is empty".to_owned());
    }
    if entry.disabled_plans.len() > DISABLED_PLANS_PER_LICENSE_MAX {
        return Err(format!("a license has at most {DISABLED_PLANS_PER_LICENSE_MAX} disabled plans"));
    }
    if entry.disabled_plans.iter().any(|plan| plan.is_empty()) {
        return Err("the id of a disabled plan is empty".to_owned());
    }
    lower(&mut entry.sku_id);
    entry.group_id.iter_mut().for_each(lower);
    entry.disabled_plans.iter_mut().for_each(lower);
    entry.disabled_plans.sort_unstable();
    entry.disabled_plans.dedup();
    entry.error.take_if(|error| error.is_empty() || error.eq_ignore_ascii_case("none"));
    Ok(())
}

fn lower(id: &mut Cow<'_, str>) {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        id.to_mut().make_ascii_lowercase();
    }
}

fn write(entry: &Entry<'_>, out: &mut String) {
    out.push_str("{\"skuId\":");
    quote(&entry.sku_id, out);
    for (at, plan) in entry.disabled_plans.iter().enumerate() {
        out.push_str(if at == 0 { ",\"disabledPlans\":[" } else { "," });
        quote(plan, out);
    }
    if !entry.disabled_plans.is_empty() {
        out.push(']');
    }
    let state = (entry.state != LicenseState::Active).then(|| entry.state.word());
    let updated = entry.updated.as_ref().map(Stamp::text);
    let texts = [
        (",\"assignedByGroup\":", entry.group_id.as_deref()),
        (",\"state\":", state),
        (",\"error\":", entry.error.as_deref()),
        (",\"lastUpdatedDateTime\":", updated),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            out.push_str(name);
            quote(text, out);
        }
    }
    out.push('}');
}

/// Writes a text as JSON. Ids need no escapes.
fn quote(text: &str, out: &mut String) {
    if text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)) {
        out.push_str(&serde_json::Value::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

/// An instant as text, always the same for the same instant.
#[derive(Debug)]
pub(in crate::directory) struct Stamp<'text>(Cow<'text, str>);

impl<'text> Stamp<'text> {
    /// Reads a date-time. The message of the error begins behind `expected`.
    pub(in crate::directory) fn read(text: Cow<'text, str>) -> Result<Self, &'static str> {
        // Nearly all are written so, and reading them takes longer than all the rest of a license.
        if is_canonical(&text) {
            return Ok(Self(text));
        }
        instant(&text).map(Self::of_instant)
    }

    /// The text of an instant.
    pub(in crate::directory) fn of_instant(instant: Timestamp) -> Self {
        Self(Cow::Owned(crate::directory::columns::whole_ticks(instant).to_string()))
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// Whether a text is like `2026-01-15T08:00:00Z` and of a day that every month has.
fn is_canonical(text: &str) -> bool {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00Z";
    let fits = |(&byte, &pattern): (&u8, &u8)| match pattern {
        b'0' => byte.is_ascii_digit(),
        _ => byte == pattern,
    };
    let bytes = text.as_bytes();
    let between = |at: usize, least: &str, most: &str| {
        text.get(at..at + 2).is_some_and(|digits| least <= digits && digits <= most)
    };
    bytes.len() == PATTERN.len()
        && bytes.iter().zip(PATTERN).all(fits)
        && text > "0001"
        && between(5, "01", "12")
        && between(8, "01", "28")
        && between(11, "00", "23")
        && between(14, "00", "59")
        && between(17, "00", "59")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(sku: &'a str, group: Option<&'a str>) -> Entry<'a> {
        Entry { sku_id: sku.into(), group_id: group.map(Cow::Borrowed), ..Entry::default() }
    }

    fn text(entries: Vec<Entry<'_>>) -> Result<String, String> {
        let mut out = String::new();
        canonical(entries, &mut out).map(|()| out).map_err(|fault| fault.to_string())
    }

    #[test]
    fn direct_licenses_stand_before_inherited_ones() {
        let all = vec![entry("b", None), entry("a", Some("Z")), entry("a", Some("y")), entry("A", None)];
        let expected = r#"[{"skuId":"a"},{"skuId":"a","assignedByGroup":"y"},{"skuId":"a","assignedByGroup":"z"},{"skuId":"b"}]"#;
        assert_eq!(text(all).as_deref(), Ok(expected));
    }

    #[test]
    fn doubles_are_named_at_the_second_one() {
        let all = vec![entry("a", Some("g")), entry("b", None), entry("a", None), entry("A", Some("G"))];
        insta::assert_snapshot!(text(all).unwrap_err(), @"license 4: the product `a` is there twice by group `g`");
    }

    #[test]
    fn there_are_limits() {
        let names: Vec<String> = (0..=LICENSES_PER_USER_MAX).map(|number| number.to_string()).collect();
        let all = |count: usize| names.iter().take(count).map(|name| entry(name, None)).collect::<Vec<_>>();
        assert!(text(all(LICENSES_PER_USER_MAX)).is_ok());
        insta::assert_snapshot!(text(all(LICENSES_PER_USER_MAX + 1)).unwrap_err(), @"license 10001: a user has at most 10000 licenses");
        let plans = |count: usize| {
            let disabled_plans = names.iter().take(count).map(|name| name.as_str().into()).collect();
            vec![entry("a", None), Entry { disabled_plans, ..entry("b", None) }]
        };
        assert!(text(plans(DISABLED_PLANS_PER_LICENSE_MAX)).is_ok());
        insta::assert_snapshot!(text(plans(DISABLED_PLANS_PER_LICENSE_MAX + 1)).unwrap_err(), @"license 2: a license has at most 1000 disabled plans");
    }

    #[test]
    fn empty_ids_are_none() {
        assert!(text(vec![entry("a", Some(""))]).is_err_and(|message| message.contains("group is empty")));
        let plans = Entry { disabled_plans: vec!["".into()], ..entry("a", None) };
        assert!(text(vec![plans]).is_err_and(|message| message.contains("plan is empty")));
    }

    #[test]
    fn texts_are_quoted() {
        let odd = Entry { error: Some("a\"\\\n\u{7f}é".into()), ..entry("a\"", None) };
        assert_eq!(text(vec![odd]).unwrap(), "[{\"skuId\":\"a\\\"\",\"error\":\"a\\\"\\\\\\n\u{7f}é\"}]");
    }

    #[test]
    fn instants_have_one_text() {
        let stamp = |text: &'static str| Stamp::read(text.into()).map(|stamp| stamp.text().to_owned());
        for text in ["2026-01-15T08:00:00Z", "2024-02-29T23:59:59Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(stamp(text).as_deref(), Ok(text));
            let instant: Timestamp = text.parse().unwrap();
            assert_eq!(instant.to_string(), text, "what is kept as it is would be written the same");
        }
        assert_eq!(stamp(" 2026-01-15T10:00:00.123456789+02:00").unwrap(), "2026-01-15T08:00:00.1234567Z");
        assert_eq!(stamp("2026-01-15").unwrap(), "2026-01-15T00:00:00Z");
        for text in
            ["2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-00T00:00:00Z"]
        {
            assert!(stamp(text).is_err(), "{text}");
        }
    }
}
