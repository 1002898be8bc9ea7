//! What `diff` found: who would join and leave with other rules, and why.

use std::io;

use super::Style;
use super::analysis::Named;
use super::difference_json;
use super::licenses::losses::LossesReport;
use super::output_format::OutputFormat;
use super::palette::{self, painted};
use super::printable::printable;
use super::rule_finding::{self, counted, grouped};
use crate::analysis::finding::Finding;
use crate::analysis::logic::Relation;
use crate::analysis::reasons::Deciding;
use crate::language::attribute::Subject;
use crate::membership::delta::Delta;
use crate::membership::roster::Roster;

/// What other rules would change.
#[derive(Clone, Debug)]
pub struct DifferenceReport<'a> {
    /// The groups whose rule is another one, new or gone, sorted by id.
    pub groups: Vec<GroupDifference>,
    /// Groups that keep their rule and change because they read those, sorted by id.
    pub readers: Vec<Reader>,
    /// The groups of all rules, by the places that findings name.
    pub places: Vec<Named>,
    /// Everybody who joins or leaves, if all are to be listed.
    pub all: Option<AllChanges<'a>>,
    /// What becomes of licenses, if the tenant has products.
    pub licenses: Option<LossesReport>,
}

/// A group with another rule.
#[derive(Clone, Debug)]
pub struct GroupDifference {
    /// The group.
    pub group: Named,
    /// What becomes of the rule.
    pub change: Change,
    /// The members as they are.
    pub before: Side,
    /// The members as they would be.
    pub after: Side,
    /// Who joins.
    pub joins: Moves,
    /// Who leaves.
    pub leaves: Moves,
    /// Why the new rule cannot be evaluated; then nobody joins or leaves.
    pub error: Option<String>,
    /// What the new rule selects, if there is one.
    pub subject: Option<Subject>,
    /// What is proved about the rules, whatever the data: how the old one stands to the new one.
    pub relation: Option<Relation>,
    /// What there is to say about the new rule.
    pub findings: Vec<Finding>,
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another rule, or another state of it.
    Changed,
    /// The group is new.
    New,
    /// The group is gone.
    Gone,
}

impl Change {
    /// The word that reports use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// The members of a group with one of the rules.
#[derive(Clone, Debug)]
pub struct Side {
    /// The rule as written.
    pub rule: Option<String>,
    /// Why the members are those that the tenant lists and not those that the rule selects.
    pub listed: Option<&'static str>,
    /// How many there are.
    pub members: u64,
}

/// Those who join, or who leave.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// How many.
    pub count: u64,
    /// Some of them, sorted by id.
    pub samples: Vec<Sample>,
}

/// One member who joins or leaves.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The member.
    pub member: Named,
    /// What the present rule asks and what turned the result; empty where no rule decides.
    pub before: Vec<Reason>,
    /// The same of the new rule.
    pub after: Vec<Reason>,
}

/// A condition that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The condition as written.
    pub expression: String,
    /// Whether it holds.
    pub result: bool,
    /// What it looked at and the value that it saw.
    pub seen: Option<(String, Option<String>)>,
}

impl From<Deciding<'_>> for Reason {
    fn from(deciding: Deciding<'_>) -> Self {
        let seen = deciding.condition.property.as_ref();
        Self {
            expression: deciding.words(),
            result: deciding.holds(),
            seen: seen.map(|seen| (seen.name.clone(), seen.value.clone())),
        }
    }
}

/// A group that changes because of others.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The group.
    pub group: Named,
    /// The groups with another rule that it reads, itself or through others.
    pub through: Vec<Named>,
    /// How many members there are, and would be.
    pub members: (u64, u64),
    /// How many join.
    pub joins: u64,
    /// How many leave.
    pub leaves: u64,
    /// Why it can no longer be evaluated.
    pub error: Option<String>,
}

/// Everybody who joins or leaves.
#[derive(Clone, Debug)]
pub struct AllChanges<'a> {
    /// The changes of each group, by its id.
    pub groups: Vec<(String, Delta)>,
    /// The ids behind the ordinals.
    pub roster: &'a Roster,
}

