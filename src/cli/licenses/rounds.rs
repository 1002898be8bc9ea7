//! Members and licenses of one run, worked out together.

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::noticed::{self, Services};
use super::overlay::{ASSIGNED_PLANS, Overlay};
use super::unknown::unknown_names;
use super::{Again, Asked, Ledger, Licensed, People, Prepared, Terms};
use crate::base::limits::LICENSE_ROUNDS_MAX;
use crate::cli::computed::ordinals_of;
use crate::cli::failure::Failure;
use crate::cli::loaded::Loaded;
use crate::cli::progress::Progress;
use crate::directory::group::Group;
use crate::language::attribute::Subject;
use crate::licensing::plan_set::PlanSet;
use crate::licensing::tenant::Tenant;
use crate::membership::changed::ChangedObject;
use crate::membership::recompute::{self, GroupInput, GroupOutcome, Plan, Status};
use crate::membership::roster::Ordinal;
use crate::membership::snapshot::Snapshot;
use crate::report::summary::counted;
use crate::store::Session;

/// What a run is about.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Occasion {
    pub(in crate::cli) now: Timestamp,
    /// The number of the run.
    pub(in crate::cli) run: i64,
    /// Who has it done.
    pub(in crate::cli) actor: String,
    /// What is to be looked at again.
    pub(in crate::cli) again: Vec<Again>,
}

/// The licenses of a run whose members are still to be worked out.
pub(in crate::cli) struct Rounds {
    prepared: Prepared,
    /// What there is to know about plans, where rules can notice those that licenses give.
    plans: Option<Plans>,
    /// The plans of the users in the members that are being worked out.
    overlay: Overlay,
}

/// What rules see of the plans of users.
struct Plans {
    /// What all users are told to hold.
    filed: People,
    noticed: PlanSet,
    services: Services,
}

/// Whether a rule looks at the plans of users.
pub(in crate::cli) fn reads_plans(plan: &Plan) -> bool {
    plan.rule().is_some_and(|rule| {
        rule.subject == Subject::User
            && rule.attributes_read().iter().any(|attribute| *attribute.name == *ASSIGNED_PLANS)
    })
}

impl Rounds {
    /// Looks at what is asked for and remembered. `changed` are the users of a run over changes.
    ///
    /// `None` if there are no products, or not all users are known yet.
    pub(in crate::cli) fn begin(
        loaded: &mut Loaded,
        session: Option<&Session<'_>>,
        changed: Option<(&[ChangedObject], &RoaringBitmap)>,
        occasion: &Occasion,
    ) -> Result<Option<Self>, Failure> {
        let Some(ledger) = ledger_of(loaded, session, changed.is_some(), occasion)? else { return Ok(None) };
        let cascades = loaded.inputs.iter().any(|input| reads_plans(&input.plan));
        // Direct licenses that were refused are asked for in every run.
        let asks_again = ledger.notes.refused_direct().next().is_some();
        let all = if changed.is_none() || cascades || asks_again {
            Some(People::of_columns(&loaded.users, &loaded.roster)?)
        } else {
            None
        };
        let (told, users) = match changed {
            None => (None, ordinals_of(&loaded.roster, Subject::User)),
            Some((objects, present)) => (Some(People::of_changed(objects)?), present.clone()),
        };
        let groups: Vec<(Ordinal, &Group)> = loaded
            .inputs
            .iter()
            .zip(&loaded.groups)
            .take(loaded.in_folder)
            .map(|(input, group)| (input.group, group))
            .collect();
        let asked = Asked {
            people: told.as_ref().or(all.as_ref()),
            all: all.as_ref().filter(|_| told.is_some() && asks_again),
            groups: Some(groups),
            skus: &loaded.skus,
            is_partial: changed.is_some(),
            users: &users,
            occasion,
        };
        let prepared = Prepared::of(ledger, &asked, &mut loaded.roster)?;
        let tenant = &prepared.ledger.tenant;
        loaded.warnings.extend(unknown_names(tenant.policy(), tenant.catalog(), &loaded.groups));
        let plans = all.filter(|_| cascades).map(|filed| {
            let services = noticed::services(&loaded.users);
            let rules = loaded.inputs.iter().filter_map(|input| input.plan.rule());
            let noticed = noticed::noticed(tenant.catalog(), rules, &services);
            Plans { filed, noticed, services }
        });
        let plans = plans.filter(|plans| !plans.noticed.is_empty());
        let mut rounds = Self { prepared, plans, overlay: Overlay::default() };
        if let Some(plans) = &rounds.plans {
            rounds.overlay = plans.overlay(&rounds.prepared.ledger.tenant, &rounds.prepared.users);
            rounds.lay(loaded);
        }
        Ok(Some(rounds))
    }

