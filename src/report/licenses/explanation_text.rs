//! The explanation of a user's licenses for people.

use std::io;

use super::explanation::{ExplainedPlan, ExplainedProduct, ExplainedUser, PlanState, products};
use super::naming::Words;
use super::problems::{Teller, Trouble};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::explain::{Explanation, Location, Place, Removal};
use crate::licensing::outcome::{Record, Source};
use crate::licensing::pool::SubscriptionStatus;
use crate::report::Style;
use crate::report::history::to_the_second;
use crate::report::palette::{self, painted};
use crate::report::printable::printable;
use crate::report::state_table::{Cell, Column, Row, write_table};

/// Everything: each product with its sources and plans, what can come back, and what could go.
pub(super) fn full(
    teller: &Teller<'_>,
    user: &ExplainedUser<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let (words, explanation) = (teller.words, &user.explanation);
    let id = painted(*style, palette::EMPHASIS, &printable(user.id));
    writeln!(out, "{id}: {}", about(explanation))?;
    for product in products(words, explanation) {
        writeln!(out)?;
        write_product(teller, explanation, &product, style, out)?;
    }
    write_grace(words, explanation, out)?;
    write_removals(words, explanation, style, out)
}

/// A line for each plan that the user has or is to have.
pub(super) fn concise(
    teller: &Teller<'_>,
    user: &ExplainedUser<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let words = teller.words;
    if user.explanation.outcome.records.is_empty() {
        return writeln!(out, "{}: without licenses", printable(user.id));
    }
    for product in products(words, &user.explanation) {
        for plan in &product.plans {
            let (name, state) = (words.plan(plan.plan), state_words(plan));
            let line = format!("{}: {}: `{name}` {}", user.id, words.product(product.sku), state);
            writeln!(out, "{}{}", printable(&line), printable(&reason(words, product.sku, plan)))?;
        }
    }
    Ok(())
}

fn about(explanation: &Explanation<'_>) -> String {
    let location = match explanation.location {
        Location::Own(country) => format!("in {country}"),
        Location::Directory(country) => format!("in {country}, where the directory is"),
        Location::Unknown => "nowhere: neither the user nor the directory has a location".to_owned(),
    };
    let deleted = explanation.user.deleted_at;
    let deleted = deleted.map(|instant| format!(", deleted {}", to_the_second(instant))).unwrap_or_default();
    let nothing = if explanation.outcome.records.is_empty() { ", without licenses" } else { "" };
    format!("{location}{deleted}{nothing}")
}

fn write_product(
    teller: &Teller<'_>,
    explanation: &Explanation<'_>,
    product: &ExplainedProduct<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let words = teller.words;
    let name = painted(*style, palette::EMPHASIS, &printable(words.product(product.sku)));
    let seat =
        if product.records.iter().any(|record| record.state.is_in_force()) { "one seat" } else { "no seat" };
    let status = words.tenant.catalog().pool(product.sku).status;
    let status = if status == SubscriptionStatus::Enabled {
        String::new()
    } else {
        format!(", the subscription is {}", painted(*style, palette::BAD, status.word()))
    };
    writeln!(out, "{name}: {seat}{status}")?;
    for record in &product.records {
        write_source(teller, explanation, record, style, out)?;
    }
    let columns = [Column::left("state"), Column::names("plan"), Column::left("why")];
    let row = |plan: &ExplainedPlan<'_>| {
        let state = Cell::of(&state_words(plan));
        let state = match plan.state {
            PlanState::On if plan.standing.is_plainly_on() => state.painted(palette::GOOD),
            PlanState::Off => state.painted(palette::DIM),
            _ => state.painted(palette::BAD),
        };
        let why = reason(words, product.sku, plan);
        Row {
            cells: vec![state, Cell::of(words.plan(plan.plan)), Cell::of(why.trim_start())],
            notes: Vec::new(),
        }
    };
    let rows: Vec<Row> = product.plans.iter().map(row).collect();
    if rows.is_empty() { Ok(()) } else { write_table(&columns, &rows, style, out) }
}

fn write_source(
    teller: &Teller<'_>,
    explanation: &Explanation<'_>,
    record: &Record,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let source = teller.words.source_words(record.source);
    let since = record.activated.map(|moment| format!(" since {}", to_the_second(moment.time)));
    let waiting = record.waiting_since.map(|instant| format!(", waiting since {}", to_the_second(instant)));
    let leaving = if record.pending_removal { ", to be removed" } else { "" };
    let state = match record.error {
        Some(code) => {
            let both = format!("{} ({})", record.state.word(), code.word());
            painted(*style, palette::BAD, &both)
        }
        None => record.state.word().to_owned(),
    };
    let (since, waiting) = (since.unwrap_or_default(), waiting.unwrap_or_default());
    writeln!(out, "  from {}: {state}{since}{waiting}{leaving}", printable(&source))?;
    if record.error.is_none() {
        return Ok(());
    }
    let Trouble { message, fix, .. } = teller.tell(explanation.outcome, record);
    writeln!(out, "    {}", printable(&message))?;
    writeln!(out, "    to do: {}", printable(&fix))
}

