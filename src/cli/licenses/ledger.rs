//! What a state file remembers of licenses, and how it is remembered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::events::DIRECT;
use super::templates;
use crate::cli::failure::Failure;
use crate::directory::group::AssignedLicense;
use crate::directory::policy::Policy;
use crate::licensing::catalog::{Catalog, Country, SkuIndex};
use crate::licensing::codec;
use crate::licensing::intent::{GroupIndex, Moment, Version};
use crate::licensing::pieces::Piece;
use crate::licensing::plan_set::PlanSet;
use crate::licensing::policy::LicensingPolicy;
use crate::licensing::tenant::Tenant;
use crate::membership::roster::Ordinal;
use crate::store::{LicenseRow, LicenseTable, Session};

/// The name of the fact that holds [`Notes`].
const NOTES: &str = "licenses";

/// The licenses of a tenant between runs.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Ledger {
    pub(in crate::cli) tenant: Tenant,
    /// The groups that have licenses, or had some that are still there.
    pub(in crate::cli) groups: BTreeMap<Ordinal, GroupIndex>,
    /// The templates as the tenant folder had them when they were taken over last.
    pub(super) requested: BTreeMap<GroupIndex, Version>,
    /// The templates as the folder has them now.
    pub(super) asked: BTreeMap<GroupIndex, Version>,
    /// Whether nothing was remembered.
    pub(super) is_new: bool,
    /// Whether users were entered of whom nothing was remembered.
    pub(super) has_new_users: bool,
    /// Users whose licenses were taken over from their files: the first run looks at all of them.
    pub(super) taken_over: RoaringBitmap,
    /// The moment of everything that was there before the first run.
    pub(super) origin: Moment,
    pub(super) notes: Notes,
    /// Whether the choices or the location are not those of the last run.
    pub(super) terms_differ: bool,
}

/// What is remembered beside users, groups and products.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Notes {
    /// The text of the policy file.
    pub(super) policy: Option<String>,
    /// The directory's location.
    pub(super) country: Option<String>,
    /// What was refused in the last run, by the name of its event.
    pub(super) refusals: BTreeMap<String, String>,
}

impl Notes {
    /// The ids of users whose direct licenses were refused.
    pub(super) fn refused_direct(&self) -> impl Iterator<Item = &str> {
        self.refusals.keys().filter_map(|event| event.strip_prefix(DIRECT))
    }
}

/// What the service itself looks at beside the state: choices and the directory's location.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Terms<'a> {
    pub(in crate::cli) policy: &'a Policy,
    pub(in crate::cli) country: Option<&'a str>,
}

impl Ledger {
    /// Of a tenant of which nothing is remembered.
    pub(super) fn new(terms: Terms<'_>, now: Timestamp) -> Result<Self, Failure> {
        let policy = policy_of(terms.policy)?;
        let catalog = Catalog::new(&[], &policy);
        Ok(Self {
            tenant: Tenant::new(catalog, policy, terms.country.and_then(Country::new)),
            groups: BTreeMap::new(),
            requested: BTreeMap::new(),
            asked: BTreeMap::new(),
            is_new: true,
            has_new_users: false,
            taken_over: RoaringBitmap::new(),
            origin: Moment { sequence: 0, time: now },
            notes: Notes {
                policy: terms.policy.text().map(str::to_owned),
                country: terms.country.map(str::to_owned),
                refusals: BTreeMap::new(),
            },
            terms_differ: false,
        })
    }

    /// What a state file remembers; `None` if it knows nothing of licenses. Without `terms` those of the last
    /// run hold.
    pub(in crate::cli) fn read(
        session: &Session<'_>,
        terms: Option<Terms<'_>>,
        now: Timestamp,
    ) -> Result<Option<Self>, Failure> {
        let Some(text) = session.fact(NOTES)? else { return Ok(None) };
        let damaged = |what: &dyn std::fmt::Display| {
            let state = session.path().display();
            Failure::new(format!("{state}: the state file is damaged: {what}; restore it from a backup"))
        };
        let notes: Notes = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        let mut ledger = if let Some(terms) = terms {
            Self::new(terms, now)?
        } else {
            let policy = Policy::of_text("policy.toml", notes.policy.as_deref().unwrap_or_default())?;
            Self::new(Terms { policy: &policy, country: notes.country.as_deref() }, now)?
        };
        ledger.is_new = false;
        let tenant = &mut ledger.tenant;
        for (_, body) in session.license_products()? {
            let product = codec::read_product(&body, tenant).map_err(|error| session.misread(&error))?;
            tenant.set_product(product);
        }
        for (ordinal, body) in session.license_groups()? {
            let stored: StoredTemplate = serde_json::from_str(&body).map_err(|error| damaged(&error))?;
            let group =
                codec::read_group(&stored.group(), tenant).map_err(|error| session.misread(&error))?;
            let index = tenant.add_group(group);
            let requested = templates::version_of(tenant, &stored.licenses());
            ledger.groups.insert(ordinal, index);
            ledger.requested.insert(index, requested);
        }
        let (mut users, mut outcomes) = (Vec::new(), Vec::new());
        for LicenseRow { body, users: holders } in session.license_rows(LicenseTable::Intent)? {
            let part = codec::read_user(&body, tenant).map_err(|error| session.misread(&error))?;
            users.push(Piece { part, users: holders });
        }
        for LicenseRow { body, users: holders } in session.license_rows(LicenseTable::Outcome)? {
            let part = codec::read_outcome(&body, tenant).map_err(|error| session.misread(&error))?;
            outcomes.push(Piece { part, users: holders });
        }
        tenant.enter_pieces(&users, &outcomes).map_err(|error| damaged(&error))?;
        ledger.asked.clone_from(&ledger.requested);
        let former = Policy::of_text("policy.toml", notes.policy.as_deref().unwrap_or_default());
        let former = former.ok().and_then(|policy| policy_of(&policy).ok());
        ledger.terms_differ =
            former.as_ref() != Some(ledger.tenant.policy()) || ledger.notes.country != notes.country;
        ledger.notes.refusals = notes.refusals;
        Ok(Some(ledger))
    }

