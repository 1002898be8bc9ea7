//! Runs bytecode over one block.

use super::block::Block;
use super::selection::{Rows, Selection};
use crate::program::Program;
use crate::program::instruction::{Instruction, Source};

/// Registers for one program.
#[derive(Default)]
pub(super) struct Machine {
    registers: Vec<Selection>,
}

impl Machine {
    /// Runs all sections; `emit` is called with each rule and its rows.
    ///
    /// INVARIANT: [`crate::program::verify`] accepted the program.
    pub(super) fn run(
        &mut self,
        program: &Program,
        block: &Block,
        block_rows: usize,
        mut emit: impl FnMut(u32, Rows<'_>),
    ) {
        self.registers.resize_with(program.registers, Selection::default);
        let mut at = 0;
        while let Some(instruction) = program.code.get(at) {
            at += 1;
            match *instruction {
                Instruction::Load { to, from } => self.change(to, from, block, Selection::load),
                Instruction::Not { to, from } => {
                    self.change(to, from, block, |to, from| to.complement(from, block_rows));
                }
                Instruction::And { to, with } => self.change(to, with, block, Selection::and),
                Instruction::AndNot { to, without } => self.change(to, without, block, Selection::and_not),
                Instruction::Or { to, with } => self.change(to, with, block, Selection::or),
                Instruction::OrNot { to, without } => {
                    self.change(to, without, block, |to, without| to.or_not(without, block_rows));
                }
                Instruction::JumpIfEmpty { register, target } => {
                    if self.rows(Source::Register(register), block).is_empty() {
                        at = target as usize;
                    }
                }
                Instruction::JumpIfFull { register, target } => {
                    if self.rows(Source::Register(register), block).is_full(block_rows) {
                        at = target as usize;
                    }
                }
                Instruction::Emit { rule, from } => emit(rule, self.rows(from, block)),
            }
        }
    }

    fn rows<'a>(&'a self, source: Source, block: &'a Block) -> Rows<'a> {
        match source {
            Source::Register(register) => {
                self.registers.get(usize::from(register)).map_or(Rows::Sparse(&[]), Selection::rows)
            }
            leaf => block.rows(leaf),
        }
    }

    fn change(&mut self, to: u16, from: Source, block: &Block, step: impl FnOnce(&mut Selection, Rows<'_>)) {
        let place = usize::from(to);
        match from {
            Source::Register(from) if from == to => {
                // A register changed by itself, as in `r0 <- not r0`: read a copy.
                if let Some(register) = self.registers.get_mut(place) {
                    let mut copy = Selection::default();
                    copy.load(register.rows());
                    step(register, copy.rows());
                }
            }
            Source::Register(from) => {
                if let Ok([register, read]) = self.registers.get_disjoint_mut([place, usize::from(from)]) {
                    step(register, read.rows());
                }
            }
            leaf => {
                if let Some(register) = self.registers.get_mut(place) {
                    step(register, block.rows(leaf));
                }
            }
        }
    }
}
