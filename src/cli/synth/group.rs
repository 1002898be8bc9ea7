//! Groups: dynamic ones with their rules, static ones with their members.

use std::io::{self, Write};

use rand::RngExt;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::products::Products;
use super::random::{Purpose, Seed, one_of};
use super::rule::{Rule, Rules};
use super::user::Users;
use super::work::DEPARTMENTS;
use crate::language::attribute::Subject;

/// Static groups that rules may name: every tenant has them.
pub(super) const NAMED_STATIC_GROUPS: u64 = 5;

/// Dynamic groups for each static one.
const DYNAMIC_PER_STATIC: u64 = 20;

/// Products are handed out by one dynamic group in so many.
const SHARE_LICENSING: f64 = 0.01;
const SHARE_PAUSED: f64 = 0.01;

/// The largest static group.
const MEMBERS_MAX: u64 = 50_000;

/// How many static groups stand beside this number of dynamic ones.
pub(super) fn static_groups(dynamic: u64) -> u64 {
    (dynamic / DYNAMIC_PER_STATIC).max(NAMED_STATIC_GROUPS)
}

/// The id of static group `index`, counted from 0.
pub(super) fn static_group_id(seed: Seed, index: u64) -> String {
    seed.id(Purpose::GroupId, index | STATIC)
}

/// Sets the numbers of static groups apart from those of dynamic ones.
const STATIC: u64 = 1 << 40;

/// Writes a page of groups as Graph gives it, one group a line: the dynamic ones, then the static ones.
/// Returns how many dynamic groups are paused.
pub(super) fn write_groups(
    out: &mut impl Write,
    dynamic: u64,
    rules: &Rules<'_>,
    products: &Products,
    seed: Seed,
) -> io::Result<u64> {
    let groups: Vec<Value> = (0..dynamic)
        .into_par_iter()
        .map(|index| dynamic_group(index, &rules.rule(index), products, seed))
        .chain((0..static_groups(dynamic)).into_par_iter().map(|index| static_group(index, products, seed)))
        .collect();
    out.write_all(b"{\"value\":[")?;
    for (at, group) in groups.iter().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, group)?;
    }
    out.write_all(b"\n]}\n")?;
    Ok(groups.iter().filter(|group| is_paused(group)).count() as u64)
}

const PAUSED: &str = "Paused";

fn is_paused(group: &Value) -> bool {
    group.get("membershipRuleProcessingState").and_then(Value::as_str) == Some(PAUSED)
}

fn dynamic_group(index: u64, rule: &Rule, products: &Products, seed: Seed) -> Value {
    let generator = &mut seed.generator(Purpose::Group, index);
    // Devices cannot be in a Microsoft 365 group.
    let unified = generator.random_bool(0.25) && rule.subject == Subject::User;
    let state = if generator.random_bool(SHARE_PAUSED) { PAUSED } else { "On" };
    let licensing = generator.random_bool(SHARE_LICENSING) && rule.subject == Subject::User && !unified;
    let product = licensing.then(|| generator.random_range(0..products.count()));
    let mut types = vec!["DynamicMembership"];
    types.extend(unified.then_some("Unified"));
    json!({
        "id": seed.id(Purpose::GroupId, index),
        "displayName": format!("DYN-{:05} {}", index + 1, about(&rule.text)),
        "description": format!("Kind of rule: {}", rule.kind.words()),
        "mailNickname": format!("dyn-{:05}", index + 1),
        "groupTypes": types,
        "securityEnabled": !unified,
        "mailEnabled": unified,
        "membershipRule": rule.text,
        "membershipRuleProcessingState": state,
        "assignedLicenses": licenses(product, products),
    })
}

fn static_group(index: u64, products: &Products, seed: Seed) -> Value {
    let generator = &mut seed.generator(Purpose::Group, index | STATIC);
    let (department, _) = one_of(generator, &DEPARTMENTS);
    let product = generator.random_bool(0.05).then(|| generator.random_range(0..products.count()));
    json!({
        "id": static_group_id(seed, index),
        "displayName": format!("TEAM-{:05} {department}", index + 1),
        "description": "Members are added by hand",
        "mailNickname": format!("team-{:05}", index + 1),
        "groupTypes": [],
        "securityEnabled": true,
        "mailEnabled": false,
        "membershipRule": null,
        "membershipRuleProcessingState": null,
        "assignedLicenses": licenses(product, products),
    })
}

