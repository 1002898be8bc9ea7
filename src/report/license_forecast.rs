//! How many seats are needed: now, and over a time to come.

use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Style;
use super::history::to_the_second;
use super::licenses::{ProductNaming, Words};
use super::output_format::OutputFormat;
use super::palette;
use super::printable::printable;
use super::rule_finding::{counted, grouped};
use super::state_table::{Cell, Column, Row, write_table};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::forecast::{SeatCourse, SeatForecast, SeatNeed, SeatTimeline};
use crate::licensing::tenant::Tenant;

/// Writes the seats of products, sorted by short name: how many there are and are needed, and who is without
/// one for what reason. Formats that are for rules only are written as [`OutputFormat::Full`].
///
/// # Errors
/// Those of `out`.
pub fn write_license_forecast(
    format: OutputFormat,
    tenant: &Tenant,
    forecasts: &[SeatForecast],
    names: &dyn ProductNaming,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let words = Words { tenant, names };
    let sorted = sorted(words, forecasts, |one| one.sku);
    match format {
        OutputFormat::Json | OutputFormat::Jsonl => {
            write_objects(format, sorted.iter().map(|one| object(words, one)).collect(), out)
        }
        OutputFormat::Concise => sorted.iter().try_for_each(|one| line(words, one, out)),
        _ => table(words, &sorted, style, out),
    }
}

/// Writes how the need for seats goes on, product by product: the highest demand, from when on seats are
/// missing, and how many at most. Formats that are for rules only are written as [`OutputFormat::Full`].
///
/// # Errors
/// Those of `out`.
pub fn write_seat_timeline(
    format: OutputFormat,
    tenant: &Tenant,
    timeline: &SeatTimeline,
    names: &dyn ProductNaming,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let words = Words { tenant, names };
    let sorted = sorted(words, &timeline.courses, |course| course.sku);
    match format {
        OutputFormat::Json | OutputFormat::Jsonl => {
            write_objects(format, sorted.iter().map(|one| course_object(words, one)).collect(), out)
        }
        OutputFormat::Concise => sorted.iter().try_for_each(|one| course_line(words, one, out)),
        _ => course_table(words, &sorted, style, out),
    }
}

/// By the product's short name, then by its id.
fn sorted<'o, T>(words: Words<'_>, of: &'o [T], sku: impl Fn(&T) -> SkuIndex) -> Vec<&'o T> {
    let mut sorted: Vec<&T> = of.iter().collect();
    sorted.sort_by_key(|one| (words.part_number(sku(one)), words.sku_id(sku(one))));
    sorted
}

fn write_objects(format: OutputFormat, objects: Vec<Value>, out: &mut dyn io::Write) -> io::Result<()> {
    if format == OutputFormat::Json {
        return writeln!(out, "{:#}", Value::Array(objects));
    }
    objects.iter().try_for_each(|object| writeln!(out, "{object}"))
}

fn table(
    words: Words<'_>,
    forecasts: &[&SeatForecast],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let columns = [
        Column::names("product"),
        Column::right("capacity"),
        Column::right("consumed"),
        Column::right("demand"),
        Column::right("short"),
        Column::right("waiting"),
        Column::right("held up"),
        Column::right("blocked"),
        Column::right("kept"),
    ];
    let row = |one: &&SeatForecast| {
        let number = |number: u64| Cell::of(&grouped(number));
        let marked = |count: u64| count_cell(count).painted(palette::BAD);
        Row {
            cells: vec![
                Cell::of(words.product(one.sku)),
                number(one.capacity),
                number(one.consumed),
                number(one.demand),
                if one.short > 0 { marked(one.short) } else { count_cell(0) },
                if one.waiting > 0 { marked(one.waiting) } else { count_cell(0) },
                count_cell(one.waiting_elsewhere),
                count_cell(one.blocked),
                count_cell(one.kept),
            ],
            notes: Vec::new(),
        }
    };
    if forecasts.is_empty() {
        return writeln!(out, "the tenant has no product");
    }
    write_table(&columns, &forecasts.iter().map(row).collect::<Vec<_>>(), style, out)?;
    let short: Vec<u64> = forecasts.iter().map(|one| one.short).filter(|short| *short > 0).collect();
    match short.len() {
        0 => writeln!(out, "enough seats for all who are to have one"),
        products => {
            let (seats, products) =
                (counted(short.iter().sum(), "seat"), counted(products as u64, "product"));
            writeln!(out, "{seats} of {products} missing")
        }
    }
}

fn count_cell(count: u64) -> Cell {
    if count == 0 { Cell::of("·") } else { Cell::of(&grouped(count)) }
}

fn line(words: Words<'_>, one: &SeatForecast, out: &mut dyn io::Write) -> io::Result<()> {
    let SeatForecast { capacity, consumed, demand, short, waiting, waiting_elsewhere, blocked, kept, .. } =
        one;
    let name = printable(words.product(one.sku));
    writeln!(
        out,
        "{name}: {consumed} of {capacity} seats in use, {demand} needed, {short} short, {waiting} waiting, \
         {waiting_elsewhere} held up by another product, {blocked} blocked, {kept} kept"
    )
}

fn object(words: Words<'_>, one: &SeatForecast) -> Value {
    let fields = json!({
        "capacity": one.capacity,
        "consumed": one.consumed,
        "demand": one.demand,
        "short": one.short,
        "waiting": one.waiting,
        "waitingElsewhere": one.waiting_elsewhere,
        "blocked": one.blocked,
        "kept": one.kept,
    });
    with_product(words, one.sku, fields)
}

