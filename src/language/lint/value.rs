//! L28 to L32: values and attributes that do not say what people take them for.

use super::super::condition::{Condition, Target};
use super::super::keyword::Operator;
use super::super::suggest;
use super::super::tree::OperandKind;
use super::super::typed::Test;
use super::linted::Linted;
use super::relation::{constants, text_passes};
use super::rewrite::quoted_like;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::fold::{FoldedText, fold};
use crate::base::span::Span;

/// The texts that a condition asks for by equality or prefix, with their places.
fn texts(condition: &Condition) -> Vec<(&FoldedText, Span)> {
    match (&condition.test, &condition.right_kind) {
        (Test::Equals(text) | Test::StartsWith(text), _) => vec![(text, condition.right)],
        (Test::In(texts), OperandKind::List(items)) => {
            texts.iter().zip(items.iter().map(|item| item.span)).collect()
        }
        _ => Vec::new(),
    }
}

/// L28: items of `proxyAddresses` begin with `smtp:` or another kind of address. The documentation's own
/// sample forgets it and matches nothing on ordinary data.
pub(super) fn mail_address_prefix(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    match &condition.target {
        Target::Item(collection) | Target::Collection(collection)
            if &*collection.name == "proxyAddresses" => {}
        _ => return None,
    }
    let bare: Vec<Span> =
        texts(condition).into_iter().filter(|(text, _)| lacks_kind(text)).map(|(_, span)| span).collect();
    let &first = bare.first()?;
    let message = format!("no address begins with `{}`: each has its kind before it", linted.excerpt(first));
    let help = format!("write `smtp:` before it: `{}smtp:{}`", quote(first, linted), inner(first, linted));
    let edits = bare.into_iter().map(|span| Edit::new(Span::at(span.start + 1), "smtp:")).collect();
    Some(Diagnostic::new(&code::L28, first, message).help(help).fix(Fix::guess(edits)))
}

fn quote<'a>(span: Span, linted: &Linted<'a>) -> &'a str {
    span.of(linted.text).get(..1).unwrap_or_default()
}

fn inner<'a>(span: Span, linted: &Linted<'a>) -> &'a str {
    span.of(linted.text).get(1..).unwrap_or_default()
}

/// Whether `text` is neither `kind:…` nor the beginning of it.
fn lacks_kind(text: &FoldedText) -> bool {
    let text = text.folded();
    let kind = text.split(':').next().unwrap_or_default();
    let has_kind = kind.len() < text.len()
        && !kind.is_empty()
        && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    !has_kind && !ADDRESS_KINDS.iter().any(|kind| kind.starts_with(text))
}

/// Kinds of addresses that Exchange writes, folded.
const ADDRESS_KINDS: &[&str] = &["SMTP:", "SIP:", "X500:", "X400:", "EUM:", "SPO:"];

/// L29: a value that the attribute never has. The values come from the documentation's tables; words of
/// the Intune and Entra portals are the usual mistake.
pub(super) fn unknown_value(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let (name, path, values): (&str, String, Vec<&str>) = match &condition.target {
        Target::Attribute(attribute) => {
            let values = if attribute.open { &[][..] } else { &attribute.values };
            (&attribute.name, attribute.path(), values.iter().map(AsRef::as_ref).collect())
        }
        Target::Plan(field) if field.word() == "capabilityStatus" => {
            (field.word(), format!("assignedPlan.{}", field.word()), CAPABILITY_STATUSES.to_vec())
        }
        _ => return None,
    };
    let found = if constants(&condition.test).is_some() {
        texts(condition).into_iter().find(|(text, _)| is_never(name, &values, text))?
    } else {
        let text = part_asked_for(&condition.test)?;
        let some_value_passes =
            values.iter().any(|value| text_passes(&FoldedText::new(value), &condition.test) == Some(true));
        if values.is_empty() || some_value_passes {
            return None;
        }
        (text, condition.right)
    };
    Some(never(linted, (name, &path), &values, found, condition))
}

