//! Expressions over predicates, interned: what two rules share exists once.

use std::collections::HashMap;

use super::Optimise;
use super::predicate::{AnyItem, External, Fallible, Predicate, Target};
use crate::base::fold::FoldedText;
use crate::language::typed::{Node, NodeKind, Quantifier, Reach, TypedRule};

/// The place of an expression in a [`Graph`].
pub type ExpressionId = u32;

/// An expression. Parts come before wholes: ids of parts are smaller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expression {
    /// Of a predicate, by its place.
    Predicate(u32),
    /// Supplied by the caller, by its place.
    External(u32),
    /// Some item of a collection, by its place among the quantified terms.
    AnyItem(u32),
    /// The complement.
    Not(ExpressionId),
    /// All of them; at least two.
    And(Vec<ExpressionId>),
    /// Some of them; at least two.
    Or(Vec<ExpressionId>),
}

/// The expressions of some rules.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// All expressions.
    pub expressions: Vec<Expression>,
    /// How many rules and expressions use each expression directly.
    pub uses: Vec<u32>,
    /// The expression of each rule.
    pub roots: Vec<ExpressionId>,
    /// The predicates, each once.
    pub predicates: Vec<Predicate>,
    /// What the caller supplies, each once.
    pub externals: Vec<External>,
    /// The quantified terms, each once.
    pub quantified: Vec<AnyItem>,
    /// For each rule what may have no result, in the order of its text.
    pub fallible: Vec<Vec<Fallible>>,
    /// The guessed share of rows that satisfy each expression.
    shares: Vec<f64>,
    interned: HashMap<Expression, ExpressionId>,
    predicate_ids: HashMap<String, u32>,
    external_ids: HashMap<External, u32>,
    quantified_ids: HashMap<(String, ExpressionId), u32>,
    /// What may have no result in the rule at hand.
    fallible_here: Vec<Fallible>,
    optimise: Optimise,
}

