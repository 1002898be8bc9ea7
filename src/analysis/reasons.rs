//! The conditions that decide about one object, out of all that a rule asks.

use crate::engine::explain::{Connective, Detail, Explanation};

/// A condition that decides.
#[derive(Clone, Copy, Debug)]
pub struct Deciding<'a> {
    /// The condition; none of its parts is one.
    pub condition: &'a Detail,
    /// Whether it stands behind `-not`.
    pub is_negated: bool,
}

impl Deciding<'_> {
    /// Whether what the rule asks holds.
    pub fn holds(&self) -> bool {
        self.condition.result != self.is_negated
    }

    /// What the rule asks.
    pub fn words(&self) -> String {
        let words = &self.condition.expression;
        if self.is_negated { format!("-not ({words})") } else { words.clone() }
    }

    fn says_the_same(&self, other: &Deciding<'_>) -> bool {
        self.is_negated == other.is_negated
            && self.condition.result == other.condition.result
            && self.condition.expression == other.condition.expression
    }

    fn looks_at_the_same(&self, other: &Deciding<'_>) -> bool {
        name_seen(self.condition) == name_seen(other.condition)
    }
}

fn name_seen(condition: &Detail) -> Option<&str> {
    condition.property.as_ref().map(|seen| seen.name.as_str())
}

/// The conditions that decide a result: whatever the others say, with these as they are the result is
/// the same. Where several sets of conditions would do, the smallest one, and of those the first.
///
/// ```
/// use dyngroup::analysis::reasons::deciding;
/// use dyngroup::directory::object::Object;
/// use dyngroup::engine::explain::explain;
/// use dyngroup::engine::world::{NoRelations, World};
/// use dyngroup::language::compile::{Options, compile};
///
/// let text = r#"(user.city -eq "Oslo") -and (user.state -eq null) -and (user.country -eq "NO")"#;
/// let rule = compile(text, Options::default()).rule.unwrap();
/// let world = World { now: jiff::Timestamp::UNIX_EPOCH, version_order: None, relations: &NoRelations };
/// let found = explain(&rule, &Object::new("ada"), &world).unwrap();
/// let deciding: Vec<String> = deciding(&found).iter().map(|it| it.words()).collect();
/// assert_eq!(deciding, ["user.city -eq \"Oslo\""]);
/// ```
pub fn deciding(explanation: &Explanation) -> Vec<Deciding<'_>> {
    of(&explanation.root, false)
}

/// What turns the result for an object that one rule admits and the other one refuses: conditions of the
/// first rule, and of the second one.
///
/// If the refusing rule asks something that the admitting one does not, that is it, with what the
/// admitting one asks of the same attributes. Else it is what the admitting rule asks beside.
pub fn turning<'a>(one: &'a Explanation, other: &'a Explanation) -> (Vec<Deciding<'a>>, Vec<Deciding<'a>>) {
    if one.result {
        let (other, one) = turning(other, one);
        return (one, other);
    }
    let (refusing, admitting) = (deciding(one), deciding(other));
    let own_refusing = without(&refusing, other);
    let mut own_admitting = without(&admitting, one);
    if !own_refusing.is_empty() {
        own_admitting.retain(|it| own_refusing.iter().any(|refusing| refusing.looks_at_the_same(it)));
        return (own_refusing, own_admitting);
    }
    if own_admitting.is_empty() { (refusing, admitting) } else { (Vec::new(), own_admitting) }
}

/// Without the conditions that another rule has too, with the same result.
fn without<'a>(all: &[Deciding<'a>], other: &Explanation) -> Vec<Deciding<'a>> {
    let mut there = Vec::new();
    leaves(&other.root, false, &mut there);
    all.iter().copied().filter(|it| !there.iter().any(|known| known.says_the_same(it))).collect()
}