/// A plan that is on may be worth less than that.
fn state_words(plan: &ExplainedPlan<'_>) -> String {
    let word = plan.state.words();
    match plan.standing.status.filter(|status| *status != SubscriptionStatus::Enabled) {
        Some(status) if plan.state == PlanState::On => format!("{word} ({})", status.word()),
        _ => word.to_owned(),
    }
}

/// Which sources of a product decide about a plan, and what other products say.
fn reason(words: Words<'_>, sku: SkuIndex, plan: &ExplainedPlan<'_>) -> String {
    let standing = plan.standing;
    let own = |places: &[Place]| {
        let own = places.iter().filter(|(other, _)| *other == sku);
        let mut names: Vec<String> = own.map(|(_, source)| words.source_words(*source)).collect();
        names.sort_unstable();
        names.join(", ")
    };
    let deciding = match plan.state {
        PlanState::On => format!(" from {}", own(&standing.on)),
        PlanState::HeldBack => format!(" from {}", own(&standing.held_back)),
        PlanState::Off => format!(" in {}", own(&standing.off)),
        PlanState::NotGiven => format!(" from {}", own(&standing.failed)),
    };
    let mut elsewhere: Vec<&str> = standing
        .on
        .iter()
        .filter(|(other, _)| *other != sku)
        .map(|(other, _)| words.product(*other))
        .collect();
    elsewhere.sort_unstable();
    elsewhere.dedup();
    let elsewhere = if elsewhere.is_empty() {
        String::new()
    } else {
        format!(
            "; on with {}",
            elsewhere.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )
    };
    format!("{deciding}{elsewhere}")
}

fn write_grace(words: Words<'_>, explanation: &Explanation<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut grace: Vec<_> = explanation.outcome.grace.iter().collect();
    if grace.is_empty() {
        return Ok(());
    }
    grace.sort_by_key(|one| (one.until, words.plan(one.plan), words.plan_id(one.plan)));
    writeln!(out, "\nplans that can come back with their data:")?;
    grace.into_iter().try_for_each(|one| {
        writeln!(out, "  `{}` until {}", printable(words.plan(one.plan)), to_the_second(one.until))
    })
}

/// First what is safe. What is safe alone need not be safe together.
fn write_removals(
    words: Words<'_>,
    explanation: &Explanation<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let (safe, others): (Vec<&Removal>, Vec<&Removal>) =
        explanation.removals.iter().partition(|removal| removal.is_safe());
    if !safe.is_empty() {
        let heading = painted(*style, palette::GOOD, "safe to remove");
        let alone = if safe.len() > 1 { ", one of them: look again after that" } else { "" };
        writeln!(out, "\n{heading}{alone}")?;
        for removal in safe {
            let why = if removal.is_in_force { "every plan stays" } else { "none of it is in force" };
            let line = format!("{}: {why}{}", removed(words, removal), seats(words, removal));
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    if !others.is_empty() {
        writeln!(out, "\n{}", painted(*style, palette::BAD, "not safe to remove"))?;
        for removal in others {
            let line =
                format!("{}: {}{}", removed(words, removal), losses(words, removal), seats(words, removal));
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    Ok(())
}

fn removed(words: Words<'_>, removal: &Removal) -> String {
    let mut names: Vec<String> =
        removal.skus.iter().map(|sku| format!("`{}`", words.product(*sku))).collect();
    names.sort_unstable();
    match removal.source {
        Source::Direct => format!("the direct license of {}", names.join(", ")),
        Source::Group(_) => format!("{} with {}", words.source_words(removal.source), names.join(", ")),
    }
}

fn losses(words: Words<'_>, removal: &Removal) -> String {
    let mut lost: Vec<String> = removal.lost.iter().map(|plan| format!("`{}`", words.plan(plan))).collect();
    lost.sort_unstable();
    let stranded = removal.stranded.iter().map(|(plan, any_of)| {
        let mut needed: Vec<String> = any_of.iter().map(|plan| format!("`{}`", words.plan(plan))).collect();
        needed.sort_unstable();
        format!("; `{}` would lack {}", words.plan(*plan), needed.join(" or "))
    });
    format!("switches {} off{}", lost.join(", "), stranded.collect::<String>())
}

fn seats(words: Words<'_>, removal: &Removal) -> String {
    let mut freed: Vec<String> =
        removal.seats_freed.iter().map(|sku| format!("`{}`", words.product(*sku))).collect();
    if freed.is_empty() {
        return String::new();
    }
    freed.sort_unstable();
    format!("; frees a seat of {}", freed.join(" and of "))
}
