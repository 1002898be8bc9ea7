//! A share of a whole, as exact as it was written.

use std::fmt;

use crate::base::limits::SHARE_MAX;

/// A share: 0 is nothing and 1 is all; shares of what comes to something can be larger.
///
/// It holds up to nine digits behind the point, so that nothing is rounded: exactly the share is never
/// more than the share.
///
/// ```
/// use dyngroup::directory::policy::share::Share;
/// let fifth = Share::parse("0.2").unwrap();
/// assert_eq!(Ok(fifth), Share::parse("20%"));
/// assert!(!fifth.is_exceeded_by(20, 100));
/// assert!(fifth.is_exceeded_by(21, 100));
/// assert_eq!((fifth.to_string(), fifth.decimal()), ("20%".to_owned(), "0.2".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share {
    billionths: u64,
}

/// Digits behind the point.
const DIGITS: usize = 9;
const ONE: u64 = 1_000_000_000;

impl Share {
    /// Nothing of it.
    pub const NONE: Self = Self::of_billionths(0);
    /// All of it.
    pub const ALL: Self = Self::of_billionths(ONE);
    /// The largest one that can be given.
    pub const MAX: Self = Self::of_billionths(SHARE_MAX * ONE);

    /// So many tenths.
    pub const fn of_tenths(tenths: u64) -> Self {
        Self::of_billionths(tenths * (ONE / 10))
    }

    const fn of_billionths(billionths: u64) -> Self {
        Self { billionths }
    }

    /// Reads a number such as `0.2`, or a percentage such as `20%`.
    ///
    /// # Errors
    ///
    /// If it is none, is negative, is above [`SHARE_MAX`], or has more digits than a share holds.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        let (number, digits) = match text.strip_suffix('%') {
            Some(number) => (number, DIGITS - 2),
            None => (text, DIGITS),
        };
        // An exponent or a sign: the shortest decimal form of a number is the one that was meant.
        let billionths = if number.starts_with('+') || number.contains(['e', 'E']) {
            let number: f64 = number.parse().map_err(|_| Misread::NoShare)?;
            scaled(&number.to_string(), digits)
        } else {
            scaled(number, digits)
        }?;
        let share = Self { billionths };
        if share > Self::MAX { Err(Misread::NoShare) } else { Ok(share) }
    }

    /// Whether `part` is a larger share of `whole` than this one. Of nothing, anything is.
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(ONE) > u128::from(self.billionths) * u128::from(whole)
    }

    /// As a number, such as `0.2` or `1.0`: what TOML takes.
    pub fn decimal(self) -> String {
        let (whole, fraction) = (self.billionths / ONE, self.billionths % ONE);
        let text = format!("{whole}.{fraction:09}");
        let kept = text.trim_end_matches('0');
        if kept.ends_with('.') { format!("{kept}0") } else { kept.to_owned() }
    }
}

/// As a percentage, such as `20%`.
impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = ONE / 100;
        let (whole, fraction) = (self.billionths / percent, self.billionths % percent);
        let text = format!("{whole}.{fraction:07}");
        write!(out, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Why a text is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It is no number from 0 to the largest one.
    NoShare,
    /// It is finer than a share can be.
    TooManyDigits,
}

/// A decimal number without sign, moved by `digits` places.
fn scaled(text: &str, digits: usize) -> Result<u64, Misread> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(Misread::NoShare);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > digits {
        return Err(Misread::TooManyDigits);
    }
    format!("{whole}{fraction:0<digits$}").parse().map_err(|_| Misread::NoShare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percentages_are_one_scale() {
        for (text, decimal, percent) in [
            ("0", "0.0", "0%"),
            ("0.0", "0.0", "0%"),
            ("1", "1.0", "100%"),
            ("100%", "1.0", "100%"),
            ("12.5%", "0.125", "12.5%"),
            ("0.1", "0.1", "10%"),
            ("1e-1", "0.1", "10%"),
            ("+0.5", "0.5", "50%"),
            ("2.50000000000000", "2.5", "250%"),
            ("0.000000001", "0.000000001", "0.0000001%"),
            ("0.0000001%", "0.000000001", "0.0000001%"),
            ("1000000", "1000000.0", "100000000%"),
        ] {
            let share = Share::parse(text).unwrap();
            assert_eq!((share.decimal().as_str(), share.to_string().as_str()), (decimal, percent), "{text}");
            assert_eq!(Share::parse(&share.decimal()), Ok(share));
            assert_eq!(Share::parse(&share.to_string()), Ok(share));
        }
    }

    #[test]
    fn other_texts_are_no_shares() {
        for text in [
            "",
            "%",
            ".",
            "1.",
            ".5%",
            "-0.1",
            "-0.0",
            "inf",
            "nan",
            "20 %",
            "1e300",
            "1000000.1",
            "0x10",
            "1_0",
            "18446744073709551616",
            "20%%",
        ] {
            assert_eq!(Share::parse(text), Err(Misread::NoShare), "{text}");
        }
        for text in ["0.0000000001", "0.00000001%", "1e-12"] {
            assert_eq!(Share::parse(text), Err(Misread::TooManyDigits), "{text}");
        }
    }

    #[test]
    fn at_exactly_the_share_nothing_is_exceeded() {
        for tenths in 0..=20 {
            let share = Share::of_tenths(tenths);
            for whole in [10, 30, 1_000_000, 10_000_000_000] {
                let part = tenths * whole / 10;
                assert!(!share.is_exceeded_by(part, whole), "{share} {part} {whole}");
                assert!(share.is_exceeded_by(part + 1, whole), "{share} {part} {whole}");
            }
        }
        assert!(Share::ALL.is_exceeded_by(1, 0) && !Share::NONE.is_exceeded_by(0, 0));
        assert!(!Share::MAX.is_exceeded_by(u64::MAX, u64::MAX));
    }
}
