//! Names before an operator: objects, attributes, and what people write in their place.

use std::sync::Arc;

use super::super::attribute::{Attribute, Kind, NotAvailable, Origin, Subject};
use super::super::suggest;
use super::super::tree::Operand;
use super::Checker;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

impl Checker<'_> {
    /// The attribute that `user.x` or `device.x` names, at `span`.
    pub(super) fn object_attribute(&mut self, span: Span) -> Option<Arc<Attribute>> {
        let path = span.of(self.text);
        let (object, name) = path.split_once('.')?;
        let Some(subject) = Subject::from_word(object) else {
            self.unknown_object(span, object, name);
            return None;
        };
        self.named(subject, span);
        match self.terms.attributes.find(subject, name) {
            Some(attribute) if attribute.declared && !self.extended() => {
                self.report(
                    Diagnostic::new(
                        &code::EXTENDED_ONLY,
                        span,
                        format!("`{path}` is declared for the dialect `extended`"),
                    )
                    .help("the service does not know this attribute; `--dialect extended` evaluates it"),
                );
                None
            }
            Some(attribute) => Some(attribute),
            None => {
                self.unknown_attribute(subject, name, Span::new(span.start + object.len() + 1, span.end));
                None
            }
        }
    }

    /// Whether the operand is `user.transitiveMemberOf`, which only the extended dialect has.
    pub(super) fn is_transitive_member_of(&self, operand: &Operand) -> bool {
        let (object, name) = operand.span.of(self.text).split_once('.').unwrap_or_default();
        Subject::from_word(object).is_some() && name.eq_ignore_ascii_case(TRANSITIVE_MEMBER_OF)
    }

    pub(super) fn transitive_member_of(&mut self, operand: &Operand) -> Option<Arc<Attribute>> {
        let path = operand.span.of(self.text);
        let subject = path.split_once('.').and_then(|(object, _)| Subject::from_word(object))?;
        self.named(subject, operand.span);
        if !self.extended() {
            self.report(
                Diagnostic::new(&code::EXTENDED_ONLY, operand.span, format!("`{path}` belongs to the dialect `extended`"))
                    .help("the service follows direct membership only; `--dialect extended` evaluates nested groups"),
            );
            return None;
        }
        Some(Arc::new(Attribute::declared(subject, TRANSITIVE_MEMBER_OF, Kind::Groups)))
    }

    /// A name without `user.` or `device.` before it.
    pub(super) fn no_object<T>(&mut self, span: Span) -> Option<T> {
        let name = span.of(self.text);
        let known_to = |subject: &Subject| self.terms.attributes.find(*subject, name).is_some();
        let subject =
            self.likely_subject.filter(known_to).or_else(|| Subject::ALL.into_iter().find(known_to));
        let certain = self.likely_subject.is_some()
            || Subject::ALL.iter().filter(|subject| known_to(subject)).count() == 1;
        let finding = Diagnostic::new(&code::NO_OBJECT, span, format!("`{name}` names no object"));
        // `userdepartment`: the dot is missing.
        let without_dot = Subject::ALL.into_iter().find(|subject| {
            let (object, rest) = name.split_at_checked(subject.word().len()).unwrap_or_default();
            let is_object = object.eq_ignore_ascii_case(subject.word());
            is_object && self.terms.attributes.find(*subject, rest).is_some()
        });
        if let Some(object) = without_dot.filter(|_| subject.is_none()).map(Subject::word) {
            let meant = format!("{object}.{}", name.get(object.len()..).unwrap_or_default());
            let dot = Edit::new(Span::at(span.start + object.len()), ".");
            self.report(finding.help(format!("write `{meant}`")).fix(Fix::safe(vec![dot])));
            return None;
        }
        self.report(match subject {
            Some(subject) => {
                let edits = vec![Edit::new(Span::at(span.start), format!("{}.", subject.word()))];
                finding.help(format!("write `{}.{name}`", subject.word())).fix(if certain {
                    Fix::safe(edits)
                } else {
                    Fix::guess(edits)
                })
            }
            None => finding.help("an attribute begins with `user.` or `device.`; a value needs quotes"),
        });
        None
    }

    fn unknown_object(&mut self, span: Span, object: &str, name: &str) {
        let object_span = Span::new(span.start, span.start + object.len());
        let finding = Diagnostic::new(
            &code::UNKNOWN_OBJECT,
            object_span,
            format!("`{object}` is no object that rules know"),
        );
        let lower = object.to_ascii_lowercase();
        let near = suggest::nearest(object, Subject::ALL.map(Subject::word));
        self.report(match (lower.as_str(), near) {
            ("assignedlicense" | "license", _) => finding.help("rules see service plans, not licenses: `user.assignedPlans -any (assignedPlan.servicePlanId -eq \"…\")`"),
            ("system", _) => finding.help("`system.now` is the only name of the system"),
            (_, Some(word)) => finding
                .help(format!("did you mean `{word}.{name}`?"))
                .fix(Fix::guess(vec![Edit::new(object_span, word)])),
            _ => finding.help("attributes begin with `user.` or `device.`; inside `-any` and `-all` with `_`, `assignedPlan.` or `group.`"),
        });
    }

    /// An attribute that `subject` does not have. The span is the name's.
    fn unknown_attribute(&mut self, subject: Subject, name: &str, span: Span) {
        let word = subject.word();
        if let Some(known) = self.terms.attributes.not_available(subject, name) {
            let finding = not_available(known, subject, name, span);
            self.report(finding);
            return;
        }
        let graph_twin = self.terms.attributes.find_graph(subject, name);
        if let Some(attribute) = graph_twin {
            let known =
                NotAvailable { from: Origin::Graph, instead: Some(attribute.name.to_string()), help: None };
            let finding = not_available(&known, subject, name, span);
            self.report(finding);
            return;
        }
        let finding =
            Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, span, format!("`{name}` is no attribute of a {word}"));
        let other = if subject == Subject::User { Subject::Device } else { Subject::User };
        if self.terms.attributes.find(other, name).is_some() {
            let help = format!("`{name}` is an attribute of a {}", other.word());
            return self.report(finding.help(help));
        }
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("extensionattribute") {
            return self.report(
                finding.help("extension attributes are `extensionAttribute1` to `extensionAttribute15`"),
            );
        }
        if lower.starts_with("extension_") {
            return self.report(finding.help(
                "a directory extension is `extension_<application id>_<name>`, the id as 32 hexadecimal digits without dashes",
            ));
        }
        let names: Vec<Arc<str>> =
            self.terms.attributes.of(subject).into_iter().map(|known| Arc::clone(&known.name)).collect();
        let near = suggest::nearest(name, names.iter().map(AsRef::as_ref));
        self.report(match near {
            Some(near) => {
                finding.help(format!("did you mean `{near}`?")).fix(Fix::guess(vec![Edit::new(span, near)]))
            }
            None => finding.help(format!("`dyngroup attributes` lists the attributes of a {word}")),
        });
    }
}

/// The extended dialect's name for membership through nested groups.
const TRANSITIVE_MEMBER_OF: &str = "transitiveMemberOf";

fn not_available(known: &NotAvailable, subject: Subject, name: &str, span: Span) -> Diagnostic {
    let word = subject.word();
    let code = match known.from {
        Origin::ConditionalAccess | Origin::Intune | Origin::Graph => &code::L39,
        Origin::ActiveDirectory | Origin::Old => &code::UNKNOWN_ATTRIBUTE,
    };
    let finding = Diagnostic::new(
        code,
        span,
        format!("`{name}` is a name of {}, not of group rules", known.from.words()),
    );
    match &known.instead {
        Some(instead) => finding
            .help(format!("write `{word}.{instead}`"))
            .fix(Fix::safe(vec![Edit::new(span, instead.as_str())])),
        None => finding.help(known.help.clone().unwrap_or_default()),
    }
}
