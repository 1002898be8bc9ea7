//! Rules of one kind of object over columns, with what they ask of other objects.

use std::sync::OnceLock;

use roaring::RoaringBitmap;

use super::recompute::{Objects, Settings};
use super::reporting::Reporting;
use super::snapshot::Snapshot;
use crate::engine::evaluate::Evaluator;
use crate::language::attribute::Subject;
use crate::language::typed::TypedRule;
use crate::program::predicate::External;
use crate::program::verify::verify;
use crate::program::{Optimise, Program, emit};

/// The rows that a rule admits, or why it has no result.
pub type Rows = Result<RoaringBitmap, String>;

/// Evaluates one rule.
///
/// # Errors
///
/// Why it has no result, in words.
///
/// ```
/// use dyngroup::directory::columns::Columns;
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::language::compile::{Options, compile};
/// use dyngroup::membership::evaluation::evaluate_rule;
/// use dyngroup::membership::recompute::{Objects, Settings};
/// use dyngroup::membership::roster::{Roster, RowIds};
/// use dyngroup::membership::snapshot::Snapshot;
///
/// let rule = compile("user.department -eq \"Sales\"", Options::default()).rule.unwrap();
/// let users = ["ada", "bob"].map(Object::new);
/// let users = users.map(|user| user.with("department", Value::Text("sales".into())));
/// let users = Columns::of_objects(&users, &rule.attributes_read());
/// let devices = Columns::of_objects(&[], []);
/// let roster = Roster::new(RowIds::of(["ada", "bob"]), RowIds::of([])).unwrap();
/// let objects = Objects {
///     users: &users,
///     devices: &devices,
///     managers: None,
///     deleted: &Default::default(),
///     roster: &roster,
/// };
/// let settings = Settings { now: jiff::Timestamp::UNIX_EPOCH, version_order: None };
/// let rows = evaluate_rule(&rule, objects, &Snapshot::default(), settings);
/// assert_eq!(rows.unwrap().into_iter().collect::<Vec<_>>(), [0, 1]);
/// ```
pub fn evaluate_rule(
    rule: &TypedRule,
    objects: Objects<'_>,
    snapshot: &Snapshot,
    settings: Settings,
) -> Rows {
    let evaluation = Evaluation::new(objects, settings);
    evaluation
        .rows(&[rule], rule.subject, snapshot, &|_| {})
        .pop()
        .unwrap_or_else(|| Ok(RoaringBitmap::new()))
}

/// What rules are evaluated against; the members of groups come with each call, because they change.
pub(super) struct Evaluation<'a> {
    objects: Objects<'a>,
    settings: Settings,
    reporting: OnceLock<Reporting<'a>>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(objects: Objects<'a>, settings: Settings) -> Self {
        Self { objects, settings, reporting: OnceLock::new() }
    }

    /// Evaluates rules about `subject` together; the results are in their order. `progress` is told how
    /// many evaluations, of one rule for one object each, are done.
    pub(super) fn rows(
        &self,
        rules: &[&TypedRule],
        subject: Subject,
        snapshot: &Snapshot,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Vec<Rows> {
        if rules.is_empty() {
            return Vec::new();
        }
        let program = match compiled(rules) {
            Ok(program) => program,
            Err(why) if rules.len() < 2 => return rules.iter().map(|_| Err(why.clone())).collect(),
            Err(_) => {
                let (first, second) = rules.split_at(rules.len() / 2);
                let mut results = self.rows(first, subject, snapshot, progress);
                results.extend(self.rows(second, subject, snapshot, progress));
                return results;
            }
        };
        let externals: Vec<RoaringBitmap> =
            program.externals.iter().map(|external| self.external(external, subject, snapshot)).collect();
        let Settings { now, version_order } = self.settings;
        let done = |rows: usize| progress(rules.len() as u64 * rows as u64);
        let evaluator = Evaluator::new(&program, now, version_order);
        let results = evaluator.evaluate(self.objects.of(subject), &externals, &done);
        results.into_iter().map(|rows| rows.map_err(|error| error.to_string())).collect()
    }

    /// The rows that satisfy what a program does not look up itself.
    fn external(&self, external: &External, subject: Subject, snapshot: &Snapshot) -> RoaringBitmap {
        let roster = self.objects.roster;
        match external {
            External::MemberOf(groups, reach) => {
                let groups = groups.iter().filter_map(|group| roster.find(group.written()));
                roster.rows_of(subject, &snapshot.members_of_any(groups, *reach))
            }
            External::Reports(manager, reach) if subject == Subject::User => {
                let reporting = self.reporting.get_or_init(|| Reporting::new(self.objects.managers, roster));
                reporting.of(manager, *reach)
            }
            // No rule about devices asks for reports.
            External::Reports(..) => RoaringBitmap::new(),
        }
    }
}

pub(super) fn compiled(rules: &[&TypedRule]) -> Result<Program, String> {
    let program = emit::program(rules.iter().copied(), Optimise::On).map_err(|error| error.to_string())?;
    verify(&program).map_err(|fault| format!("the compiled rule is unsound: {fault}"))?;
    Ok(program)
}