fn licenses(product: Option<usize>, products: &Products) -> Vec<Value> {
    let sku_id = product.and_then(|number| products.sku_id(number));
    sku_id.map(|sku_id| json!({ "skuId": sku_id, "disabledPlans": [] })).into_iter().collect()
}

/// The attributes that a rule reads, for the group's name.
fn about(rule: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    for part in ["user.", "device."].into_iter().flat_map(|object| rule.split(object).skip(1)) {
        let end = part.find(|letter| !is_letter(letter)).unwrap_or(part.len());
        let name = part.get(..end).unwrap_or_default();
        let usual = matches!(name, "accountEnabled" | "userType") && rule.matches("user.").count() > 1;
        if !usual && !names.contains(&name) && names.len() < ABOUT_MAX_NAMES {
            names.push(name);
        }
    }
    if names.is_empty() { "direct reports".to_owned() } else { names.join(", ") }
}

const ABOUT_MAX_NAMES: usize = 3;

/// Writes `{groupId, memberId}` a line for the static groups, group by group. Returns how many lines.
pub(super) fn write_members(
    out: &mut impl Write,
    dynamic: u64,
    users: &Users<'_>,
    user_count: u64,
    seed: Seed,
) -> io::Result<u64> {
    let mut lines = 0;
    let size_max = (user_count / 50).clamp(1, MEMBERS_MAX);
    for index in 0..static_groups(dynamic) {
        let generator = &mut seed.generator(Purpose::Members, index);
        let group = static_group_id(seed, index);
        // Small groups are as usual as large ones, whatever the scale.
        let bits = generator.random_range(0..=size_max.ilog2());
        let size = generator.random_range(1_u64 << bits..=(2 << bits) - 1).min(size_max);
        let gap = user_count / size;
        let mut member = generator.random_range(0..gap.max(1));
        while member < user_count {
            writeln!(out, r#"{{"groupId":"{group}","memberId":"{}"}}"#, users.id(member))?;
            lines += 1;
            member += generator.random_range(1..=(2 * gap).max(2) - 1);
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::Timestamp;

    use super::super::vocabulary::Vocabulary;
    use super::*;

    fn groups(dynamic: u64) -> (Vec<String>, u64) {
        let vocabulary = Vocabulary::new();
        let rules = Rules::new(&vocabulary, Seed(1), Timestamp::UNIX_EPOCH, true);
        let mut out = Vec::new();
        let paused = write_groups(&mut out, dynamic, &rules, &vocabulary.products, Seed(1)).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines = text.lines().map(|line| line.trim_end_matches(',').to_owned());
        (lines.filter(|line| line.starts_with("{\"id\"")).collect(), paused)
    }

    #[test]
    fn the_first_groups_are_the_same_in_larger_tenants() {
        let (few, _) = groups(40);
        let (many, paused) = groups(400);
        assert_eq!((few.len(), many.len()), (45, 420));
        assert_eq!(few[..40], many[..40]);
        assert_eq!(few[40..], many[400..405]);
        assert!((1..12).contains(&paused), "{paused}");
        let names: HashSet<&str> = many.iter().filter_map(|line| line.split('"').nth(7)).collect();
        assert_eq!(names.len(), many.len());
    }

    #[test]
    fn names_tell_what_a_rule_reads() {
        assert_eq!(about("(user.accountEnabled -eq true) -and (user.city -in [\"user.\"])"), "city, ");
        assert_eq!(about("user.userType -eq \"Guest\""), "userType");
        assert_eq!(about("Direct Reports for \"x\""), "direct reports");
    }

    #[test]
    fn static_groups_have_members_and_nobody_twice() {
        let vocabulary = Vocabulary::new();
        let users = Users::new(&vocabulary, Seed(1), Timestamp::UNIX_EPOCH);
        for user_count in [1, 2, 1_000] {
            let mut out = Vec::new();
            let lines = write_members(&mut out, 400, &users, user_count, Seed(1)).unwrap();
            let text = String::from_utf8(out).unwrap();
            let distinct: HashSet<&str> = text.lines().collect();
            assert_eq!((distinct.len() as u64, text.lines().count() as u64), (lines, lines));
            assert!(lines >= 20, "{user_count}: {lines}");
            let known: HashSet<String> = (0..user_count).map(|index| users.id(index)).collect();
            assert!(distinct.iter().all(|line| known.contains(line.split('"').nth(7).unwrap())));
        }
    }
}
