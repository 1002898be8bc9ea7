//! Expressions to instructions.

use super::graph::{Expression, ExpressionId, Graph};
use super::instruction::{Instruction, Source};
use super::{Optimise, Program, Section};
use crate::language::typed::TypedRule;

/// Why rules do not fit into one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// More shared sub-expressions and nesting than there are registers.
    #[error("the rules need more than 65,536 registers")]
    Registers,
    /// More instructions than can be addressed.
    #[error("the rules need more than 4,294,967,295 instructions")]
    Code,
}

/// Compiles rules of one subject together.
///
/// # Errors
/// [`TooLarge`], far beyond what a tenant holds.
///
/// ```
/// use dyngroup::language::compile::{compile, Options};
/// use dyngroup::program::{emit::program, listing::listing, Optimise};
/// let rule = compile("user.city -eq \"Oslo\" -and user.accountEnabled -eq true", Options::default()).rule.unwrap();
/// let program = program([&rule], Optimise::On).unwrap();
/// assert_eq!(program.predicates.len(), 2);
/// assert!(listing(&program).contains("city = \"OSLO\""));
/// ```
pub fn program<'rule>(
    rules: impl IntoIterator<Item = &'rule TypedRule>,
    optimise: Optimise,
) -> Result<Program, TooLarge> {
    let graph = Graph::of(rules, optimise);
    let in_body = expressions_in_bodies(&graph);
    let mut emitter = Emitter {
        graph: &graph,
        code: Vec::new(),
        shared_register: vec![None; graph.expressions.len()],
        shared: Vec::new(),
        first_free: 0,
        registers: 0,
    };
    emitter.share(&in_body)?;
    let mut sections = Vec::with_capacity(graph.roots.len());
    for (rule, &root) in graph.roots.iter().enumerate() {
        let start = emitter.here()?;
        let from = emitter.operand(root, emitter.first_free)?;
        let rule = u32::try_from(rule).map_err(|_| TooLarge::Code)?;
        emitter.code.push(Instruction::Emit { rule, from });
        sections.push(emitter.section(start)?);
    }
    let Emitter { code, shared, registers, .. } = emitter;
    Ok(Program {
        code,
        shared,
        rules: sections,
        registers,
        predicates: graph.predicates,
        externals: graph.externals,
        quantified: graph.quantified,
        fallible: graph.fallible,
        item_expressions: graph.expressions,
    })
}

/// Expressions over items are evaluated with their quantified term, not by instructions.
fn expressions_in_bodies(graph: &Graph) -> Vec<bool> {
    let mut in_body = vec![false; graph.expressions.len()];
    let mut waiting: Vec<ExpressionId> = graph.quantified.iter().map(|any| any.body).collect();
    while let Some(id) = waiting.pop() {
        let Some(mark) = in_body.get_mut(id as usize) else { continue };
        if std::mem::replace(mark, true) {
            continue;
        }
        match graph.expression(id) {
            Some(Expression::Not(part)) => waiting.push(*part),
            Some(Expression::And(parts) | Expression::Or(parts)) => waiting.extend(parts),
            _ => {}
        }
    }
    in_body
}

struct Emitter<'graph> {
    graph: &'graph Graph,
    code: Vec<Instruction>,
    /// The register and section of each shared expression.
    shared_register: Vec<Option<(u16, u32)>>,
    shared: Vec<Section>,
    /// Registers below hold shared expressions.
    first_free: usize,
    registers: usize,
}

