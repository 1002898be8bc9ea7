//! Made-up conditions on the hire date.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::clause::Clause;
use super::random::{Generator, one_of};

/// A window, or all before or after a day. Days that are written out lie before `now`.
pub(super) fn clause(now: Timestamp, generator: &mut Generator) -> Clause {
    const HIRED: &str = "user.employeeHireDate";
    let moved = |days: i64| match days {
        0 => "system.now".to_owned(),
        days if days > 0 => format!("system.now -plus p{days}d"),
        days => format!("system.now -minus p{}d", -days),
    };
    match generator.random::<f64>() {
        draw if draw < 0.35 => {
            let windows = [(0, 7), (0, 14), (0, 30), (0, 90), (-7, 0), (-30, 0), (-90, 0), (-180, 30)];
            let (from, to) = one_of(generator, &windows);
            Clause::word(HIRED, "-ge", moved(from)).and(Clause::word(HIRED, "-le", moved(to)))
        }
        draw if draw < 0.70 => {
            let first = generator.random_range(0..5_000_i64);
            let after = first - generator.random_range(30..400_i64);
            Clause::word(HIRED, "-ge", day(now, first)).and(Clause::word(HIRED, "-le", day(now, after)))
        }
        draw if draw < 0.85 => Clause::word(HIRED, "-le", day(now, generator.random_range(300..5_000))),
        _ => Clause::word(HIRED, "-ge", moved(one_of(generator, &[-365, -180, -30, 1]))),
    }
}

/// Midnight, `days` before now, as a rule writes it.
fn day(now: Timestamp, days: i64) -> String {
    let day = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    day.strftime("%Y-%m-%dT00:00:00Z").to_string()
}
