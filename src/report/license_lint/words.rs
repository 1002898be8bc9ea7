//! A finding as a sentence, and what can be done.

use crate::base::diagnostic::Severity;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::GroupIndex;
use crate::licensing::lint::{Clash, LicenseFact, LicenseFinding};
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::pool::SubscriptionStatus;
use crate::report::licenses::Words;
use crate::report::rule_finding::{counted, grouped};

/// So many things of one kind are named in a sentence; the objects have all.
const NAMED_MAX: usize = 4;

/// What was found.
pub(super) fn message(words: Words<'_>, finding: &LicenseFinding) -> String {
    let teller = Teller { words, severity: finding.severity };
    match &finding.fact {
        LicenseFact::ConflictWithin { group, clashes, .. } => teller.conflict_within(*group, clashes),
        LicenseFact::MissingNeed { group, plan, skus, any_of, .. } => {
            teller.missing_need(*group, *plan, skus, any_of)
        }
        LicenseFact::StrayPlan { group, sku, plan, suggestion, known_in } => {
            let (group, plan, product) =
                (teller.group(*group), words.exact_plan(*plan), teller.product(*sku));
            let meant = suggestion.map(|plan| format!(": did you mean {}?", teller.plan(plan)));
            let known = (!known_in.is_empty())
                .then(|| format!(", but of {}", list(known_in, "and", |sku| teller.product(*sku))));
            let rest = meant.or(known).unwrap_or_default();
            format!("{group} switches off {plan} in {product}, which is no plan of it{rest}")
        }
        LicenseFact::Unavailable { group, sku, is_owned } => {
            let why = if *is_owned { "is not for users" } else { "the tenant does not own" };
            let (group, product) = (teller.group(*group), teller.product(*sku));
            format!("{group} gives {product}, which {why}: no member gets {}", teller.whole())
        }
        LicenseFact::AllOff { group, sku } => {
            let (group, product) = (teller.group(*group), teller.product(*sku));
            format!("{group} gives {product} with all of its plans off: members take seats and get nothing")
        }
        LicenseFact::Overlap { groups, users, products } => teller.overlap(*groups, *users, products),
        LicenseFact::ConflictBetween { groups, users, clashes } => {
            teller.conflict_between(*groups, *users, clashes)
        }
        LicenseFact::Guests { group, guests, members } => {
            let verb = if *guests == 1 { "is a guest" } else { "are guests" };
            let (guests, members) = (grouped(*guests), counted(*members, "member"));
            format!("{guests} of {members} of {} {verb}", teller.group(*group))
        }
        LicenseFact::TooFewSeats { .. } => teller.too_few_seats(finding),
        LicenseFact::DirectCovered { sku, groups, users, safe } => {
            teller.covered(*sku, groups, *users, *safe)
        }
        LicenseFact::NoMembers { group } => {
            format!("{} gives licenses and has no members", teller.group(*group))
        }
        LicenseFact::NotEligible { group } => {
            format!("{} is of a kind that can have no licenses: no member gets any", teller.group(*group))
        }
    }
}

/// What can be done about it; nothing where all is well as it is.
pub(super) fn fix(words: Words<'_>, finding: &LicenseFinding) -> Option<String> {
    let teller = Teller { words, severity: finding.severity };
    Some(match &finding.fact {
        LicenseFact::ConflictWithin { switch_off, .. } => {
            let off = list(switch_off, "and", |(sku, plan)| teller.place(*sku, *plan));
            format!("switch off {off}")
        }
        LicenseFact::MissingNeed { plan, skus, switch_on, owned, .. } => {
            teller.meet_need(*plan, skus, switch_on, owned)
        }
        LicenseFact::StrayPlan { sku, suggestion: Some(plan), .. } => {
            format!("switch off {} instead", teller.place(*sku, *plan))
        }
        LicenseFact::StrayPlan { .. } => {
            "take the plan out of the template: there it does nothing".to_owned()
        }
        LicenseFact::Unavailable { sku, is_owned, .. } => {
            let buy = if *is_owned { "" } else { ", or buy it" };
            format!("take {} out of the template{buy}", teller.product(*sku))
        }
        LicenseFact::AllOff { sku, .. } => {
            format!("take {} out of the template, or switch on what members need", teller.product(*sku))
        }
        LicenseFact::ConflictBetween { groups, clashes, .. } if finding.severity > Severity::Info => {
            teller.part(*groups, clashes)
        }
        // A user takes one seat of a product however many groups give it.
        LicenseFact::Overlap { .. } | LicenseFact::ConflictBetween { .. } => return None,
        LicenseFact::Guests { .. } => "take guests who need no license out of the group".to_owned(),
        LicenseFact::TooFewSeats { sku, capacity, demand, .. } => {
            let short = counted(demand.saturating_sub(*capacity), "seat");
            format!("buy {short} of {}, or take as many users out", teller.product(*sku))
        }
        LicenseFact::DirectCovered { users, safe, .. } => uncover(*users, *safe),
        LicenseFact::NoMembers { .. } => "add members, or take the licenses off the group".to_owned(),
        LicenseFact::NotEligible { .. } => {
            "make it a security group, or give the licenses with another group".to_owned()
        }
    })
}

