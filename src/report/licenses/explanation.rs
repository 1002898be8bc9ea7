//! Why users have what they have, and what could go: the report of `licenses explain`.

use std::io;

use super::naming::Words;
use super::problems::Teller;
use super::{ProductNaming, explanation_object, explanation_text};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::explain::{Explanation, Place, PlanStanding};
use crate::licensing::outcome::Record;
use crate::licensing::plan_set::PlanIndex;
use crate::licensing::tenant::Tenant;
use crate::report::Style;
use crate::report::output_format::OutputFormat;

/// A user with what explains their licenses.
#[derive(Clone, Debug)]
pub struct ExplainedUser<'a> {
    /// The user's id.
    pub id: &'a str,
    /// What [`explain`](crate::licensing::explain::explain) found.
    pub explanation: Explanation<'a>,
}

/// Writes explanations of users of one tenant. [`OutputFormat::Json`] writes one object for one user and an
/// array for several. Formats that are for rules only are written as [`OutputFormat::Full`].
///
/// # Errors
/// Those of `out`.
pub fn write_license_explanations(
    format: OutputFormat,
    tenant: &Tenant,
    names: &dyn ProductNaming,
    users: &[ExplainedUser<'_>],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let teller = Teller::new(Words { tenant, names });
    let object = |user: &ExplainedUser<'_>| explanation_object::object(&teller, user);
    match format {
        OutputFormat::Json => match users {
            [single] => writeln!(out, "{:#}", object(single)),
            several => writeln!(out, "{:#}", several.iter().map(object).collect::<serde_json::Value>()),
        },
        OutputFormat::Jsonl => users.iter().try_for_each(|user| writeln!(out, "{}", object(user))),
        OutputFormat::Concise => {
            users.iter().try_for_each(|user| explanation_text::concise(&teller, user, out))
        }
        _ => users.iter().enumerate().try_for_each(|(at, user)| {
            if at > 0 {
                writeln!(out)?;
            }
            explanation_text::full(&teller, user, style, out)
        }),
    }
}

/// What a product says of one of its plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PlanState {
    On,
    HeldBack,
    NotGiven,
    Off,
}

impl PlanState {
    /// For people.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::HeldBack => "held back",
            Self::Off => "off",
            Self::NotGiven => "not given",
        }
    }

    /// For machines.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::HeldBack => "heldBack",
            Self::Off => "off",
            Self::NotGiven => "notGiven",
        }
    }
}

/// A product of a user.
pub(super) struct ExplainedProduct<'e> {
    pub(super) sku: SkuIndex,
    /// Its sources, direct first.
    pub(super) records: Vec<&'e Record>,
    /// Its plans, by state and then by name.
    pub(super) plans: Vec<ExplainedPlan<'e>>,
}

/// A plan of a product.
pub(super) struct ExplainedPlan<'e> {
    pub(super) plan: PlanIndex,
    pub(super) state: PlanState,
    pub(super) standing: &'e PlanStanding,
}

/// The products of a user, by short name and then by id.
pub(super) fn products<'e>(words: Words<'_>, explanation: &'e Explanation<'_>) -> Vec<ExplainedProduct<'e>> {
    let mut skus: Vec<SkuIndex> = explanation.outcome.records.iter().map(|record| record.sku).collect();
    skus.sort_by_key(|sku| (words.part_number(*sku), words.sku_id(*sku)));
    skus.dedup();
    let product = |sku: SkuIndex| {
        let own = explanation.outcome.records.iter().filter(|record| record.sku == sku);
        let mut records: Vec<&Record> = own.collect();
        records.sort_by_key(|record| words.order(sku, record.source));
        let all = explanation.plans.iter();
        let mut plans: Vec<ExplainedPlan<'_>> = all
            .filter_map(|(plan, standing)| {
                Some(ExplainedPlan { plan: *plan, state: state_in(sku, standing)?, standing })
            })
            .collect();
        plans.sort_by_key(|one| (one.state, words.plan(one.plan), words.plan_id(one.plan)));
        ExplainedProduct { sku, records, plans }
    };
    skus.into_iter().map(product).collect()
}

/// What a product says of a plan; nothing if the plan is not in it.
fn state_in(sku: SkuIndex, standing: &PlanStanding) -> Option<PlanState> {
    let has = |places: &[Place]| places.iter().any(|(other, _)| *other == sku);
    let states = [
        (&standing.on, PlanState::On),
        (&standing.held_back, PlanState::HeldBack),
        (&standing.failed, PlanState::NotGiven),
        (&standing.off, PlanState::Off),
    ];
    states.into_iter().find(|(places, _)| has(places)).map(|(_, state)| state)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, Run, World, every_format};
    use super::*;
    use crate::licensing::explain::explain;

    fn report(run: &Run, ids: &[&str]) -> String {
        let users = ids.iter().map(|id| {
            let explanation = explain(&run.after, run.ids.index(id)).unwrap();
            ExplainedUser { id, explanation }
        });
        let users: Vec<ExplainedUser<'_>> = users.collect();
        every_format(|format, style, out| {
            write_license_explanations(format, &run.after, &Names, &users, style, out)
        })
    }

    #[test]
    fn one_product_from_two_sources() {
        insta::assert_snapshot!("explain_eve", report(&Run::mixed(), &["eve"]));
    }

    #[test]
    fn failures_losses_and_what_is_held_back() {
        insta::assert_snapshot!("explain_several", report(&Run::mixed(), &["fay", "zoe"]));
        insta::assert_snapshot!("explain_held_back", report(&Run::grown_product(), &["ada"]));
        insta::assert_snapshot!("explain_suspended", report(&Run::suspended(), &["bob"]));
        insta::assert_snapshot!("explain_blocked", report(&Run::blocked_removal(), &["ada"]));
    }

    #[test]
    fn what_a_group_covers_is_safe_to_remove() {
        let mut world = World::new();
        world.run(vec![
            world.template("g-sales", "sku-e3 -office"),
            world.direct("ada", "sku-e3 -office -exo2"),
        ]);
        let kinds = vec![world.join("g-sales", &["ada"])];
        insta::assert_snapshot!("explain_safe", report(&Run::of(world, kinds), &["ada"]));
    }

    #[test]
    fn who_has_nothing_is_told_so() {
        insta::assert_snapshot!("explain_nothing", report(&Run::of(World::new(), Vec::new()), &["fay"]));
    }
}