/// An object with the names of its product before its other fields.
fn with_product(words: Words<'_>, sku: SkuIndex, fields: Value) -> Value {
    let id = words.sku_id(sku);
    let mut object = json!({
        "skuId": id,
        "skuPartNumber": words.part_number(sku),
        "displayName": words.names.product(id),
    });
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
        object.extend(fields);
    }
    object
}

fn course_table(
    words: Words<'_>,
    courses: &[&SeatCourse],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let columns = [
        Column::names("product"),
        Column::right("capacity"),
        Column::right("demand"),
        Column::right("peak"),
        Column::left("at"),
        Column::left("short from"),
        Column::right("at worst"),
        Column::left("at"),
    ];
    let row = |course: &&SeatCourse| {
        let (short, worst) = (course.first_short, course.worst);
        let short = short.map_or_else(|| Cell::of("·"), |need| time_cell(need.at).painted(palette::BAD));
        Row {
            cells: vec![
                Cell::of(words.product(course.sku)),
                Cell::of(&grouped(course.first.capacity)),
                Cell::of(&grouped(course.first.demand)),
                Cell::of(&grouped(course.peak.demand)),
                time_cell(course.peak.at),
                short,
                count_cell(worst.map_or(0, |need| need.short())),
                worst.map_or_else(|| Cell::of(""), |need| time_cell(need.at)),
            ],
            notes: Vec::new(),
        }
    };
    if courses.is_empty() {
        return writeln!(out, "the tenant has no product");
    }
    write_table(&columns, &courses.iter().map(row).collect::<Vec<_>>(), style, out)?;
    match courses.iter().filter(|course| course.first_short.is_some()).count() as u64 {
        0 => writeln!(out, "enough seats all the time"),
        short => writeln!(out, "too few seats of {}", counted(short, "product")),
    }
}

fn time_cell(at: Timestamp) -> Cell {
    Cell::of(&to_the_second(at))
}

fn course_line(words: Words<'_>, course: &SeatCourse, out: &mut dyn io::Write) -> io::Result<()> {
    let name = printable(words.product(course.sku));
    let peak = format!("peak {} on {}", course.peak.demand, to_the_second(course.peak.at));
    match (course.first_short, course.worst) {
        (Some(first), Some(worst)) => writeln!(
            out,
            "{name}: short from {}, {} needed of {}; {peak}; at worst {} missing on {}",
            to_the_second(first.at),
            first.demand,
            first.capacity,
            worst.short(),
            to_the_second(worst.at)
        ),
        _ => writeln!(out, "{name}: enough seats; {peak}"),
    }
}

fn course_object(words: Words<'_>, course: &SeatCourse) -> Value {
    let fields = json!({
        "first": need_object(course.first),
        "last": need_object(course.last),
        "peak": need_object(course.peak),
        "firstShort": course.first_short.map(need_object),
        "worst": course.worst.map(need_object),
    });
    with_product(words, course.sku, fields)
}

fn need_object(need: SeatNeed) -> Value {
    json!({
        "at": need.at.to_string(),
        "demand": need.demand,
        "capacity": need.capacity,
        "short": need.short(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::license_lint::tests::{Names, every_format};
    use super::*;
    use crate::licensing::batch::PoolReport;
    use crate::licensing::forecast::forecast;
    use crate::licensing::samples::World;

    #[test]
    fn seats_in_every_shape() {
        let mut world = World::new("");
        world.seats("ems", 2);
        let suite = world.group("a", "e3, ems", 0..4);
        world.group("b", "e1", 10..12);
        world.group("c", "e3", 11..12);
        world.direct(20..24, "e3");
        world.settle();
        let user = crate::licensing::intent::UserIndex(0);
        let add = world.version("audio");
        let direct = crate::licensing::event::EventKind::DirectSet { user, add, remove: Vec::new() };
        world.run(vec![direct]);
        let leave = World::leave(suite, 0..1);
        world.run(vec![leave]);
        let forecasts = forecast(&world.tenant);
        let text = every_format(|format, style, out| {
            write_license_forecast(format, &world.tenant, &forecasts, &Names, style, out)
        });
        insta::assert_snapshot!("seats", text);
    }

    #[test]
    fn courses_in_every_shape() {
        let mut world = World::new("");
        let (first, second) = (world.sku("e3"), world.sku("ems"));
        let time = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let pool = |sku, demand, capacity| PoolReport {
            sku,
            capacity,
            consumed: 0,
            available: 0,
            waiting: 0,
            demand,
        };
        let timeline = SeatTimeline::of(&[
            (time(20_000), vec![pool(first, 1_200, 1_500), pool(second, 3, 5)]),
            (time(20_010), vec![pool(first, 1_510, 1_500), pool(second, 5, 5)]),
            (time(20_020), vec![pool(first, 1_505, 1_000), pool(second, 4, 5)]),
        ]);
        let text = every_format(|format, style, out| {
            write_seat_timeline(format, &world.tenant, &timeline, &Names, style, out)
        });
        insta::assert_snapshot!("courses", text);
    }

    #[test]
    fn a_tenant_without_products_says_so() {
        let world = World::new("");
        let mut out = Vec::new();
        write_license_forecast(OutputFormat::Full, &world.tenant, &[], &Names, &Style::PLAIN, &mut out)
            .unwrap();
        let timeline = SeatTimeline::default();
        write_seat_timeline(OutputFormat::Full, &world.tenant, &timeline, &Names, &Style::PLAIN, &mut out)
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "the tenant has no product\nthe tenant has no product\n");
        let mut out = Vec::new();
        let enough = forecast(&world.tenant);
        write_license_forecast(OutputFormat::Full, &world.tenant, &enough, &Names, &Style::PLAIN, &mut out)
            .unwrap();
        assert!(String::from_utf8(out).unwrap().ends_with("\nenough seats for all who are to have one\n"));
    }
}
