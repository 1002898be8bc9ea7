//! Instants, countries and the words of Graph, as they stand in texts.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::is_default;
use crate::licensing::catalog::Country;
use crate::licensing::intent::Moment;
use crate::licensing::outcome::{AssignmentState, ErrorCode};
use crate::licensing::pool::SubscriptionStatus;

/// An instant in the form of RFC 3339.
#[derive(Clone, Copy)]
pub(super) struct TimeText(pub(super) Timestamp);

impl Serialize for TimeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TimeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| de::Error::custom(format!("`{text}` is no instant")))
    }
}

/// A country as two letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CountryText(pub(super) Country);

impl Serialize for CountryText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CountryText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Country::new(&text).map(Self).ok_or_else(|| de::Error::custom(format!("`{text}` is no country")))
    }
}

/// When something was asked for.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct MomentText {
    time: TimeText,
    #[serde(default, skip_serializing_if = "is_default")]
    sequence: u64,
}

impl From<Moment> for MomentText {
    fn from(Moment { sequence, time }: Moment) -> Self {
        Self { time: TimeText(time), sequence }
    }
}

impl From<MomentText> for Moment {
    fn from(MomentText { time: TimeText(time), sequence }: MomentText) -> Self {
        Self { sequence, time }
    }
}

/// The words of [`AssignmentState::word`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "AssignmentState", expecting = "a word")]
pub(super) enum StateText {
    Active,
    ActiveWithError,
    Error,
    Disabled,
}

/// The words of [`ErrorCode::word`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct CodeText(#[serde(with = "CodeWord")] pub(super) ErrorCode);

#[derive(Serialize, Deserialize)]
#[serde(remote = "ErrorCode", expecting = "a word")]
enum CodeWord {
    ProhibitedInUsageLocationViolation,
    MutuallyExclusiveViolation,
    DependencyViolation,
    CountViolation,
    UniquenessViolation,
    Other,
}

/// The words of [`SubscriptionStatus::word`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "SubscriptionStatus", expecting = "a word")]
pub(super) enum StatusText {
    Enabled,
    Warning,
    Suspended,
    LockedOut,
    Deleted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_graph() {
        #[derive(Serialize, Deserialize)]
        struct Words(
            #[serde(with = "StateText")] AssignmentState,
            CodeText,
            #[serde(with = "StatusText")] SubscriptionStatus,
        );
        let states = [
            AssignmentState::Active,
            AssignmentState::ActiveWithError,
            AssignmentState::Error,
            AssignmentState::Disabled,
        ];
        let codes = [
            ErrorCode::ProhibitedInUsageLocationViolation,
            ErrorCode::MutuallyExclusiveViolation,
            ErrorCode::DependencyViolation,
            ErrorCode::CountViolation,
            ErrorCode::UniquenessViolation,
            ErrorCode::Other,
        ];
        for at in 0..6 {
            let (state, code) = (states[at % 4], codes[at]);
            let status = SubscriptionStatus::ALL[at % 5];
            let text = serde_json::to_string(&Words(state, CodeText(code), status)).unwrap();
            assert_eq!(text, serde_json::to_string(&[state.word(), code.word(), status.word()]).unwrap());
            let read: Words = serde_json::from_str(&text).unwrap();
            assert_eq!((read.0, read.1.0, read.2), (state, code, status));
        }
    }
}