    /// What is asked for and remembered.
    pub(super) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Shows rules the plans that users have.
    fn lay(&self, loaded: &mut Loaded) {
        loaded.overlaid = None;
        if let Some(plans) = &self.plans
            && !self.overlay.is_empty()
        {
            let catalog = self.prepared.ledger.tenant.catalog();
            loaded.overlaid =
                Some(self.overlay.over(&loaded.users, &loaded.roster, catalog, &plans.services));
        }
    }

    /// Works out licenses from the members, and members from the licenses, until both stay.
    ///
    /// # Errors
    ///
    /// If they never do.
    pub(in crate::cli) fn settle(
        mut self,
        loaded: &mut Loaded,
        members: &mut (Vec<GroupOutcome>, Snapshot),
        choices: recompute::Settings,
        progress: &mut Progress,
    ) -> Result<Licensed, Failure> {
        let mut seen = vec![self.overlay.clone()];
        loop {
            let licensed = progress.stage("licenses", "assigning licenses", || {
                self.prepared.settle(Some(&loaded.before), &members.1, &loaded.roster)
            })?;
            let Some(plans) = &self.plans else { return Ok(licensed) };
            let overlay = plans.overlay(&licensed.ledger.tenant, &self.prepared.users);
            if overlay == self.overlay {
                return Ok(licensed);
            }
            let goes_round = seen.len() >= LICENSE_ROUNDS_MAX || seen.contains(&overlay);
            let former = std::mem::replace(&mut self.overlay, overlay.clone());
            self.lay(loaded);
            let before = members.1.clone();
            *members = again(loaded, members, choices, progress);
            if goes_round {
                return Err(circle(loaded, &overlay.differing(&former), &before, &members.1));
            }
            seen.push(overlay);
        }
    }
}

/// What is remembered of licenses, or a new ledger. `None`, with a warning, where nothing can be told of them.
fn ledger_of(
    loaded: &mut Loaded,
    session: Option<&Session<'_>>,
    is_partial: bool,
    occasion: &Occasion,
) -> Result<Option<Ledger>, Failure> {
    let country = loaded.country.clone();
    let terms = Terms { policy: &loaded.policy, country: country.as_deref() };
    let known = match session {
        Some(session) => Ledger::read(session, Some(terms), occasion.now)?,
        None => None,
    };
    match known {
        Some(ledger) => {
            if loaded.skus.is_empty() {
                let why = "the folder tells of no product: those of the last run are kept";
                loaded.warnings.push(why.to_owned());
            }
            Ok(Some(ledger))
        }
        None if loaded.skus.is_empty() => {
            if loaded.groups.iter().any(|group| !group.assigned_licenses.is_empty()) {
                let why =
                    "groups have licenses and there is no subscribedSkus.json: licenses are not looked at";
                loaded.warnings.push(why.to_owned());
            }
            Ok(None)
        }
        None if is_partial => {
            let why = "the state does not know the licenses of the users yet: they are looked at from the next run \
                       without --changed on";
            loaded.warnings.push(why.to_owned());
            Ok(None)
        }
        None => Ok(Some(Ledger::new(terms, occasion.now)?)),
    }
}

impl Plans {
    fn overlay(&self, tenant: &Tenant, users: &RoaringBitmap) -> Overlay {
        Overlay::of(tenant, &self.filed, users, &self.noticed)
    }
}

/// The members of all groups, where only rules that look at plans, at other groups or at managers can give others
/// than before.
fn again(
    loaded: &mut Loaded,
    (outcomes, members): &(Vec<GroupOutcome>, Snapshot),
    choices: recompute::Settings,
    progress: &mut Progress,
) -> (Vec<GroupOutcome>, Snapshot) {
    let kept: Vec<GroupInput> = loaded.inputs.clone();
    for (input, outcome) in loaded.inputs.iter_mut().zip(outcomes) {
        let is_done = outcome.status == Status::Succeeded
            && !reads_plans(&input.plan)
            && input.plan.rule().is_some_and(|rule| rule.groups_read().is_empty());
        if is_done {
            let members = members.members(input.group).cloned();
            input.plan = Plan::Known { members, status: Status::Succeeded };
        }
    }
    let result = loaded.recompute(choices, progress);
    loaded.inputs = kept;
    result
}

/// Says who goes in and out for ever.
fn circle(loaded: &Loaded, users: &RoaringBitmap, before: &Snapshot, after: &Snapshot) -> Failure {
    let differs = |input: &&GroupInput| before.members(input.group) != after.members(input.group);
    let groups: Vec<String> = loaded
        .inputs
        .iter()
        .filter(differs)
        .map(|input| format!("`{}`", loaded.roster.id(input.group)))
        .collect();
    let first =
        users.min().map_or_else(String::new, |user| format!(", such as `{}`", loaded.roster.id(user)));
    Failure::new(format!(
        "licenses and members go round in a circle [LoopStop]: members of {} come and go within one run \
         ({}{first}); mend the rules that look at plans which these groups assign",
        if groups.is_empty() { "groups".to_owned() } else { groups.join(", ") },
        counted(usize::try_from(users.len()).unwrap_or(usize::MAX), "user"),
    ))
}