impl AllChanges<'_> {
    /// Calls `visit` with the id of a group, that of a member, and whether the member joins: sorted by group,
    /// then by member.
    pub(super) fn each(&self, visit: &mut dyn FnMut(&str, &str, bool) -> io::Result<()>) -> io::Result<()> {
        for (group, delta) in &self.groups {
            let joins = delta.added.iter().map(|member| (self.roster.id(member), true));
            let leaves = delta.removed.iter().map(|member| (self.roster.id(member), false));
            let mut all: Vec<(&str, bool)> = joins.chain(leaves).collect();
            all.sort_unstable();
            all.into_iter().try_for_each(|(member, joins)| visit(group, member, joins))?;
        }
        Ok(())
    }
}

impl DifferenceReport<'_> {
    /// Groups that could not be evaluated.
    pub fn failed(&self) -> usize {
        let changed = self.groups.iter().filter(|group| group.error.is_some()).count();
        changed + self.readers.iter().filter(|reader| reader.error.is_some()).count()
    }
}

/// Writes the report. `Json` is one object; `Jsonl` is a line for each group, and one for each change if
/// all are listed.
///
/// # Errors
/// Those of `out`.
pub fn write_difference(
    format: OutputFormat,
    report: &DifferenceReport<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Json => return difference_json::write_object(report, out),
        OutputFormat::Jsonl => return difference_json::write_lines(report, out),
        OutputFormat::Concise => write_concise(report, out)?,
        _ => write_full(report, *style, out)?,
    }
    if let Some(licenses) = report.licenses.as_ref().filter(|licenses| !licenses.is_empty()) {
        writeln!(out)?;
        licenses.write_text(out)?;
    }
    let Some(all) = &report.all else { return Ok(()) };
    all.each(&mut |group, member, joins| {
        writeln!(out, "{} {} {}", if joins { '+' } else { '-' }, printable(group), printable(member))
    })
}

// ---- for people ----

fn write_concise(report: &DifferenceReport<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for group in &report.groups {
        let (name, change) = (printable(group.group.name()), group.change.word());
        match &group.error {
            Some(error) => writeln!(out, "{name}: {change}: {}", printable(error))?,
            None => writeln!(
                out,
                "{name}: {change}: +{} -{}, {} members",
                group.joins.count, group.leaves.count, group.after.members
            )?,
        }
    }
    for reader in &report.readers {
        let name = printable(reader.group.name());
        if let Some(error) = &reader.error {
            writeln!(out, "{name}: reads: {}", printable(error))?;
        } else {
            let (_, members) = reader.members;
            writeln!(out, "{name}: reads: +{} -{}, {members} members", reader.joins, reader.leaves)?;
        }
    }
    Ok(())
}

fn write_full(report: &DifferenceReport<'_>, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    if report.groups.is_empty() {
        return writeln!(out, "no rule is another one");
    }
    for (at, group) in report.groups.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write_group(group, report, style, out)?;
    }
    for (at, reader) in report.readers.iter().enumerate() {
        if at == 0 {
            writeln!(out, "\ngroups that read these and change too:")?;
        }
        let through: Vec<&str> = reader.through.iter().map(Named::name).collect();
        let through =
            if through.is_empty() { String::new() } else { format!(" reads {}", through.join(", ")) };
        let what = match &reader.error {
            Some(error) => printable(error).into_owned(),
            None => format!(
                "{} members, then {}: {} join, {} leave",
                grouped(reader.members.0),
                grouped(reader.members.1),
                grouped(reader.joins),
                grouped(reader.leaves)
            ),
        };
        writeln!(out, "  {}{}: {what}", reader.group.shown(), printable(&through))?;
    }
    Ok(())
}

