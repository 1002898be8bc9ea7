//! A short text that stands for exactly one content, so that what was reviewed can be told from what is
//! there now.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// SHA-256 over texts and counts, written as `sha256:` and 64 hexadecimal digits.
///
/// ```
/// use dyngroup::base::fingerprint::{Fingerprint, Fingerprinting};
/// let of = |ids: &[&str]| {
///     let mut content = Fingerprinting::new("ids");
///     ids.iter().for_each(|id| content.text(id));
///     content.finish()
/// };
/// assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
/// assert_eq!(of(&["ab"]).to_string().parse(), Ok(of(&["ab"])));
/// assert!("sha256:abc".parse::<Fingerprint>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; LENGTH_BYTES]);

/// Takes the content in, piece by piece.
#[derive(Clone, Debug)]
pub struct Fingerprinting(Sha256);

const LENGTH_BYTES: usize = 32;
const PREFIX: &str = "sha256:";

impl Fingerprinting {
    /// Begins. Contents of different `kind` never have one fingerprint.
    pub fn new(kind: &str) -> Self {
        let mut content = Self(Sha256::new());
        content.text(kind);
        content
    }

    /// Takes a text in, with its length: where one ends and the next begins is part of the content.
    pub fn text(&mut self, text: &str) {
        self.count(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    /// Takes a number in.
    pub fn count(&mut self, count: u64) {
        self.0.update(count.to_le_bytes());
    }

    /// Takes the fingerprint of other content in.
    pub fn fingerprint(&mut self, other: &Fingerprint) {
        self.0.update(other.0);
    }

    /// The fingerprint of all that was taken in.
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Fingerprint {
    type Err = &'static str;

    /// Reads what [`fmt::Display`] writes. The error says what is expected, to stand behind that word.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "`sha256:` and 64 hexadecimal digits";
        let digits = text.strip_prefix(PREFIX).ok_or(EXPECTED)?.as_bytes();
        if digits.len() != 2 * LENGTH_BYTES {
            return Err(EXPECTED);
        }
        let mut bytes = [0; LENGTH_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for &digit in pair {
                let value = char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
                *byte = *byte << 4 | value.ok_or(EXPECTED)?;
            }
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_of_sha_256() {
        let text = Fingerprinting::new("").finish().to_string();
        // Eight zero bytes: the length of the empty kind.
        assert_eq!(text, "sha256:af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
        assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), text);
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        let good = Fingerprinting::new("kind").finish().to_string();
        let cut = good.get(..good.len() - 1).unwrap();
        for text in ["", "sha256:", cut, &format!("{good}0"), &format!("{cut}g"), &format!("{cut}é")] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }

    #[test]
    fn kinds_and_the_order_of_pieces_count() {
        let of = |kind, pieces: &[u64]| {
            let mut content = Fingerprinting::new(kind);
            for &piece in pieces {
                content.count(piece);
            }
            content.finish()
        };
        assert_ne!(of("a", &[1, 2]), of("b", &[1, 2]));
        assert_ne!(of("a", &[1, 2]), of("a", &[2, 1]));
        let mut outer = Fingerprinting::new("a");
        outer.fingerprint(&of("a", &[]));
        assert_ne!(outer.finish(), of("a", &[]));
    }
}