impl Graph {
    /// The expressions of `rules`, in their order.
    pub fn of<'rule>(rules: impl IntoIterator<Item = &'rule TypedRule>, optimise: Optimise) -> Self {
        let mut graph = Self { optimise, ..Self::default() };
        for rule in rules {
            let root = graph.node(&rule.root, None);
            graph.use_once_more(root);
            graph.roots.push(root);
            let fallible = std::mem::take(&mut graph.fallible_here);
            graph.fallible.push(fallible);
        }
        graph
    }

    /// The guessed share of rows that satisfy an expression.
    pub fn expected_share(&self, id: ExpressionId) -> f64 {
        self.shares.get(id as usize).copied().unwrap_or(0.5)
    }

    /// The expression with this id.
    pub fn expression(&self, id: ExpressionId) -> Option<&Expression> {
        self.expressions.get(id as usize)
    }

    fn node(&mut self, node: &Node, collection: Option<&Target>) -> ExpressionId {
        match &node.kind {
            NodeKind::And(parts) => {
                let parts = parts.iter().map(|part| self.node(part, collection)).collect();
                self.chain(parts, true)
            }
            NodeKind::Or(parts) => {
                let parts = parts.iter().map(|part| self.node(part, collection)).collect();
                self.chain(parts, false)
            }
            NodeKind::Not(part) => {
                let part = self.node(part, collection);
                self.not(part)
            }
            NodeKind::Attribute { attribute, test } => {
                let target = Target::Attribute(attribute.clone());
                self.predicate(Predicate { target, test: test.clone() })
            }
            NodeKind::Item { field, test } => {
                let target = match (collection, field) {
                    (Some(Target::Item(collection)), Some(field)) => Target::Plan(collection.clone(), *field),
                    (Some(target), _) => target.clone(),
                    // INVARIANT: the checker lets items stand in bodies only.
                    (None, _) => return self.nothing(),
                };
                self.predicate(Predicate { target, test: test.clone() })
            }
            NodeKind::Quantified { quantifier, collection, body } => {
                let target = Target::Item(collection.clone());
                let fallible_before = self.fallible_here.len();
                let body = self.node(body, Some(&target));
                // Every item satisfies the body: no item fails it.
                let is_all = *quantifier == Quantifier::All;
                let body = if is_all { self.not(body) } else { body };
                let (any, term) = self.any(collection, body);
                for fallible in self.fallible_here.iter_mut().skip(fallible_before) {
                    fallible.term = Some(term);
                }
                if is_all { self.not(any) } else { any }
            }
            NodeKind::MemberOf { groups, reach } => self.external(member_of(groups, *reach)),
            NodeKind::Reports { manager, reach } => self.external(External::Reports(manager.clone(), *reach)),
        }
    }

    /// The expression of a quantified term, and the term's place.
    fn any(
        &mut self,
        collection: &std::sync::Arc<crate::language::attribute::Attribute>,
        body: ExpressionId,
    ) -> (ExpressionId, u32) {
        let key = (collection.name.to_string(), body);
        let next = self.quantified.len();
        let known = if self.optimise == Optimise::On { self.quantified_ids.get(&key).copied() } else { None };
        let id = known.unwrap_or_else(|| {
            self.use_once_more(body);
            self.quantified.push(AnyItem { collection: collection.clone(), body });
            let id = u32::try_from(next).unwrap_or(u32::MAX);
            self.quantified_ids.insert(key, id);
            id
        });
        let share = (self.expected_share(body) * 3.0).min(0.9);
        (self.intern(Expression::AnyItem(id), share), id)
    }

    fn predicate(&mut self, predicate: Predicate) -> ExpressionId {
        let key = predicate.key();
        let (share, is_fallible) = (predicate.expected_share(), predicate.is_fallible());
        let next = u32::try_from(self.predicates.len()).unwrap_or(u32::MAX);
        let id = *self.predicate_ids.entry(key).or_insert(next);
        if id == next {
            self.predicates.push(predicate);
        }
        if is_fallible {
            self.fallible_here.push(Fallible { predicate: id, term: None });
        }
        self.intern(Expression::Predicate(id), share)
    }

    fn external(&mut self, external: External) -> ExpressionId {
        let next = u32::try_from(self.externals.len()).unwrap_or(u32::MAX);
        let id = *self.external_ids.entry(external.clone()).or_insert(next);
        if id == next {
            self.externals.push(external);
        }
        self.intern(Expression::External(id), 0.02)
    }

    /// An expression that selects nothing.
    fn nothing(&mut self) -> ExpressionId {
        self.external(External::MemberOf(Vec::new(), Reach::Direct))
    }

    fn not(&mut self, part: ExpressionId) -> ExpressionId {
        if self.optimise == Optimise::On
            && let Some(&Expression::Not(inner)) = self.expression(part)
        {
            return inner;
        }
        let share = 1.0 - self.expected_share(part);
        self.intern(Expression::Not(part), share)
    }

    /// `-and` or `-or`. Optimised, its parts are flat, sorted and each there once.
    fn chain(&mut self, parts: Vec<ExpressionId>, all: bool) -> ExpressionId {
        let mut parts = parts;
        if self.optimise == Optimise::On {
            parts = self.flat(parts, all);
            let key = |&id: &ExpressionId| {
                let share = self.expected_share(id);
                if all { share } else { -share }
            };
            parts.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
            parts.dedup();
        }
        let shares = parts.iter().map(|&part| self.expected_share(part));
        let share = if all { shares.product() } else { shares.sum::<f64>().min(1.0) };
        match parts.as_slice() {
            [single] => *single,
            _ => self.intern(if all { Expression::And(parts) } else { Expression::Or(parts) }, share),
        }
    }

    fn flat(&self, parts: Vec<ExpressionId>, all: bool) -> Vec<ExpressionId> {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match self.expression(part) {
                Some(Expression::And(inner)) if all => flat.extend(inner),
                Some(Expression::Or(inner)) if !all => flat.extend(inner),
                _ => flat.push(part),
            }
        }
        flat
    }

    fn intern(&mut self, expression: Expression, share: f64) -> ExpressionId {
        let is_leaf = !matches!(expression, Expression::Not(_) | Expression::And(_) | Expression::Or(_));
        if (self.optimise == Optimise::On || is_leaf)
            && let Some(&id) = self.interned.get(&expression)
        {
            return id;
        }
        match &expression {
            Expression::Not(part) => self.use_once_more(*part),
            Expression::And(parts) | Expression::Or(parts) => {
                for part in parts.clone() {
                    self.use_once_more(part);
                }
            }
            _ => {}
        }
        let id = u32::try_from(self.expressions.len()).unwrap_or(u32::MAX);
        self.expressions.push(expression.clone());
        self.uses.push(0);
        self.shares.push(share);
        self.interned.insert(expression, id);
        id
    }

    fn use_once_more(&mut self, id: ExpressionId) {
        if let Some(uses) = self.uses.get_mut(id as usize) {
            *uses += 1;
        }
    }
}

fn member_of(groups: &[FoldedText], reach: Reach) -> External {
    let mut groups = groups.to_vec();
    groups.sort();
    groups.dedup();
    External::MemberOf(groups, reach)
}
