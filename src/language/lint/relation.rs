//! How two tests of one value stand to each other. `false` means "not certain".

use std::cmp::Ordering;

use jiff::SignedDuration;

use super::super::typed::{Order, Test, TimePoint};
use crate::base::fold::FoldedText;

/// Whether every value that passes `one` passes `other`; a missing value counts as a value.
pub(crate) fn implies(one: &Test, other: &Test) -> bool {
    if same(one, other) {
        return true;
    }
    match (one, other) {
        (Test::IsInstant(instant), Test::Compare { order, to: TimePoint::Fixed(to) }) => {
            order.admits(instant.cmp(to))
        }
        (Test::Compare { order, to }, Test::Compare { order: other_order, to: other_to }) => {
            reaches_within((*order, *to), (*other_order, *other_to))
        }
        _ => text_implies(one, other),
    }
}

/// Whether no value passes both; a missing value counts as a value.
pub(crate) fn disjoint(one: &Test, other: &Test) -> bool {
    match (one, other) {
        // Whether versions can be ordered at all is not known here.
        (Test::CompareVersion { .. }, _)
        | (_, Test::CompareVersion { .. })
        | (Test::IsNull, Test::IsNull) => false,
        (Test::IsNull, _) | (_, Test::IsNull) => true,
        (Test::IsBoolean(one), Test::IsBoolean(other)) => one != other,
        (Test::IsInstant(one), Test::IsInstant(other)) => one != other,
        (Test::IsInstant(instant), Test::Compare { order, to: TimePoint::Fixed(to) })
        | (Test::Compare { order, to: TimePoint::Fixed(to) }, Test::IsInstant(instant)) => {
            !order.admits(instant.cmp(to))
        }
        (Test::Compare { order, to }, Test::Compare { order: other_order, to: other_to }) => {
            window_is_empty((*order, *to), (*other_order, *other_to))
        }
        (Test::StartsWith(one), Test::StartsWith(other)) => {
            !one.folded().starts_with(other.folded()) && !other.folded().starts_with(one.folded())
        }
        (Test::EndsWith(one), Test::EndsWith(other)) => {
            !one.folded().ends_with(other.folded()) && !other.folded().ends_with(one.folded())
        }
        _ => {
            let none_passes = |texts: &[FoldedText], test: &Test| {
                texts.iter().all(|text| text_passes(text, test) == Some(false))
            };
            constants(one).is_some_and(|texts| none_passes(texts, other))
                || constants(other).is_some_and(|texts| none_passes(texts, one))
        }
    }
}

/// The texts that a test for equality asks for.
pub(crate) fn constants(test: &Test) -> Option<&[FoldedText]> {
    match test {
        Test::Equals(constant) => Some(std::slice::from_ref(constant)),
        Test::In(constants) => Some(constants),
        _ => None,
    }
}

/// Whether a value equal to `constant` passes; `None` where that is not certain.
///
/// A pattern is never certain: the values that equal a text differ in letter case, and a pattern may
/// look at it.
pub(super) fn text_passes(constant: &FoldedText, test: &Test) -> Option<bool> {
    let folded = constant.folded();
    Some(match test {
        Test::Equals(wanted) => folded == wanted.folded(),
        Test::In(wanted) => wanted.iter().any(|wanted| folded == wanted.folded()),
        Test::StartsWith(wanted) => folded.starts_with(wanted.folded()),
        Test::EndsWith(wanted) => folded.ends_with(wanted.folded()),
        Test::Contains(wanted) => folded.contains(wanted.folded()),
        Test::IsNull => false,
        Test::IsBoolean(_)
        | Test::Matches(_)
        | Test::IsInstant(_)
        | Test::Compare { .. }
        | Test::CompareVersion { .. } => return None,
    })
}

fn same(one: &Test, other: &Test) -> bool {
    match (one, other) {
        (Test::IsNull, Test::IsNull) => true,
        (Test::IsBoolean(one), Test::IsBoolean(other)) => one == other,
        (Test::Matches(one), Test::Matches(other)) => one.source() == other.source(),
        (Test::IsInstant(one), Test::IsInstant(other)) => one == other,
        (Test::CompareVersion { order, to }, Test::CompareVersion { order: other_order, to: other_to }) => {
            order == other_order && to.written() == other_to.written()
        }
        _ => false,
    }
}

fn text_implies(one: &Test, other: &Test) -> bool {
    if let Some(texts) = constants(one) {
        return texts.iter().all(|text| text_passes(text, other) == Some(true));
    }
    match (one, other) {
        (Test::StartsWith(one), Test::StartsWith(other)) => one.folded().starts_with(other.folded()),
        (Test::EndsWith(one), Test::EndsWith(other)) => one.folded().ends_with(other.folded()),
        (Test::StartsWith(one) | Test::EndsWith(one) | Test::Contains(one), Test::Contains(other)) => {
            one.folded().contains(other.folded())
        }
        // Every text begins and ends with nothing.
        (
            Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_),
            Test::StartsWith(other) | Test::EndsWith(other),
        ) => other.folded().is_empty(),
        _ => false,
    }
}

/// A side of an instant: is it below it, and does the instant itself belong to it?
fn side(order: Order) -> (bool, bool) {
    match order {
        Order::AtLeast => (false, true),
        Order::Above => (false, false),
        Order::AtMost => (true, true),
        Order::Below => (true, false),
    }
}

fn reaches_within((order, to): (Order, TimePoint), (other_order, other_to): (Order, TimePoint)) -> bool {
    let ((below, with), (other_below, other_with)) = (side(order), side(other_order));
    let Some(found) = compare(to, other_to).filter(|_| below == other_below) else { return false };
    let narrower = if below { found.is_lt() } else { found.is_gt() };
    narrower || (found.is_eq() && (other_with || !with))
}