fn of(detail: &Detail, is_negated: bool) -> Vec<Deciding<'_>> {
    let all = |is_negated: bool| detail.parts.iter().flat_map(|part| of(part, is_negated)).collect();
    let smallest = |result: bool| {
        let parts = detail.parts.iter().filter(|part| part.result == result);
        parts.map(|part| of(part, is_negated)).min_by_key(Vec::len).unwrap_or_default()
    };
    match (detail.connective, detail.result) {
        (None, _) => vec![Deciding { condition: detail, is_negated }],
        (Some(Connective::Not), _) => all(!is_negated),
        (Some(Connective::And), true) | (Some(Connective::Or), false) => all(is_negated),
        (Some(Connective::And), false) => smallest(false),
        (Some(Connective::Or), true) => smallest(true),
    }
}

fn leaves<'a>(detail: &'a Detail, is_negated: bool, found: &mut Vec<Deciding<'a>>) {
    if detail.connective.is_none() {
        found.push(Deciding { condition: detail, is_negated });
    }
    let is_negated = is_negated != (detail.connective == Some(Connective::Not));
    for part in &detail.parts {
        leaves(part, is_negated, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::object::{Object, Value};
    use crate::engine::explain::explain;
    use crate::engine::world::{NoRelations, World};
    use crate::language::compile::{Options, compile};

    const OSLO: &str = "(user.city -eq \"Oslo\")";
    const NORWAY: &str = "(user.country -eq \"NO\")";
    const STATE: &str = "(user.state -eq \"x\")";

    /// For somebody in Oslo, Norway, without a state.
    fn explained(text: &str) -> Explanation {
        let rule = compile(text, Options::default()).rule.expect("accepted");
        let world = World { now: jiff::Timestamp::UNIX_EPOCH, version_order: None, relations: &NoRelations };
        let ada = Object::new("ada")
            .with("city", Value::Text("Oslo".into()))
            .with("country", Value::Text("NO".into()));
        explain(&rule, &ada, &world).expect("no error")
    }

    fn words(found: &[Deciding<'_>]) -> Vec<String> {
        found.iter().map(|it| format!("{} {}", it.holds(), it.words())).collect()
    }

    #[test]
    fn the_smallest_set_decides() {
        let all = explained(&format!("{OSLO} -and {NORWAY} -and -not ({STATE} -or {STATE})"));
        assert_eq!(words(&deciding(&all)).last().unwrap(), "true -not (user.state -eq \"x\")");
        assert_eq!(deciding(&all).len(), 4);
        let some = explained(&format!("({OSLO} -and {NORWAY}) -or ({NORWAY} -and -not {STATE}) -or {OSLO}"));
        assert_eq!(words(&deciding(&some)), ["true user.city -eq \"Oslo\""]);
        let none = explained(&format!("({STATE} -or user.mail -eq \"y\") -and {STATE} -and {OSLO}"));
        assert_eq!(words(&deciding(&none)), ["false user.state -eq \"x\""]);
    }

    fn turned(one: &str, other: &str) -> [Vec<String>; 2] {
        let (one, other) = (explained(one), explained(other));
        let (before, after) = turning(&one, &other);
        [words(&before), words(&after)]
    }

    #[test]
    fn what_both_rules_say_turns_nothing() {
        let none: [&str; 0] = [];
        let dropped = turned(&format!("{OSLO} -and {STATE}"), OSLO);
        assert_eq!(dropped, [vec!["false user.state -eq \"x\""], none.to_vec()]);
        let added = turned(STATE, &format!("{STATE} -or {OSLO}"));
        assert_eq!(added, [none.to_vec(), vec!["true user.city -eq \"Oslo\""]]);
        let other_value =
            turned(&format!("{OSLO} -and {NORWAY}"), &format!("user.city -eq \"Bergen\" -and {NORWAY}"));
        assert_eq!(other_value, [["true user.city -eq \"Oslo\""], ["false user.city -eq \"Bergen\""]]);
        let joined = turned(&format!("{OSLO} -and {NORWAY}"), &format!("{OSLO} -and -not {NORWAY}"));
        assert_eq!(joined, [["true user.country -eq \"NO\""], ["false -not (user.country -eq \"NO\")"]]);
    }
}
