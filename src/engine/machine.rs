//! Runs bytecode over one block.

use super::block::Block;
use super::selection::{Rows, Selection};
use crate::program::Program;
use crate::program::instruction::{Instruction, Source};

/// Registers for one program.
#[derive(Default)]
pub(super) struct Machine {
    registers: Vec<Selection>,
    /// Holds a register while it is written, so that the others can be read.
    hand: Selection,
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
                    if self.len(register) == 0 {
                        at = target as usize;
                    }
                }
                Instruction::JumpIfFull { register, target } => {
                    if self.len(register) == block_rows {
                        at = target as usize;
                    }
                }
                Instruction::Emit { rule, from } => emit(rule, self.rows(from, block)),
            }
        }
    }

    fn len(&self, register: u16) -> usize {
        self.registers.get(usize::from(register)).map_or(0, Selection::len)
    }

    fn rows<'a>(&'a self, source: Source, block: &'a Block) -> Rows<'a> {
        match source {
            Source::Register(register) => {
                self.registers.get(usize::from(register)).map_or(Rows::Sparse(&[]), Selection::rows)
            }
            Source::Predicate(place) => block.predicate(place),
            Source::External(place) => block.external(place),
            Source::AnyItem(place) => block.any_item(place),
        }
    }

    fn change(&mut self, to: u16, from: Source, block: &Block, step: impl FnOnce(&mut Selection, Rows<'_>)) {
        let to = usize::from(to);
        if from == Source::Register(u16::try_from(to).unwrap_or(u16::MAX)) {
            // A register changed by itself, as in `r0 <- not r0`: read a copy.
            let mut copy = Selection::default();
            copy.load(self.rows(from, block));
            if let Some(register) = self.registers.get_mut(to) {
                step(register, copy.rows());
            }
            return;
        }
        let Some(register) = self.registers.get_mut(to) else { return };
        std::mem::swap(&mut self.hand, register);
        let mut hand = std::mem::take(&mut self.hand);
        step(&mut hand, self.rows(from, block));
        if let Some(register) = self.registers.get_mut(to) {
            self.hand = std::mem::replace(register, hand);
        }
    }
}
