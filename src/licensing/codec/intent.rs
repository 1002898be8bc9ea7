//! What is asked for, as text: what is known of users, and what groups give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::names::{Id, Names, Places};
use super::words::{CountryText, MomentText, TimeText};
use super::{CodecError, is_default, json, parse};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::{DirectLicense, Group, GroupIndex, Moment, TemplateEntry, User};
use crate::licensing::plan_set::PlanSet;
use crate::licensing::tenant::Tenant;

const OF_USER: &str = "what is known of a user";
const OF_GROUP: &str = "what a group gives";

/// What is known of a user as text. Every product, plan and group in it is one of `tenant`.
pub fn user_text(user: &User, tenant: &Tenant) -> String {
    let names = Names(tenant);
    let direct = user.direct.iter().map(|(sku, own)| (*sku, &own.disabled, own.since));
    json(&UserText {
        location: user.location.map(CountryText),
        has_address_conflict: user.has_address_conflict,
        deleted_at: user.deleted_at.map(TimeText),
        memberships: memberships(&user.memberships, names),
        left: memberships(&user.left, names),
        direct: licenses(direct, names),
        converted: user.converted.iter().map(|sku| names.sku(*sku)).collect(),
    })
}

/// Reads what [`user_text`] has written. Products and plans that `tenant` does not know are named in it; its
/// groups have to be there.
///
/// ```
/// use dyngroup::licensing::codec::{read_user, user_text};
/// use dyngroup::licensing::intent::Group;
/// # use dyngroup::licensing::{catalog::Catalog, policy::LicensingPolicy, tenant::Tenant};
/// let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
/// let text = r#"{"location":"NO","memberships":[{"group":"hr","since":{"time":"2026-01-15T00:00:00Z","sequence":7}}]}"#;
/// assert_eq!(
///     read_user(text, &mut tenant).unwrap_err().to_string(),
///     "what is known of a user: there is no group `hr`",
/// );
/// tenant.add_group(Group::new("hr", true));
/// let user = read_user(text, &mut tenant)?;
/// assert_eq!(user_text(&user, &tenant), text);
/// # Ok::<(), dyngroup::licensing::codec::CodecError>(())
/// ```
///
/// # Errors
///
/// If the text is anything else, or names another group.
pub fn read_user(text: &str, tenant: &mut Tenant) -> Result<User, CodecError> {
    let text: UserText<'_> = parse(OF_USER, text)?;
    let mut places = Places { tenant, of: OF_USER };
    let direct = read_licenses(text.direct, &mut places)?.into_iter();
    let converted = text.converted.iter().map(|sku| places.sku(sku)).collect::<Result<_, _>>()?;
    Ok(User {
        location: text.location.map(|country| country.0),
        has_address_conflict: text.has_address_conflict,
        deleted_at: text.deleted_at.map(|time| time.0),
        memberships: read_memberships(text.memberships, &places)?,
        left: read_memberships(text.left, &places)?,
        direct: direct.map(|(sku, (disabled, since))| (sku, DirectLicense { disabled, since })).collect(),
        converted,
    })
}

/// What a group gives as text, without its members. Every product and plan in it is one of `tenant`.
pub fn group_text(group: &Group, tenant: &Tenant) -> String {
    let template = group.template.iter().map(|(sku, entry)| (*sku, &entry.disabled, entry.since));
    json(&GroupText {
        id: Id::Borrowed(&group.id),
        is_eligible: group.is_eligible,
        is_deleted: group.is_deleted,
        template: licenses(template, Names(tenant)),
    })
}

