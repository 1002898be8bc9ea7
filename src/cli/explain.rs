//! `dyngroup explain`: why an object is in or out.

use std::io::Write;

use super::args::{ExplainArgs, Global, ReportFormat};
use super::failure::Failure;
use super::members::{Population, Related};
use super::settings::Settings;
use super::{Outcome, evaluate, output};
use crate::base::fold::fold;
use crate::directory::object::{Object, Value};
use crate::directory::tenant::Tenant;
use crate::engine::explain::explain;
use crate::engine::flip::smallest_flip;
use crate::engine::world::World;
use crate::language::attribute::Subject;
use crate::report::explanation::{Explained, write_explanations};

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &args.language, args.tenant.as_deref())?
        .with_version_order(args.objects.version_order);
    let (population, rule_text) = match &args.tenant {
        Some(folder) => of_tenant(Tenant::read(folder, &settings.attributes)?, args)?,
        None => (Population::read(&args.objects, &settings)?, args.rule.clone().unwrap_or_default()),
    };
    let Some(rule) = evaluate::accepted(&rule_text, &settings) else { return Ok(Outcome::Findings) };
    let names = match rule.subject {
        Subject::User => &args.user,
        Subject::Device => &args.device,
    };
    if names.is_empty() {
        let word = rule.subject.word();
        return Err(Failure::new(format!("the rule is about {word}s: give --{word} ID")));
    }
    let world =
        World { now: settings.now(), version_order: settings.version_order, relations: &population.related };
    let mut explained = Vec::new();
    for name in names {
        let object = find(population.of(rule.subject), name)
            .ok_or_else(|| Failure::new(format!("there is no {} `{name}`", rule.subject.word())))?;
        match explain(&rule, object, &world) {
            Ok(explanation) => {
                let flip = (!args.no_flip).then(|| smallest_flip(&rule, object, &world));
                explained.push(Explained { object, rule: &rule, explanation, flip });
            }
            Err(error) => {
                output::warn(&format!("{} `{name}`: {error}", rule.subject.word()));
                return Ok(Outcome::Findings);
            }
        }
    }
    let mut out = std::io::stdout().lock();
    let format = match output::format_or_default(args.output_format) {
        ReportFormat::Full => crate::report::output_format::OutputFormat::Full,
        ReportFormat::Concise => crate::report::output_format::OutputFormat::Concise,
        ReportFormat::Json => crate::report::output_format::OutputFormat::Json,
        ReportFormat::Jsonl => crate::report::output_format::OutputFormat::Jsonl,
    };
    write_explanations(format, &explained, args.details, &output::style(global), &mut out)?;
    out.flush()?;
    Ok(Outcome::Clean)
}

/// The objects of a tenant, and the rule that was given or that of the group that was named.
fn of_tenant(tenant: Tenant, args: &ExplainArgs) -> Result<(Population, String), Failure> {
    let text = match (&args.group, &args.rule) {
        (Some(name), _) => group_rule(&tenant, name)?,
        (None, rule) => rule.clone().unwrap_or_default(),
    };
    let related = Related { members: tenant.members, managers: tenant.managers };
    Ok((Population { users: tenant.users, devices: tenant.devices, related }, text))
}

fn group_rule(tenant: &Tenant, name: &str) -> Result<String, Failure> {
    let by_name = || {
        let mut named = tenant.groups.iter().filter(|group| group.display_name.as_deref() == Some(name));
        let first = named.next();
        first.filter(|_| named.next().is_none())
    };
    let group = tenant.group(name).or_else(by_name).ok_or_else(|| {
        Failure::new(format!("there is no group `{name}`, by id or by a display name of its own"))
    })?;
    group
        .membership_rule
        .clone()
        .ok_or_else(|| Failure::new(format!("the group `{name}` has no membership rule")))
}

/// The object with this id, user principal name or display name, in any letter case.
fn find<'a>(objects: &'a [Object], name: &str) -> Option<&'a Object> {
    let wanted = fold(name);
    let is = |value: &Value| matches!(value, Value::Text(text) if fold(text) == wanted);
    objects
        .iter()
        .find(|object| fold(object.id()) == wanted)
        .or_else(|| objects.iter().find(|object| is(object.get("userPrincipalName"))))
        .or_else(|| objects.iter().find(|object| is(object.get("displayName"))))
}
