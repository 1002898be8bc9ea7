//! Rules of made-up tenants, ready for the machine.

use std::path::Path;

use dyngroup::directory::group::read_groups;
use dyngroup::directory::source::Source;
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::typed::TypedRule;

/// The rules about users of a tenant folder, in the order of its groups.
pub(crate) fn rules_of(tenant: &Path) -> Vec<TypedRule> {
    let source = Source::read(&tenant.join("groups.json")).expect("groups");
    let groups = read_groups(&source).expect("groups");
    let texts = groups.into_iter().filter_map(|group| group.membership_rule);
    let rules = texts.map(|text| compile(&text, Options::default()).rule.expect("an accepted rule"));
    rules.filter(|rule| rule.subject == Subject::User).collect()
}
