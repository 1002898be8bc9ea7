//! The instructions. A register holds the rows of one block that satisfy something; the one-object
//! machine runs the same code with a boolean in each register.

/// Where an instruction reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A register.
    Register(u16),
    /// A predicate.
    Predicate(u32),
    /// A selection that the caller supplied.
    External(u32),
    /// A quantified term.
    AnyItem(u32),
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instruction {
    /// `to <- from`
    Load {
        /// The register written.
        to: u16,
        /// What is read.
        from: Source,
    },
    /// `to <- all but from`
    Not {
        /// The register written.
        to: u16,
        /// What is read.
        from: Source,
    },
    /// `to <- to and with`
    And {
        /// The register read and written.
        to: u16,
        /// What is read.
        with: Source,
    },
    /// `to <- to without that`
    AndNot {
        /// The register read and written.
        to: u16,
        /// What is read.
        without: Source,
    },
    /// `to <- to or with`
    Or {
        /// The register read and written.
        to: u16,
        /// What is read.
        with: Source,
    },
    /// `to <- to or all but that`
    OrNot {
        /// The register read and written.
        to: u16,
        /// What is read.
        without: Source,
    },
    /// Goes on at `target` if the register is empty.
    JumpIfEmpty {
        /// The register read.
        register: u16,
        /// An instruction further down.
        target: u32,
    },
    /// Goes on at `target` if the register holds all rows.
    JumpIfFull {
        /// The register read.
        register: u16,
        /// An instruction further down.
        target: u32,
    },
    /// The rows are the members of a rule.
    Emit {
        /// The place of the rule.
        rule: u32,
        /// What is read.
        from: Source,
    },
}

impl Instruction {
    /// What it reads beside its own register.
    pub const fn source(&self) -> Option<Source> {
        match *self {
            Self::Load { from, .. } | Self::Not { from, .. } | Self::Emit { from, .. } => Some(from),
            Self::And { with, .. } | Self::Or { with, .. } => Some(with),
            Self::AndNot { without, .. } | Self::OrNot { without, .. } => Some(without),
            Self::JumpIfEmpty { .. } | Self::JumpIfFull { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_stays_small() {
        // The code of 15,000 rules has to stay in the cache.
        assert_eq!(size_of::<Instruction>(), 16);
    }
}
