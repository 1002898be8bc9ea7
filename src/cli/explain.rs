//! `dyngroup explain`: why an object is in or out.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::args::{ExplainArgs, Global};
use super::failure::Failure;
use super::loaded::Loaded;
use super::members::Population;
use super::progress::Progress;
use super::settings::Settings;
use super::{Outcome, named, output, single};
use crate::base::fold::fold;
use crate::directory::managers::Managers;
use crate::directory::object::{Object, Value};
use crate::directory::tenant::Tenant;
use crate::engine::explain::explain;
use crate::engine::flip::smallest_flip;
use crate::engine::world::{Relations, World};
use crate::language::attribute::Subject;
use crate::language::typed::{Reach, TypedRule};
use crate::membership::recompute;
use crate::membership::relations::Membership;
use crate::report::explanation::{Explained, write_explanations};

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &args.language, args.tenant.as_deref())?
        .with_version_order(args.objects.version_order);
    if let Some(folder) = &args.tenant {
        return in_tenant(folder, args, &settings);
    }
    let text = args.rule.as_deref().unwrap_or_default();
    let Some(rule) = single::accepted("<rule>", text, settings.options()) else {
        return Ok(Outcome::Findings);
    };
    let population = Population::read(&args.objects, rule.subject, &settings)?;
    let objects: Vec<&Object> = population.of(rule.subject).iter().collect();
    let world =
        World { now: settings.now(), version_order: settings.version_order, relations: &population.related };
    print(args, &rule, &objects, &world)
}

/// Explains the rule that was given, or that of the group that was named, for objects of a tenant.
fn in_tenant(folder: &Path, args: &ExplainArgs, settings: &Settings) -> Result<Outcome, Failure> {
    let tenant = Tenant::read(folder, &settings.attributes)?;
    let mut options = settings.options();
    let rule = match (&args.group, &args.rule) {
        (Some(name), _) => {
            let group = named::group(&tenant.groups, name)?;
            let text = group.membership_rule.as_deref();
            let text =
                text.ok_or_else(|| Failure::new(format!("the group `{name}` has no membership rule")))?;
            options.subject = group.is_unified().then_some(Subject::User);
            single::accepted(&format!("<group {}>", group.id), text, options)
        }
        (None, text) => single::accepted("<rule>", text.as_deref().unwrap_or_default(), options),
    };
    let Some(rule) = rule else { return Ok(Outcome::Findings) };
    let objects: Vec<&Object> = match rule.subject {
        Subject::User => tenant.users.iter().collect(),
        Subject::Device => tenant.devices.iter().collect(),
    };
    let (now, version_order) = (settings.now(), settings.version_order);
    if rule.groups_read().is_empty() {
        let relations = Managed(&tenant.managers);
        return print(args, &rule, &objects, &World { now, version_order, relations: &relations });
    }
    // A rule that reads groups sees the members that a run gives them.
    let mut progress = Progress::hidden();
    let loaded = Loaded::read(folder, settings, &mut progress)?;
    let (_, snapshot) = loaded.recompute(recompute::Settings { now, version_order }, &mut progress);
    let relations = Membership { roster: &loaded.roster, snapshot: &snapshot, managers: &tenant.managers };
    print(args, &rule, &objects, &World { now, version_order, relations: &relations })
}

/// What a rule needs to know that reads no groups.
struct Managed<'a>(&'a Managers);

impl Relations for Managed<'_> {
    fn is_member(&self, _group: &str, _object: &str, _reach: Reach) -> bool {
        false
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.0.of(user)
    }
}

fn print(
    args: &ExplainArgs,
    rule: &TypedRule,
    objects: &[&Object],
    world: &World<'_>,
) -> Result<Outcome, Failure> {
    let kind = rule.subject.word();
    let names = match rule.subject {
        Subject::User => &args.user,
        Subject::Device => &args.device,
    };
    if names.is_empty() {
        return Err(Failure::new(format!("the rule is about {kind}s: give --{kind} ID")));
    }
    let mut explained = Vec::new();
    for name in names {
        let object = find(objects, rule.subject, name)?;
        match explain(rule, object, world) {
            Ok(explanation) => {
                let flip = (!args.no_flip).then(|| smallest_flip(rule, object, world));
                explained.push(Explained { object, rule, explanation, flip });
            }
            Err(error) => {
                output::error(&format!("the rule cannot be evaluated: {kind} `{name}`: {error}"));
                return Ok(Outcome::Findings);
            }
        }
    }
    let format = output::report_format(args.output_format);
    let mut out = BufWriter::new(io::stdout().lock());
    write_explanations(format, &explained, args.details, &output::style(), &mut out)?;
    out.flush()?;
    Ok(Outcome::Clean)
}

/// The object with this id or user principal name, or with this display name if no other one has it;
/// in any letter case.
fn find<'a>(objects: &[&'a Object], subject: Subject, name: &str) -> Result<&'a Object, Failure> {
    let wanted = fold(name);
    let has = |object: &Object, attribute: &str| matches!(object.get(attribute), Value::Text(text) if fold(text) == wanted);
    let unique = |object: &&&Object| fold(object.id()) == wanted || has(object, "userPrincipalName");
    if let Some(object) = objects.iter().find(unique) {
        return Ok(object);
    }
    let named = objects.iter().filter(|object| has(object, "displayName"));
    let word = subject.word();
    match named.collect::<Vec<_>>().as_slice() {
        [object] => Ok(object),
        [] => Err(Failure::new(format!("there is no {word} `{name}`"))),
        several => Err(Failure::new(format!("{} {word}s are called `{name}`: give an id", several.len()))),
    }
}