fn window_is_empty((order, to): (Order, TimePoint), (other_order, other_to): (Order, TimePoint)) -> bool {
    let ((below, with), (other_below, other_with)) = (side(order), side(other_order));
    let Some(found) = compare(to, other_to).filter(|_| below != other_below) else { return false };
    let apart = if below { found.is_lt() } else { found.is_gt() };
    apart || (found.is_eq() && !(with && other_with))
}

/// Which instant is the later one, where that does not depend on the clock.
fn compare(one: TimePoint, other: TimePoint) -> Option<Ordering> {
    // Beyond this the end of the calendar may come into it.
    let sure = |offset: SignedDuration| offset.abs() <= OFFSET_SURE_MAX;
    match (one, other) {
        (TimePoint::Fixed(one), TimePoint::Fixed(other)) => Some(one.cmp(&other)),
        (TimePoint::Now(one), TimePoint::Now(other)) if sure(one) && sure(other) => Some(one.cmp(&other)),
        _ => None,
    }
}

/// A thousand years: no clock is that near to the ends of the calendar.
const OFFSET_SURE_MAX: SignedDuration = SignedDuration::from_hours(1_000 * 366 * 24);

#[cfg(test)]
mod tests {
    use super::super::super::compile::{Options, compile};
    use super::super::super::dialect::Dialect;
    use super::*;

    fn test_of(condition: &str) -> Test {
        let options = Options { dialect: Dialect::Extended, ..Options::default() };
        let compiled = compile(&format!("user.{condition}"), options);
        compiled.conditions.first().unwrap_or_else(|| panic!("{condition}")).test.clone()
    }

    fn implied(one: &str, other: &str) -> bool {
        implies(&test_of(one), &test_of(other))
    }

    fn apart(one: &str, other: &str) -> bool {
        let (one, other) = (test_of(one), test_of(other));
        assert_eq!(disjoint(&one, &other), disjoint(&other, &one));
        disjoint(&one, &other)
    }

    #[test]
    fn text_tests_imply_wider_ones() {
        for (one, other) in [
            ("city -eq \"Lagos\"", "city -startsWith \"lag\""),
            ("city -in [\"Lagos\",\"lagoon\"]", "city -contains \"GO\""),
            ("city -eq \"a\"", "city -in [\"b\",\"A\"]"),
            ("city -startsWith \"Lago\"", "city -startsWith \"Lag\""),
            ("city -startsWith \"Lago\"", "city -contains \"ag\""),
            ("city -endsWith \"gos\"", "city -endsWith \"OS\""),
            ("city -contains \"go\"", "city -startsWith \"\""),
            ("city -match \"a.b\"", "city -match \"a.b\""),
        ] {
            let other_way = implied(other, one);
            assert!(implied(one, other), "{one} implies {other}");
            assert_eq!(other_way, one == other, "{other} implies {one}");
        }
        assert!(!implied("city -in [\"Lagos\",\"Oslo\"]", "city -startsWith \"lag\""));
        assert!(!implied("city -eq \"Lagos\"", "city -match \"lagos\""), "patterns are not certain");
        assert!(!implied("city -match \"a\"", "city -startsWith \"\""), "a pattern may fail");
    }

    #[test]
    fn texts_that_cannot_meet() {
        assert!(apart("city -eq \"a\"", "city -eq \"b\""));
        assert!(!apart("city -eq \"a\"", "city -eq \"A\""));
        assert!(apart("city -in [\"a\",\"b\"]", "city -in [\"c\"]"));
        assert!(!apart("city -in [\"a\",\"b\"]", "city -in [\"c\",\"b\"]"));
        assert!(apart("city -startsWith \"ab\"", "city -startsWith \"b\""));
        assert!(!apart("city -startsWith \"ab\"", "city -startsWith \"A\""));
        assert!(!apart("city -startsWith \"a\"", "city -endsWith \"b\""));
        assert!(!apart("city -contains \"a\"", "city -startsWith \"b\""));
        assert!(apart("city -eq \"ab\"", "city -contains \"ba\""));
        assert!(apart("city -eq null", "city -contains \"ba\""));
        assert!(apart("dirSyncEnabled -eq true", "dirSyncEnabled -eq false"));
    }

    #[test]
    fn windows_of_time() {
        let day = |order: &str, day: u8| format!("employeeHireDate {order} 2025-01-{day:02}");
        assert!(apart(&day("-ge", 2), &day("-le", 1)));
        assert!(!apart(&day("-ge", 1), &day("-le", 1)));
        assert!(apart(&day("-gt", 1), &day("-le", 1)));
        assert!(implied(&day("-ge", 2), &day("-ge", 1)));
        assert!(implied(&day("-gt", 1), &day("-ge", 1)));
        assert!(!implied(&day("-ge", 1), &day("-gt", 1)));
        assert!(implied(&day("-le", 1), &day("-lt", 2)));
        assert!(implied(&day("-eq", 3), &day("-ge", 3)));
        assert!(apart(&day("-eq", 3), &day("-lt", 3)));
        let now = |order: &str, offset: &str| format!("employeeHireDate {order} system.now {offset}");
        assert!(apart(&now("-ge", "-plus P2D"), &now("-le", "-plus P1D")));
        assert!(implied(&now("-ge", ""), &now("-ge", "-minus P1D")));
        assert!(!apart(&now("-ge", ""), &day("-le", 1)), "depends on the clock");
        assert!(
            !apart(&now("-ge", "-plus P3660000D"), &now("-le", "-plus P3650000D")),
            "end of the calendar"
        );
    }
}
