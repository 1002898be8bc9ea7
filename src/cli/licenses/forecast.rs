//! `dyngroup licenses forecast`: the seats that are needed if everyone gets what they are to have, and the day on
//! which a product runs short.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use clap::Args;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use roaring::RoaringBitmap;

use super::view::{View, ViewArgs, computed_view};
use super::{Ledger, members};
use crate::base::limits::FORECAST_DAYS_MAX;
use crate::cli::args::Global;
use crate::cli::computed::{Computed, ordinals_of};
use crate::cli::failure::Failure;
use crate::cli::loaded::Loaded;
use crate::cli::progress::Progress;
use crate::cli::settings::Settings;
use crate::cli::{Outcome, output};
use crate::language::attribute::Subject;
use crate::licensing::batch::PoolReport;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::forecast::{SeatTimeline, forecast};
use crate::membership::clock::Clock;
use crate::membership::recompute::{self, Plan, Status};
use crate::membership::snapshot::Snapshot;
use crate::report::license_forecast::{write_license_forecast, write_seat_timeline};
use crate::report::output_format::OutputFormat;

#[derive(Args, Debug)]
pub(super) struct ForecastArgs {
    #[command(flatten)]
    view: ViewArgs,
    /// Follow rules with dates up to this instant, such as 2026-12-31 or 2026-12-31T00:00:00Z; wants --tenant
    #[arg(long, value_name = "DATE", requires = "tenant", value_parser = instant)]
    until: Option<Timestamp>,
}

/// An instant, or the end of a day.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let day: jiff::civil::Date = text.parse().map_err(|_| "expected a date such as 2026-12-31".to_owned())?;
    let end = day.to_datetime(Time::midnight()).checked_add(1.day()).map_err(|error| error.to_string())?;
    end.to_zoned(TimeZone::UTC).map(|end| end.timestamp()).map_err(|error| error.to_string())
}

/// Runs the command.
pub(super) fn run(args: &ForecastArgs, global: &Global) -> Result<Outcome, Failure> {
    let (view, timeline) = match args.until {
        None => (View::read(&args.view, global)?, None),
        Some(until) => {
            let (settings, names, format, mut computed) = computed_view(&args.view, global)?;
            let licensed = computed.licensed.take();
            let Some(licensed) = licensed else { return Err(super::view::no_products(&args.view.folder())) };
            let timeline = followed(&mut computed, &licensed.ledger, &settings, until)?;
            let (tenant, roster) = (licensed.ledger.tenant, computed.loaded.roster);
            (View { tenant, roster, names, format }, Some(timeline))
        }
    };
    let forecasts = forecast(&view.tenant);
    let mut out = BufWriter::new(io::stdout().lock());
    let style = output::style();
    let View { tenant, names, format, .. } = &view;
    // A program gets one document: the course over time has the present in it.
    let is_for_people = matches!(format, OutputFormat::Full | OutputFormat::Concise);
    if timeline.is_none() || is_for_people {
        write_license_forecast(*format, tenant, &forecasts, names, &style, &mut out)?;
    }
    if let Some(timeline) = &timeline {
        write_seat_timeline(*format, tenant, timeline, names, &style, &mut out)?;
    }
    out.flush()?;
    let will_be_short =
        timeline.is_some_and(|it| it.courses.iter().any(|course| course.first_short.is_some()));
    let is_short = forecasts.iter().any(|forecast| forecast.short > 0);
    Ok(if is_short || will_be_short { Outcome::Findings } else { Outcome::Clean })
}

/// The need for seats at the end of each day on which the clock alone changes members.
fn followed(
    computed: &mut Computed,
    ledger: &Ledger,
    settings: &Settings,
    until: Timestamp,
) -> Result<SeatTimeline, Failure> {
    let mut now = settings.now();
    if until.duration_since(now).as_hours() > 24 * FORECAST_DAYS_MAX {
        let why = format!("--until: at most {FORECAST_DAYS_MAX} days from now can be followed");
        return Err(Failure::new(why));
    }
    let loaded = &mut computed.loaded;
    let users = ordinals_of(&loaded.roster, Subject::User);
    let direct = direct_users(ledger);
    let mut points = vec![(now, needs(ledger, &direct, &computed.after, &users))];
    keep_what_no_clock_changes(loaded, &computed.after);
    let mut progress = Progress::shown();
    while let Some(next) = next_change(loaded, now).filter(|next| *next <= until) {
        now = end_of_day(next).min(until).max(next);
        let choices = recompute::Settings { now, version_order: settings.version_order };
        let (_, members) = loaded.recompute(choices, &mut progress);
        points.push((now, needs(ledger, &direct, &members, &users)));
        if now >= until {
            break;
        }
    }
    progress.finish();
    Ok(SeatTimeline::of(&points))
}

/// Rules that do not look at the clock give the same members all the time.
fn keep_what_no_clock_changes(loaded: &mut Loaded, members: &Snapshot) {
    for input in &mut loaded.inputs {
        let stays =
            input.plan.rule().is_some_and(|rule| !rule.depends_on_now() && rule.groups_read().is_empty());
        if stays {
            let members = members.members(input.group).cloned();
            input.plan = Plan::Known { members, status: Status::Succeeded };
        }
    }
}

/// When the clock alone changes members for the first time after `now`.
fn next_change(loaded: &Loaded, now: Timestamp) -> Option<Timestamp> {
    let mut users = Clock::new(&loaded.users, now);
    let mut devices = Clock::new(&loaded.devices, now);
    let rules = loaded.inputs.iter().filter_map(|input| input.plan.rule());
    rules
        .filter_map(|rule| match rule.subject {
            Subject::User => users.next_change(rule),
            Subject::Device => devices.next_change(rule),
        })
        .min()
}

fn end_of_day(instant: Timestamp) -> Timestamp {
    let day = instant.to_zoned(TimeZone::UTC).date();
    let end = day.to_datetime(Time::midnight()).checked_add(1.day());
    end.ok().and_then(|end| end.to_zoned(TimeZone::UTC).ok()).map_or(instant, |end| end.timestamp())
}

/// By product, the users who hold it by themselves.
fn direct_users(ledger: &Ledger) -> BTreeMap<SkuIndex, RoaringBitmap> {
    let mut direct: BTreeMap<SkuIndex, RoaringBitmap> = BTreeMap::new();
    for (user, users) in ledger.tenant.user_classes() {
        for sku in user.direct.keys() {
            *direct.entry(*sku).or_default() |= &users;
        }
    }
    direct
}

/// The seats, with the need for them if these are the members.
fn needs(
    ledger: &Ledger,
    direct: &BTreeMap<SkuIndex, RoaringBitmap>,
    after: &Snapshot,
    users: &RoaringBitmap,
) -> Vec<PoolReport> {
    let mut wanted = direct.clone();
    for (&ordinal, &index) in &ledger.groups {
        let Some(group) = ledger.tenant.group(index) else { continue };
        let members = members::members_of(ledger, after, ordinal);
        for sku in group.template.keys() {
            *wanted.entry(*sku).or_default() |= &members;
        }
    }
    let demand = |sku: SkuIndex| wanted.get(&sku).map_or(0, |wanted| wanted.intersection_len(users));
    let pools = ledger.tenant.pools().into_iter();
    pools.map(|pool| PoolReport { demand: demand(pool.sku), ..pool }).collect()
}