    /// Remembers it, as it is now. Where users are as they were, nothing is looked at for them.
    pub(super) fn write(&self, session: &Session<'_>, are_users_the_same: bool) -> Result<(), Failure> {
        let tenant = &self.tenant;
        let skus = tenant.catalog().skus().filter_map(|sku| tenant.catalog().product(sku));
        let owned = skus.filter(|product| !product.subscriptions.is_empty());
        let products: Vec<(String, String)> =
            owned.map(|product| (product.sku_id.clone(), codec::product_text(product, tenant))).collect();
        session.set_license_products(&products)?;
        let matters = |index: GroupIndex| {
            let has_template = tenant.group(index).is_some_and(|group| !group.template.is_empty());
            let asked = self.asked.get(&index).is_some_and(|version| !version.is_empty());
            has_template || asked || tenant.has_records(index)
        };
        let mut groups = Vec::new();
        for (&ordinal, &index) in self.groups.iter().filter(|(_, index)| matters(**index)) {
            let Some(group) = tenant.group(index) else { continue };
            let none = Version::new();
            let requested = self.requested.get(&index).unwrap_or(&none);
            let group = serde_json::from_str(&codec::group_text(group, tenant)).unwrap_or_default();
            let stored = StoredTemplate { group, requested: stored_version(requested, tenant) };
            groups.push((ordinal, serde_json::to_string(&stored).unwrap_or_default()));
        }
        session.set_license_groups(&groups)?;
        let notes = serde_json::to_string(&self.notes).map_err(|error| Failure::new(error.to_string()))?;
        session.set_fact(NOTES, Some(&notes))?;
        if are_users_the_same && !self.is_new && !self.has_new_users {
            return Ok(());
        }
        let row = |body, users| LicenseRow { body, users };
        let users = tenant.user_pieces(matters).into_iter();
        let users: Vec<LicenseRow> =
            users.map(|piece| row(codec::user_text(&piece.part, tenant), piece.users)).collect();
        session.set_license_rows(LicenseTable::Intent, &users)?;
        let outcomes = tenant.outcome_pieces().into_iter();
        let outcomes: Vec<LicenseRow> =
            outcomes.map(|piece| row(codec::outcome_text(&piece.part, tenant), piece.users)).collect();
        Ok(session.set_license_rows(LicenseTable::Outcome, &outcomes)?)
    }
}

/// A group as it is remembered.
#[derive(Debug, Serialize, Deserialize)]
struct StoredTemplate {
    /// What the codec writes.
    #[serde(flatten)]
    group: serde_json::Map<String, serde_json::Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    requested: BTreeMap<String, Vec<String>>,
}

impl StoredTemplate {
    fn group(&self) -> String {
        serde_json::Value::Object(self.group.clone()).to_string()
    }

    fn licenses(&self) -> Vec<AssignedLicense> {
        let license = |(sku_id, disabled_plans): (&String, &Vec<String>)| AssignedLicense {
            sku_id: sku_id.clone(),
            disabled_plans: disabled_plans.clone(),
        };
        self.requested.iter().map(license).collect()
    }
}

/// By product the plans that are off.
fn stored_version(version: &Version, tenant: &Tenant) -> BTreeMap<String, Vec<String>> {
    let catalog = tenant.catalog();
    let plan = |plan| Some(catalog.plan_at(plan)?.id.clone());
    let entry = |(sku, disabled): (&SkuIndex, &PlanSet)| {
        Some((catalog.product(*sku)?.sku_id.clone(), disabled.iter().filter_map(plan).collect()))
    };
    version.iter().filter_map(entry).collect()
}

/// The choices about licenses in a policy.
pub(super) fn policy_of(policy: &Policy) -> Result<LicensingPolicy, Failure> {
    let mut policy = LicensingPolicy::read(policy)?;
    // The guards of a run look at it, with the others.
    policy.mass_change_guard = None;
    Ok(policy)
}

/// Whether the last run refused direct licenses: the next one asks for them again.
pub(in crate::cli) fn has_refused_direct(session: &Session<'_>) -> Result<bool, Failure> {
    let notes = session.fact(NOTES)?;
    let notes: Option<Notes> = notes.and_then(|text| serde_json::from_str(&text).ok());
    Ok(notes.is_some_and(|notes| notes.refused_direct().next().is_some()))
}

/// The groups with a template that a state file remembers: they cannot be deleted. `None` if it knows nothing of
/// licenses.
pub(in crate::cli) fn licensed_groups(session: &Session<'_>) -> Result<Option<RoaringBitmap>, Failure> {
    if session.fact(NOTES)?.is_none() {
        return Ok(None);
    }
    let has_template = |body: &str| {
        let stored: Option<StoredTemplate> = serde_json::from_str(body).ok();
        stored.is_some_and(|stored| stored.group.get("template").is_some_and(|it| !is_empty(it)))
    };
    let groups = session.license_groups()?;
    let licensed = groups.into_iter().filter(|(_, body)| has_template(body));
    Ok(Some(licensed.map(|(ordinal, _)| ordinal).collect()))
}

fn is_empty(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(items) => items.is_empty(),
        serde_json::Value::Object(fields) => fields.is_empty(),
        _ => true,
    }
}
