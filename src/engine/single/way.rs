//! Ways for rules to be true, packed: they are what most of the time goes into.

use super::leaf::Leaf;
use super::required::{CHECKS_MAX, Literal};

/// A rule, and what has to hold for it beside the leaf at which the rule waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleWay {
    pub(super) rule: u32,
    /// Twice the leaf, and one more if it has to be false; [`NOTHING`] behind the last.
    checks: [u32; CHECKS_MAX],
}

const NOTHING: u32 = u32::MAX;

impl RuleWay {
    /// INVARIANT: there are no more than [`CHECKS_MAX`] checks.
    pub(super) fn new(rule: u32, literals: &[Literal]) -> Self {
        let mut checks = [NOTHING; CHECKS_MAX];
        for (check, literal) in checks.iter_mut().zip(literals) {
            *check = literal.leaf << 1 | u32::from(literal.negated);
        }
        Self { rule, checks }
    }

    /// Whether all checks pass, by what `holds` says of a leaf.
    #[inline]
    pub(super) fn passes(&self, mut holds: impl FnMut(Leaf) -> bool) -> bool {
        let mut checks = self.checks.iter().take_while(|&&check| check != NOTHING);
        checks.all(|&check| holds(check >> 1) != (check & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_checks_have_to_pass() {
        let literal = |leaf, negated| Literal { leaf, negated };
        let way = RuleWay::new(5, &[literal(1, false), literal(2, true)]);
        assert!(way.passes(|leaf| leaf == 1));
        assert!(!way.passes(|_| true));
        assert!(!way.passes(|_| false));
        assert!(RuleWay::new(5, &[]).passes(|_| false));
    }
}