const CAPABILITY_STATUSES: &[&str] = &["Enabled", "Warning", "Suspended", "Deleted", "LockedOut"];

fn part_asked_for(test: &Test) -> Option<&FoldedText> {
    match test {
        Test::StartsWith(part) | Test::EndsWith(part) | Test::Contains(part) => Some(part),
        _ => None,
    }
}

/// Whether no object's attribute equals `text`.
fn is_never(name: &str, values: &[&str], text: &FoldedText) -> bool {
    // Those two have lints of their own.
    if matches!(text.folded(), "" | "NULL" | "$NULL") {
        return false;
    }
    let listed = values.iter().any(|value| fold(value) == text.folded());
    let is_country = || text.written().len() == 2 && text.written().bytes().all(|c| c.is_ascii_alphabetic());
    (!values.is_empty() && !listed)
        || (name == "usageLocation" && !is_country())
        || other_word(name, text).is_some()
}

fn never(
    linted: &Linted<'_>,
    (name, path): (&str, &str),
    values: &[&str],
    (text, span): (&FoldedText, Span),
    condition: &Condition,
) -> Diagnostic {
    let raw = span.of(linted.text);
    let whole = constants(&condition.test).is_some();
    let is = if whole { "is never" } else { "never passes a test for" };
    let finding = Diagnostic::new(&code::L29, span, format!("`{path}` {is} `{}`", linted.excerpt(span)));
    let meant = other_word(name, text);
    let near = || suggest::nearest(text.written(), values.iter().copied()).map(|near| vec![near]);
    let meant = meant.map(<[&str]>::to_vec).or_else(near).filter(|_| whole);
    let list = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match meant.as_deref() {
        Some([word]) => finding
            .help(format!("did you mean `{word}`?"))
            .fix(Fix::guess(vec![Edit::new(span, quoted_like(raw, word))])),
        Some(words) => finding.help(format!("did you mean one of {}?", list(words))),
        None if name == "usageLocation" => {
            finding.help("it holds a country code of two letters, such as `DE`")
        }
        None => finding.help(format!("its values are {}", list(values))),
    }
}

/// What the rule language calls a value that people know under another word.
fn other_word(name: &str, text: &FoldedText) -> Option<&'static [&'static str]> {
    let (_, _, meant) = OTHER_WORDS.iter().find(|(attribute, word, _)| {
        let hit = match word.strip_suffix('*') {
            Some(beginning) => text.folded().starts_with(beginning),
            None => text.folded() == *word,
        };
        *attribute == name && hit
    })?;
    Some(meant)
}

/// Attribute, the word in folded form (`*` for any ending), what the service stores.
const OTHER_WORDS: &[(&str, &str, &[&str])] = &[
    ("deviceOwnership", "CORPORATE*", &["Company"]),
    ("deviceOwnership", "BYOD", &["Personal"]),
    ("deviceTrustType", "HYBRID*", &["ServerAD"]),
    ("deviceTrustType", "AZURE AD JOINED", &["AzureAD"]),
    ("deviceTrustType", "AZUREADJOINED", &["AzureAD"]),
    ("deviceTrustType", "MICROSOFT ENTRA JOINED", &["AzureAD"]),
    ("deviceTrustType", "AZURE AD REGISTERED", &["Workplace"]),
    ("deviceTrustType", "MICROSOFT ENTRA REGISTERED", &["Workplace"]),
    ("deviceOSType", "MACOS", &["MacMDM"]),
    ("deviceOSType", "ANDROID", &["AndroidForWork", "AndroidEnterprise"]),
    ("userType", "EXTERNAL", &["Guest"]),
    ("userType", "INTERNAL", &["Member"]),
];