/// Reads what [`group_text`] has written. Products and plans that `tenant` does not know are named in it;
/// the group itself is not added.
///
/// # Errors
///
/// If the text is anything else.
pub fn read_group(text: &str, tenant: &mut Tenant) -> Result<Group, CodecError> {
    let text: GroupText<'_> = parse(OF_GROUP, text)?;
    let mut places = Places { tenant, of: OF_GROUP };
    places.some(&text.id)?;
    let mut group = Group::new(text.id, text.is_eligible);
    group.is_deleted = text.is_deleted;
    let template = read_licenses(text.template, &mut places)?.into_iter();
    group.template =
        template.map(|(sku, (disabled, since))| (sku, TemplateEntry { disabled, since })).collect();
    Ok(group)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct UserText<'t> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<CountryText>,
    #[serde(default, skip_serializing_if = "is_default")]
    has_address_conflict: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<TimeText>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    memberships: Vec<MembershipText<'t>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<MembershipText<'t>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    direct: Vec<LicenseText<'t>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    converted: Vec<Id<'t>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct GroupText<'t> {
    #[serde(borrow)]
    id: Id<'t>,
    #[serde(default, skip_serializing_if = "is_default")]
    is_eligible: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    is_deleted: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    template: Vec<LicenseText<'t>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct MembershipText<'t> {
    #[serde(borrow)]
    group: Id<'t>,
    since: MomentText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct LicenseText<'t> {
    #[serde(borrow)]
    sku: Id<'t>,
    #[serde(default, skip_serializing_if = "is_default")]
    disabled: Vec<Id<'t>>,
    since: MomentText,
}

fn memberships<'t>(groups: &BTreeMap<GroupIndex, Moment>, names: Names<'t>) -> Vec<MembershipText<'t>> {
    let text = |(group, since): (&GroupIndex, &Moment)| MembershipText {
        group: names.group(*group),
        since: MomentText::from(*since),
    };
    let mut texts: Vec<MembershipText<'t>> = groups.iter().map(text).collect();
    texts.sort_unstable_by(|one, other| one.group.cmp(&other.group));
    texts
}

fn read_memberships(
    texts: Vec<MembershipText<'_>>,
    places: &Places<'_>,
) -> Result<BTreeMap<GroupIndex, Moment>, CodecError> {
    let mut groups = BTreeMap::new();
    for MembershipText { group: id, since } in texts {
        if groups.insert(places.group(&id)?, Moment::from(since)).is_some() {
            return Err(places.twice(&id));
        }
    }
    Ok(groups)
}

fn licenses<'t, 'p>(
    licenses: impl Iterator<Item = (SkuIndex, &'p PlanSet, Moment)>,
    names: Names<'t>,
) -> Vec<LicenseText<'t>> {
    let text = |(sku, disabled, since): (SkuIndex, &PlanSet, Moment)| LicenseText {
        sku: names.sku(sku),
        disabled: names.plans(disabled),
        since: MomentText::from(since),
    };
    let mut texts: Vec<LicenseText<'t>> = licenses.map(text).collect();
    texts.sort_unstable_by(|one, other| one.sku.cmp(&other.sku));
    texts
}

/// Products with the plans that are off, and since when they are given.
type Licenses = BTreeMap<SkuIndex, (PlanSet, Moment)>;

