//! Checks that a program is safe to run: the machines rely on it.

use super::Program;
use super::instruction::{Instruction, Source};

/// What is wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instruction {at}: {what}")]
pub struct Unsound {
    /// The instruction.
    pub at: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Checks a program: every register is written before it is read on every path, everything named
/// exists, jumps go forward within their section, sections follow each other, and each rule is emitted
/// once, at the end of its section.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(program: &Program) -> Result<(), Unsound> {
    let mut written = vec![false; program.registers];
    let mut next = 0;
    for (place, section) in program.shared.iter().chain(&program.rules).enumerate() {
        let (start, end) = (section.start as usize, section.end as usize);
        if start != next || end < start || end > program.code.len() {
            return Err(Unsound { at: start, what: "sections leave a gap" });
        }
        next = end;
        let rule = place.checked_sub(program.shared.len());
        verify_section(program, (start, end), rule, &mut written)?;
        // What is not a shared result does not outlive its section.
        let kept = program.shared.len().min(place + 1);
        for (register, mark) in written.iter_mut().enumerate() {
            *mark = *mark && register < kept;
        }
    }
    if next == program.code.len() { Ok(()) } else { Err(Unsound { at: next, what: "code outside sections" }) }
}

fn verify_section(
    program: &Program,
    (start, end): (usize, usize),
    rule: Option<usize>,
    written: &mut [bool],
) -> Result<(), Unsound> {
    for at in start..end {
        let Some(instruction) = program.code.get(at) else { break };
        let fail = |what| Err(Unsound { at, what });
        if let Some(source) = instruction.source() {
            let exists = match source {
                Source::Register(register) => written.get(usize::from(register)) == Some(&true),
                Source::Predicate(place) => program
                    .predicates
                    .get(place as usize)
                    .is_some_and(|predicate| predicate.target.is_single()),
                Source::External(place) => (place as usize) < program.externals.len(),
                Source::AnyItem(place) => (place as usize) < program.quantified.len(),
            };
            if !exists {
                return fail("reads what does not exist or was not written");
            }
        }
        match *instruction {
            Instruction::Load { to, .. } | Instruction::Not { to, .. } => {
                match written.get_mut(usize::from(to)) {
                    Some(mark) => *mark = true,
                    None => return fail("writes a register that does not exist"),
                }
            }
            Instruction::And { to, .. }
            | Instruction::AndNot { to, .. }
            | Instruction::Or { to, .. }
            | Instruction::OrNot { to, .. } => {
                if written.get(usize::from(to)) != Some(&true) {
                    return fail("changes a register that was not written");
                }
            }
            Instruction::JumpIfEmpty { register, target } | Instruction::JumpIfFull { register, target } => {
                if written.get(usize::from(register)) != Some(&true) {
                    return fail("tests a register that was not written");
                }
                // INVARIANT: what a jump skips writes registers above its own only, and those are
                // written again before they are read: a skipped write is never missed.
                if target as usize <= at || target as usize > end {
                    return fail("jumps backwards or out of its section");
                }
            }
            Instruction::Emit { rule: emitted, .. } => {
                if at + 1 != end || rule != Some(emitted as usize) {
                    return fail("emits in the wrong place");
                }
            }
        }
    }
    let emits =
        matches!(end.checked_sub(1).and_then(|last| program.code.get(last)), Some(Instruction::Emit { .. }));
    if rule.is_some() && !(emits && end > start) {
        return Err(Unsound { at: end, what: "a rule without a result" });
    }
    Ok(())
}