/// L30: an attribute that the service takes and never fills. The documentation says that it adds no device.
pub(super) fn retired_attribute(_: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let attribute = match &condition.target {
        Target::Attribute(attribute) | Target::Collection(attribute) if attribute.retired => attribute,
        _ => return None,
    };
    let message = format!("no object has a value for `{}`", attribute.path());
    Some(
        Diagnostic::new(&code::L30, condition.left, message)
            .help("test another attribute; this one is a leftover"),
    )
}

/// L31: `managementType -eq "MDM"` selects devices that nobody manages, as an administrator found out.
/// The application that manages a device says it better.
pub(super) fn management_type(_: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let is_management =
        matches!(&condition.target, Target::Attribute(attribute) if &*attribute.name == "managementType");
    let asks_for_mdm =
        constants(&condition.test).is_some_and(|texts| texts.iter().any(|text| text.folded() == "MDM"));
    if !is_management || !asks_for_mdm || condition.is_negative() {
        return None;
    }
    let finding = Diagnostic::new(&code::L31, condition.span, "some devices that nobody manages have the management type `MDM`")
        .help(format!("test the managing application, `device.deviceManagementAppId`: Intune is `{INTUNE_APP_ID}`, with Configuration Manager `{CO_MANAGED_APP_ID}`"));
    if condition.operator != Operator::Eq {
        return Some(finding);
    }
    let instead = format!("device.deviceManagementAppId -in [\"{INTUNE_APP_ID}\",\"{CO_MANAGED_APP_ID}\"]");
    Some(finding.fix(Fix::guess(vec![Edit::new(condition.span, instead)])))
}

const INTUNE_APP_ID: &str = "0000000a-0000-0000-c000-000000000000";
const CO_MANAGED_APP_ID: &str = "54b943f8-d761-4f8d-951e-9cea1846db5a";

/// L32: equality with a midnight instant. Instants are compared whole, so that a hire date at another time
/// of the day is missed, as tests against the service showed.
pub(super) fn midnight(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let Test::IsInstant(instant) = condition.test else { return None };
    if instant.as_second().rem_euclid(DAY_SECONDS) != 0 || instant.subsec_nanosecond() != 0 {
        return None;
    }
    let last = instant.checked_add(jiff::SignedDuration::from_secs(DAY_SECONDS - 1)).ok()?;
    let path = condition.left.of(linted.text);
    let window = format!("{path} -ge {instant} -and {path} -le {last}");
    let instead = match (condition.is_negative(), linted.is_wrapped(condition)) {
        (true, _) => format!("-not ({window})"),
        (false, true) => window,
        (false, false) => format!("({window})"),
    };
    let finding = Diagnostic::new(
        &code::L32,
        condition.span,
        "this asks for the very instant of midnight, not for the day",
    );
    Some(
        finding
            .help(format!("for the whole day write `{instead}`"))
            .fix(Fix::guess(vec![Edit::new(condition.span, instead)])),
    )
}