fn read_licenses(texts: Vec<LicenseText<'_>>, places: &mut Places<'_>) -> Result<Licenses, CodecError> {
    let mut licenses = Licenses::new();
    for LicenseText { sku: id, disabled, since } in texts {
        let license = (places.plans(&disabled)?, Moment::from(since));
        if licenses.insert(places.sku(&id)?, license).is_some() {
            return Err(places.twice(&id));
        }
    }
    Ok(licenses)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::licensing::codec::samples;

    proptest! {
        #[test]
        fn users_come_back_whatever_their_places_are(user in samples::user()) {
            let [mut tenant, mut other] = [false, true].map(samples::tenant);
            let text = user_text(&user, &tenant);
            prop_assert_eq!(&read_user(&text, &mut tenant).unwrap(), &user, "{}", text);
            let read = read_user(&text, &mut other).unwrap();
            prop_assert_eq!(user_text(&read, &other), text);
        }

        #[test]
        fn groups_come_back_whatever_their_places_are(
            (user, is_eligible, is_deleted) in (samples::user(), any::<bool>(), any::<bool>()),
        ) {
            let entry = |(sku, own): (SkuIndex, DirectLicense)| {
                (sku, TemplateEntry { disabled: own.disabled, since: own.since })
            };
            let template = user.direct.into_iter().map(entry).collect();
            let group = Group { is_deleted, template, ..Group::new("Group \"1\"", is_eligible) };
            let [mut tenant, mut other] = [false, true].map(samples::tenant);
            let text = group_text(&group, &tenant);
            prop_assert_eq!(&read_group(&text, &mut tenant).unwrap(), &group, "{}", text);
            let read = read_group(&text, &mut other).unwrap();
            prop_assert_eq!(group_text(&read, &other), text);
        }
    }

    #[test]
    fn what_is_usual_is_left_out() {
        let tenant = samples::tenant(false);
        assert_eq!(user_text(&User::default(), &tenant), "{}");
        assert_eq!(group_text(&Group::new("a", false), &tenant), r#"{"id":"a"}"#);
        assert_eq!(group_text(&Group::new("a", true), &tenant), r#"{"id":"a","isEligible":true}"#);
    }

    #[test]
    fn what_is_no_user_or_group_is_told() {
        let user = |text: &str| read_user(text, &mut samples::tenant(false)).unwrap_err().to_string();
        insta::assert_snapshot!(user(""), @"what is known of a user: it is no JSON object");
        insta::assert_snapshot!(user("{} x"), @"what is known of a user: trailing characters at line 1 column 4");
        insta::assert_snapshot!(user("[]"), @"what is known of a user: it is no JSON object");
        insta::assert_snapshot!(user(r#"{"location":"NOR"}"#), @"what is known of a user: `NOR` is no country at line 1 column 18");
        insta::assert_snapshot!(user(r#"{"deletedAt":"soon"}"#), @"what is known of a user: `soon` is no instant at line 1 column 20");
        insta::assert_snapshot!(user(r#"{"deletedAt":5}"#), @"what is known of a user: invalid type: integer `5`, expected a string at line 1 column 14");
        insta::assert_snapshot!(user(r#"{"id":"ada"}"#), @"what is known of a user: unknown field `id`, expected one of `location`, `hasAddressConflict`, `deletedAt`, `memberships`, `left`, `direct`, `converted` at line 1 column 5");
        insta::assert_snapshot!(user(r#"{"left":[{"group":"none","since":{"time":"2026-01-15T00:00:00Z"}}]}"#), @"what is known of a user: there is no group `none`");
        insta::assert_snapshot!(user(r#"{"left":[{"group":"group-1","since":"2026-01-15T00:00:00Z"}]}"#), @r#"what is known of a user: invalid type: string "2026-01-15T00:00:00Z", expected an object at line 1 column 58"#);
        insta::assert_snapshot!(user(r#"{"direct":[{"sku":"sku-1","since":{"time":"2026-01-15T00:00:00Z"}},{"sku":"SKU-1","since":{"time":"2026-01-15T00:00:00Z"}}]}"#), @"what is known of a user: `SKU-1` is in a list twice");
        insta::assert_snapshot!(user(r#"{"left":[{"group":"group-1","since":{"time":"2026-01-15T00:00:00Z"}},{"group":"Group-1","since":{"time":"2026-01-15T00:00:00Z"}}]}"#), @"what is known of a user: `Group-1` is in a list twice");
        let group = |text: &str| read_group(text, &mut samples::tenant(false)).unwrap_err().to_string();
        insta::assert_snapshot!(group("{}"), @"what a group gives: missing field `id` at line 1 column 2");
        insta::assert_snapshot!(group(r#"{"id":""}"#), @"what a group gives: an id is empty");
        insta::assert_snapshot!(group(r#"{"id":"a","members":[1]}"#), @"what a group gives: unknown field `members`, expected one of `id`, `isEligible`, `isDeleted`, `template` at line 1 column 19");
        insta::assert_snapshot!(group(r#"{"id":"a","template":[{"sku":"a"}]}"#), @"what a group gives: missing field `since` at line 1 column 33");
    }
}