fn write_group(
    group: &GroupDifference,
    report: &DifferenceReport<'_>,
    style: Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let note = match group.change {
        Change::Changed => "",
        Change::New => ", a new group",
        Change::Gone => ", a group that is gone",
    };
    writeln!(out, "{}{note}", painted(style, palette::EMPHASIS, &group.group.shown()))?;
    let rule = |rule: &Option<String>| rule.as_deref().map(|text| printable(text).into_owned());
    for (sign, paint, side) in [('-', palette::BAD, &group.before), ('+', palette::GOOD, &group.after)] {
        if let Some(text) = rule(&side.rule) {
            writeln!(out, "  {}", painted(style, paint, &format!("{sign} {text}")))?;
        }
    }
    if let Some(error) = &group.error {
        return writeln!(out, "  {}", painted(style, palette::BAD, &printable(error)));
    }
    let listed = |side: &Side| side.listed.map(|why| format!(" (listed: {why})")).unwrap_or_default();
    let (before, after) = (&group.before, &group.after);
    writeln!(
        out,
        "  {} before{}, {} after{}",
        counted(before.members, "member"),
        listed(before),
        grouped(after.members),
        listed(after)
    )?;
    write_moves(&group.joins, "join", before.members, style, out)?;
    write_moves(&group.leaves, "leave", before.members, style, out)?;
    let proved = match group.relation {
        Some(Relation::Equivalent) => Some("both rules select the same, whatever the data"),
        Some(Relation::Within) => {
            Some("nobody can leave, whatever the data: the new rule selects all that the old one does")
        }
        Some(Relation::Around) => {
            Some("nobody can join, whatever the data: the old rule selects all that the new one does")
        }
        Some(Relation::Apart) => Some("the rules never select the same, whatever the data"),
        None => None,
    };
    let findings = group
        .findings
        .iter()
        .zip(std::iter::repeat(group.subject))
        .filter_map(|(finding, subject)| Some(rule_finding::sentence(finding, subject?, &report.places)));
    let notes: Vec<String> = proved.map(str::to_owned).into_iter().chain(findings).collect();
    notes.iter().try_for_each(|note| writeln!(out, "  note: {}", printable(note)))
}

fn write_moves(
    moves: &Moves,
    word: &str,
    before: u64,
    style: Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if moves.count == 0 {
        return writeln!(out, "  nobody {word}s");
    }
    let verb = if moves.count == 1 { format!("{word}s") } else { word.to_owned() };
    let who = counted(moves.count, "member");
    let share = share(moves.count, before).map(|share| format!(" ({share} of those before)"));
    writeln!(out, "  {who} {verb}{}", share.unwrap_or_default())?;
    for sample in &moves.samples {
        writeln!(out, "    {}", sample.member.shown())?;
        for (when, reasons) in [("before", &sample.before), ("after ", &sample.after)] {
            for reason in reasons {
                write_reason(when, reason, style, out)?;
            }
        }
    }
    let more = moves.count.saturating_sub(moves.samples.len() as u64);
    if more > 0 && !moves.samples.is_empty() {
        writeln!(out, "    and {} more", grouped(more))?;
    }
    Ok(())
}

fn write_reason(when: &str, reason: &Reason, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let (paint, mark) = if reason.result { (palette::GOOD, "✓") } else { (palette::BAD, "✗") };
    let seen = match &reason.seen {
        Some((name, Some(value))) => format!("   {name} is \"{}\"", printable(value)),
        Some((name, None)) => format!("   {name} is null"),
        None => String::new(),
    };
    let (mark, seen) = (painted(style, paint, mark), painted(style, palette::DIM, &seen));
    writeln!(out, "      {when} {mark} {}{seen}", printable(&reason.expression))
}

/// A share in percent, to one decimal place; `None` of nothing.
fn share(part: u64, all: u64) -> Option<String> {
    let tenths = (part * 1_000 + all / 2).checked_div(all)?;
    Some(format!("{}.{}%", grouped(tenths / 10), tenths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded() {
        assert_eq!(share(1, 3).as_deref(), Some("33.3%"));
        assert_eq!(share(2, 3).as_deref(), Some("66.7%"));
        assert_eq!(share(5_000, 2).as_deref(), Some("250,000.0%"));
        assert_eq!(share(5, 0), None);
    }
}