const DAY_SECONDS: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, messages, shown};
    use insta::assert_snapshot;

    #[test]
    fn addresses_without_their_kind() {
        assert_snapshot!(
            shown("(user.proxyAddresses -any (_ -startsWith \"contoso\"))"),
            @r#"L28 unsafe: (user.proxyAddresses -any (_ -startsWith "smtp:contoso"))"#
        );
        assert_snapshot!(
            shown("(user.proxyAddresses -any (_ -in ['smtp:a@x.y','b@x.y',\"c:d@x.y\"]))"),
            @r#"L28 unsafe: (user.proxyAddresses -any (_ -in ['smtp:a@x.y','smtp:b@x.y',"c:d@x.y"]))"#
        );
        for rule in [
            "-startsWith \"SMTP:a\"",
            "-startsWith \"sm\"",
            "-eq \"x500:/o=a\"",
            "-contains \"a@\"",
            "-endsWith \"@a\"",
        ] {
            assert_eq!(codes(&format!("(user.proxyAddresses -any (_ {rule}))")), "", "{rule}");
        }
        assert_eq!(codes("(user.otherMails -any (_ -startsWith \"contoso\"))"), "");
    }

    #[test]
    fn values_that_never_occur() {
        assert_snapshot!(shown("device.deviceOwnership -eq \"Corporate\""), @r#"L29 unsafe: device.deviceOwnership -eq "Company""#);
        assert_snapshot!(shown("device.deviceTrustType -eq 'Hybrid Azure AD joined'"), @"L29 unsafe: device.deviceTrustType -eq 'ServerAD'");
        assert_snapshot!(shown("user.userType -in [\"Members\",\"Guest\"]"), @r#"L29 unsafe: user.userType -in ["Member","Guest"]"#);
        assert_snapshot!(shown("device.deviceOSType -eq \"macOS\""), @r#"L29 unsafe: device.deviceOSType -eq "MacMDM""#);
        assert_snapshot!(
            messages("device.deviceOSType -eq \"Android\" -or device.profileType -eq \"Phone\" -or device.deviceTrustType -match \"work\" -or device.deviceOwnership -startsWith \"Corp\""),
            @r#"
        L29: `device.deviceOSType` is never `"Android"`
        L29: `device.profileType` is never `"Phone"`
        L05: the pattern `"work"` only asks for a text anywhere in the value
        L29: `device.deviceOwnership` never passes a test for `"Corp"`
        "#
        );
        assert_snapshot!(shown("user.usageLocation -eq \"Japan\""), @"L29");
        assert_snapshot!(
            shown("user.assignedPlans -any (assignedPlan.capabilityStatus -eq \"Enable\")"),
            @r#"L29 unsafe: user.assignedPlans -any (assignedPlan.capabilityStatus -eq "Enabled")"#
        );
    }

    #[test]
    fn values_that_occur() {
        for rule in [
            "device.deviceOwnership -eq \"COMPANY\"",
            "device.deviceOwnership -startsWith \"comp\"",
            "device.deviceOSType -eq \"Windows\"",
            "device.deviceOSType -eq \"AndroidForWork\"",
            "user.usageLocation -in [\"de\",\"US\"]",
            "user.passwordPolicies -eq \"x\"",
            "user.country -eq \"Germany\"",
        ] {
            assert_eq!(codes(rule), "", "{rule}");
        }
    }

    #[test]
    fn attributes_that_nobody_has() {
        assert_snapshot!(shown("device.organizationalUnit -eq \"US PCs\""), @"L30");
        assert_eq!(codes("device.deviceCategory -eq \"US PCs\""), "");
    }

    #[test]
    fn management_types() {
        assert_snapshot!(
            shown("(device.managementType -eq \"MDM\")"),
            @r#"L31 unsafe: (device.deviceManagementAppId -in ["0000000a-0000-0000-c000-000000000000","54b943f8-d761-4f8d-951e-9cea1846db5a"])"#
        );
        assert_eq!(codes("device.managementType -eq \"MicrosoftSense\""), "");
    }

    #[test]
    fn midnight_instants() {
        assert_snapshot!(
            shown("user.employeeHireDate -eq 2025-05-28"),
            @"L32 unsafe: (user.employeeHireDate -ge 2025-05-28T00:00:00Z -and user.employeeHireDate -le 2025-05-28T23:59:59Z)"
        );
        assert_snapshot!(
            shown("(user.employeeHireDate -ne null) -and (user.employeeHireDate -ne \"1969-05-28T00:00:00Z\")"),
            @"L32 unsafe: (user.employeeHireDate -ne null) -and (-not (user.employeeHireDate -ge 1969-05-28T00:00:00Z -and user.employeeHireDate -le 1969-05-28T23:59:59Z))"
        );
        assert_eq!(codes("user.employeeHireDate -eq 2025-05-28T08:00:00Z"), "");
        assert_eq!(codes("user.employeeHireDate -ge 2025-05-28"), "");
    }
}