impl Emitter<'_> {
    /// Computes what several rules use. Parts have smaller ids than wholes, so the order is right.
    fn share(&mut self, in_body: &[bool]) -> Result<(), TooLarge> {
        for (id, (expression, &uses)) in self.graph.expressions.iter().zip(&self.graph.uses).enumerate() {
            let is_composite = matches!(expression, Expression::And(_) | Expression::Or(_));
            if !is_composite || uses < 2 || in_body.get(id) == Some(&true) {
                continue;
            }
            let id = u32::try_from(id).map_err(|_| TooLarge::Code)?;
            let start = self.here()?;
            let register = register(self.first_free)?;
            // The first register that is free becomes the home of this expression.
            self.compute_into(id, self.first_free)?;
            self.first_free += 1;
            let place = u32::try_from(self.shared.len()).map_err(|_| TooLarge::Code)?;
            let section = self.section(start)?;
            self.shared.push(section);
            if let Some(home) = self.shared_register.get_mut(id as usize) {
                *home = Some((register, place));
            }
        }
        Ok(())
    }

    /// Where `id` can be read from; computed into register `free` or above if need be.
    fn operand(&mut self, id: ExpressionId, free: usize) -> Result<Source, TooLarge> {
        if let Some(&Some((register, _))) = self.shared_register.get(id as usize) {
            return Ok(Source::Register(register));
        }
        Ok(match self.graph.expression(id) {
            Some(&Expression::Predicate(place)) => Source::Predicate(place),
            Some(&Expression::External(place)) => Source::External(place),
            Some(&Expression::AnyItem(place)) => Source::AnyItem(place),
            _ => {
                self.compute_into(id, free)?;
                Source::Register(register(free)?)
            }
        })
    }

    /// Computes `id` into register `to`; registers above are free.
    fn compute_into(&mut self, id: ExpressionId, to: usize) -> Result<(), TooLarge> {
        let target = register(to)?;
        self.registers = self.registers.max(to + 1);
        match self.graph.expression(id) {
            Some(Expression::Not(part)) => {
                let from = self.operand(*part, to)?;
                self.code.push(Instruction::Not { to: target, from });
            }
            Some(Expression::And(parts)) => self.chain(parts, to, true)?,
            Some(Expression::Or(parts)) => self.chain(parts, to, false)?,
            _ => {
                let from = self.operand(id, to)?;
                self.code.push(Instruction::Load { to: target, from });
            }
        }
        Ok(())
    }

    fn chain(&mut self, parts: &[ExpressionId], to: usize, all: bool) -> Result<(), TooLarge> {
        let target = register(to)?;
        let mut jumps = Vec::new();
        for (at, &part) in parts.iter().enumerate() {
            if at == 0 {
                match self.operand(part, to)? {
                    Source::Register(register) if register == target => {}
                    from => self.code.push(Instruction::Load { to: target, from }),
                }
                continue;
            }
            jumps.push(self.code.len());
            let placeholder = if all {
                Instruction::JumpIfEmpty { register: target, target: 0 }
            } else {
                Instruction::JumpIfFull { register: target, target: 0 }
            };
            self.code.push(placeholder);
            let is_shared = self.shared_register.get(part as usize).is_some_and(Option::is_some);
            let step = match self.graph.expression(part) {
                Some(&Expression::Not(inner)) if !is_shared => {
                    let without = self.operand(inner, to + 1)?;
                    if all {
                        Instruction::AndNot { to: target, without }
                    } else {
                        Instruction::OrNot { to: target, without }
                    }
                }
                _ => {
                    let with = self.operand(part, to + 1)?;
                    if all {
                        Instruction::And { to: target, with }
                    } else {
                        Instruction::Or { to: target, with }
                    }
                }
            };
            self.code.push(step);
        }
        let end = self.here()?;
        for jump in jumps {
            if let Some(Instruction::JumpIfEmpty { target, .. } | Instruction::JumpIfFull { target, .. }) =
                self.code.get_mut(jump)
            {
                *target = end;
            }
        }
        Ok(())
    }

    fn here(&self) -> Result<u32, TooLarge> {
        u32::try_from(self.code.len()).map_err(|_| TooLarge::Code)
    }

    /// The section from `start` to here, with the shared sections that it reads.
    fn section(&self, start: u32) -> Result<Section, TooLarge> {
        let end = self.here()?;
        let mut needs: Vec<u32> = self
            .code
            .get(start as usize..)
            .unwrap_or_default()
            .iter()
            .filter_map(|instruction| match instruction.source() {
                Some(Source::Register(read)) => Some(u32::from(read)),
                _ => None,
            })
            // Registers of shared expressions are given out in the order of their sections.
            .filter(|&read| (read as usize) < self.shared.len())
            .collect();
        needs.sort_unstable();
        needs.dedup();
        Ok(Section { start, end, needs })
    }
}

fn register(place: usize) -> Result<u16, TooLarge> {
    u16::try_from(place).map_err(|_| TooLarge::Registers)
}