/// What can be done about direct licenses that groups give, too.
fn uncover(users: u64, safe: u64) -> String {
    if safe == 0 {
        return "see why the groups do not give it, before a direct license is taken away".to_owned();
    }
    let whose = if safe == users { String::new() } else { format!(" of these {}", grouped(safe)) };
    format!("take the direct licenses{whose} away: nothing changes for the users")
}

#[derive(Clone, Copy)]
struct Teller<'a> {
    words: Words<'a>,
    severity: Severity,
}

impl Teller<'_> {
    fn conflict_within(self, group: GroupIndex, clashes: &[Clash]) -> String {
        let pairs = list(clashes, "and", |clash| self.pair(clash).join(" and "));
        let end = match self.severity {
            Severity::Error => "no member gets any license of the group",
            Severity::Warning => "no member gets all of its products",
            Severity::Info => "the policy switches the lower one off",
        };
        format!("{} gives {pairs}, and a user can have one of them only: {end}", self.group(group))
    }

    fn conflict_between(self, groups: [GroupIndex; 2], users: u64, clashes: &[Clash]) -> String {
        let pairs = list(clashes, "and", |clash| self.pair(clash).join(" not with "));
        let end = match self.severity {
            Severity::Info => "keep the better one of two plans by the policy",
            _ => "can have the licenses of one of them only",
        };
        format!("{} of {} {end}: {pairs}", counted(users, "user"), self.groups(&groups))
    }

    /// Both plans of a pair with their products, and with ids if they go by one name.
    fn pair(self, clash: &Clash) -> [String; 2] {
        let is_one_name = self.words.plan(clash.plan) == self.words.plan(clash.other);
        [(clash.plan, clash.sku), (clash.other, clash.other_sku)].map(|(plan, sku)| {
            let plan = if is_one_name { self.words.exact_plan(plan) } else { self.plan(plan) };
            format!("{plan} of {}", self.product(sku))
        })
    }

    fn missing_need(self, group: GroupIndex, plan: PlanIndex, skus: &[SkuIndex], any_of: &PlanSet) -> String {
        let products = list(skus, "and", |sku| self.product(*sku));
        let end = match self.severity {
            Severity::Error => ", and no product that the tenant owns has it",
            Severity::Warning => ": members who do not have it from elsewhere fail",
            Severity::Info => ": the policy switches the plan off",
        };
        format!(
            "{} gives {} of {products}, which needs {}, and the template does not give it{end}",
            self.group(group),
            self.plan(plan),
            self.either(any_of)
        )
    }

    fn meet_need(
        self,
        plan: PlanIndex,
        skus: &[SkuIndex],
        switch_on: &[(SkuIndex, PlanIndex)],
        owned: &[SkuIndex],
    ) -> String {
        let mut ways = Vec::new();
        if !switch_on.is_empty() {
            let on = list(switch_on, "or", |(sku, plan)| self.place(*sku, *plan));
            ways.push(format!("switch on {on}"));
        }
        if !owned.is_empty() {
            ways.push(format!("add {}", list(owned, "or", |sku| self.product(*sku))));
        }
        let off = list(skus, "and", |sku| self.place(*sku, plan));
        ways.push(format!("switch off {off}"));
        ways.join(", or ")
    }

    fn overlap(self, groups: [GroupIndex; 2], users: u64, products: &[(SkuIndex, bool)]) -> String {
        let products = list(products, "and", |(sku, same)| {
            let plans = if *same { "the same plans" } else { "different plans" };
            format!("{} ({plans})", self.product(*sku))
        });
        format!("{} of {} get {products} from both", counted(users, "user"), self.groups(&groups))
    }

    /// What is to be done so that two groups do not exclude each other.
    fn part(self, [one, other]: [GroupIndex; 2], clashes: &[Clash]) -> String {
        let mut off: Vec<(PlanIndex, SkuIndex)> =
            clashes.iter().map(|clash| (clash.plan, clash.sku)).collect();
        off.sort_unstable();
        off.dedup();
        let mut other_off: Vec<(PlanIndex, SkuIndex)> =
            clashes.iter().map(|clash| (clash.other, clash.other_sku)).collect();
        other_off.sort_unstable();
        other_off.dedup();
        let places =
            |places: &[(PlanIndex, SkuIndex)]| list(places, "and", |(plan, sku)| self.place(*sku, *plan));
        format!(
            "switch off {} of {}, or {} of {}, or keep users out of one of the groups",
            places(&off),
            self.group(one),
            places(&other_off),
            self.group(other)
        )
    }

    fn too_few_seats(self, finding: &LicenseFinding) -> String {
        let LicenseFact::TooFewSeats { sku, status, capacity, demand, direct, groups } = &finding.fact else {
            return String::new();
        };
        let product = self.product(*sku);
        let by_groups = (!groups.is_empty()).then(|| format!("by {}", self.groups(groups)));
        let directly = (*direct > 0).then(|| format!("directly for {}", counted(*direct, "user")));
        let asking: Vec<String> = [by_groups, directly].into_iter().flatten().collect();
        let state = match status {
            SubscriptionStatus::Suspended => " (suspended)",
            SubscriptionStatus::LockedOut => " (locked out)",
            _ => "",
        };
        let missing = demand.saturating_sub(*capacity);
        let verb = if missing == 1 { "is" } else { "are" };
        format!(
            "{} are to have {product} and there {}{state}: {} {verb} missing; asked for {}",
            counted(*demand, "user"),
            if *capacity == 1 {
                "is 1 seat".to_owned()
            } else {
                format!("are {}", counted(*capacity, "seat"))
            },
            grouped(missing),
            asking.join(", and ")
        )
    }

    fn covered(self, sku: SkuIndex, groups: &[GroupIndex], users: u64, safe: u64) -> String {
        let [have, give] = [users == 1, groups.len() == 1];
        let (have, give) = (if have { "has" } else { "have" }, if give { "gives" } else { "give" });
        let now = match safe {
            0 => "none of them has it from there now".to_owned(),
            safe if safe == users => "all of them have it from there now".to_owned(),
            safe => format!("{} of them have it from there now", grouped(safe)),
        };
        let (users, product, groups) = (counted(users, "user"), self.product(sku), self.groups(groups));
        format!("{users} {have} a direct license of {product} of which {groups} {give} every plan: {now}")
    }

    /// What members go without.
    fn whole(self) -> &'static str {
        if self.words.tenant.policy().per_product { "it" } else { "any license of the group" }
    }

    fn group(self, group: GroupIndex) -> String {
        self.groups(&[group])
    }

    /// group `a`, or groups `a` and `b`
    fn groups(self, groups: &[GroupIndex]) -> String {
        let word = if groups.len() == 1 { "group" } else { "groups" };
        format!("{word} {}", list(groups, "and", |group| format!("`{}`", self.words.group(*group))))
    }

    fn product(self, sku: SkuIndex) -> String {
        format!("`{}`", self.words.product(sku))
    }

    fn plan(self, plan: PlanIndex) -> String {
        format!("`{}`", self.words.plan(plan))
    }

    fn place(self, sku: SkuIndex, plan: PlanIndex) -> String {
        format!("{} in {}", self.plan(plan), self.product(sku))
    }

    /// `A` or `B`
    fn either(self, plans: &PlanSet) -> String {
        let plans: Vec<PlanIndex> = plans.iter().collect();
        list(&plans, "or", |plan| self.plan(*plan))
    }
}

/// Some things by name: `a, b and c`.
fn list<T>(things: &[T], and: &str, name: impl Fn(&T) -> String) -> String {
    let mut names: Vec<String> = things.iter().take(NAMED_MAX).map(name).collect();
    let omitted = things.len().saturating_sub(NAMED_MAX);
    if omitted > 0 {
        names.push(format!("{omitted} more"));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {and} {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
