//! Tests of booleans and instants, in the form in which every machine asks them.

use jiff::Timestamp;

use crate::directory::columns::ticks_of;
use crate::language::typed::{Order, Test, TimePoint};

/// What is asked of a boolean.
#[derive(Clone, Copy, Debug)]
pub(super) enum BooleanTest {
    IsNull,
    Is(bool),
}

/// What is asked of an instant, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) enum InstantTest {
    IsNull,
    Is(i64),
    Compare(Order, i64),
}

impl BooleanTest {
    /// `None` for a test that the checker gives to other attributes only.
    pub(super) fn of(test: &Test) -> Option<Self> {
        match test {
            Test::IsNull => Some(Self::IsNull),
            Test::IsBoolean(value) => Some(Self::Is(*value)),
            _ => None,
        }
    }

    pub(super) fn admits(self, found: Option<bool>) -> bool {
        match self {
            Self::IsNull => found.is_none(),
            Self::Is(wanted) => found == Some(wanted),
        }
    }
}

impl InstantTest {
    /// `None` for a test that the checker gives to other attributes only.
    pub(super) fn of(test: &Test, now: Timestamp) -> Option<Self> {
        match test {
            Test::IsNull => Some(Self::IsNull),
            Test::IsInstant(instant) => Some(Self::Is(ticks_of(*instant))),
            Test::Compare { order, to } => Some(Self::Compare(*order, ticks_of(TimePoint::at(*to, now)))),
            _ => None,
        }
    }

    pub(super) fn admits(self, found: Option<i64>) -> bool {
        match (self, found) {
            (Self::IsNull, found) => found.is_none(),
            (Self::Is(wanted), Some(found)) => found == wanted,
            (Self::Compare(order, limit), Some(found)) => order.admits(found.cmp(&limit)),
            (_, None) => false,
        }
    }
}
