//! What is said about broken rules: one finding for each mistake, none hidden, none invented, and quick
//! fixes that lead to a rule.
//!
//! Each snapshot holds the rule, then for each finding its code, the text that it points at, the message
//! and the help; below it the rule with the quick fix made.

use crate::rules::{compiled, rendered};

/// Compares what is said about `rules` with the snapshot of the test.
macro_rules! check {
    ($rules:expr) => {
        let said = $rules.iter().map(|rule| rendered(rule)).collect::<Vec<_>>().join("\n");
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(said) });
    };
}

#[test]
fn quotes() {
    check!([
        "user.city -eq \"Oslo",
        "user.city -eq Oslo\"",
        "user.city -eq 'Oslo\"",
        "user.city -eq \"\"Oslo\"\"",
        "user.displayName -eq \"Bob \"the\" Builder\"",
        "user.surname -eq 'O'Brien'",
        "(user.department -eq \"Sales) -and (user.city -eq \"Oslo\") -and (user.country -eq \"NO\")",
        "(user.department -eq Sales\") -and (user.city -eq \"Oslo\") -and (user.country -eq \"NO\")",
        "(user.department -eq \"Sales\") -and (user.city -eq \"Oslo) -and (user.country -eq NO\")",
        "user.department -in [\"Sales\", \"HR, \"IT\"] -and user.city -eq \"Oslo\"",
        "user.department -in [\"Sales\", HR\", \"IT\"] -and user.city -eq \"Oslo\"",
        "(user.department -eq “Sales\") -and (user.city -eq \"Oslo”) -and (user.country -eq ‘NO’)",
        "(user.userPrincipalName -match@domain.example\"* \")",
        "(device.devicePhysicalIDs -any \"_ -contains \"[ZTDId]\"\")",
        "\"(user.city -eq \"\"Oslo\"\")\"",
        "user.department -eq \"Sales” -and user.city -eq “Oslo\"",
    ]);
}

#[test]
fn parentheses() {
    check!([
        "(user.department -eq \"Sales\" -and (user.city -eq \"Oslo\") -and (user.country -eq \"NO\")",
        "(user.department -eq \"Sales\") -and (user.city -eq \"Oslo\" -and (user.country -eq \"NO\")",
        "((user.department -eq \"Sales\") -or ((user.city -eq \"Oslo\")",
        "(user.department -eq \"Sales\")) -and (user.city -eq \"Oslo\")",
        "user.department -eq \"Sales\") -and (user.city -eq \"Oslo\")",
        "(user.otherMails -any (_ -contains \"x\") -and (user.city -eq \"Oslo\")",
        "user.city -eq \"Oslo\" -and ()",
        "(",
        "[user.department -eq \"x\"]",
        "{user.city -eq \"x\"}",
        "(user.city -eq \"Oslo\"] -and (user.country -eq \"NO\")",
        "user.employeeHireDate -ge (system.now -minus P30D",
    ]);
}

#[test]
fn values() {
    check!([
        "user.department -eq Human Resources",
        "user.department -eq Research and Development -and user.city -eq Oslo",
        "user.mail -endsWith @contoso.com",
        "user.objectId -eq 3d9a1c77-0b42-4e58-a6f3-90c1d27be814",
        "(device.devicePhysicalIds -any (_ -startsWith [OrderID]:Kiosk\"))",
        "user.city -eq $city -and user.state -eq ${state} -and user.country -eq {{country}}",
        "user.employeeId -ne *null*",
        "user.city -eq",
        "user.city -eq -and user.country -eq \"NO\"",
        "user.city \"Oslo\"",
        "user.city -eq \"A\" -or \"B\"",
        "user.city -eq \"A\" -or -eq \"B\"",
        "user.city -eq \"A\" \"B\"",
        "user.accountEnabled -eq \"true\" -and user.dirSyncEnabled -eq $true",
        "user.employeeHireDate -ge system.now + P7D",
        "user.employeeHireDate -ge system.now() -minus P7D",
        "user.employeeHireDate -ge -plus P7D",
    ]);
}

#[test]
fn lists() {
    check!([
        "user.city -eq \"A\",\"B\"",
        "user.city -contains \"A\",\"B\"",
        "user.city -in (\"A\",\"B\")",
        "user.city NOT IN ('a','b')",
        "user.city -in [\"A\" \"B\"]",
        "user.city -in [\"A\",,\"B\",]",
        "user.city -in [\"A\";\"B\"]",
        "user.city -in [\"A\" or \"B\"]",
        "user.city -in {\"A\",\"B\"}",
        "user.city -in [[\"A\"],[\"B\"]]",
        "(user.city -in [\"A\",\"B\") -and (user.country -eq \"NO\")",
        "(user.city -in \"A\",\"B\"]) -and (user.country -eq \"NO\")",
        "user.city -in [Human Resources, Sales]",
    ]);
}

#[test]
fn operators() {
    check!([
        "user.mail -like \"*@x\"",
        "user.mail -notlike \"x%\"",
        "user.city is not null",
        "user.city does not contain \"Os\"",
        "user.city -not -contains \"Os\"",
        "user.mail -not null",
        "user.department == 'Sales' && user.city <> 'Oslo'",
        "!(user.city -eq \"Oslo\")",
        "user.city - eq \"Oslo\" -and user.country --eq \"NO\"",
        "user.city-eq \"Oslo\"",
        "user.accountEnabled -eqtrue",
        "user.city -eq -ne \"Oslo\"",
        "user.city -startwith \"Os\"",
        "(user.city -eq \"Oslo\") und (user.country -eq \"NO\")",
        "user.city -startsWith \"A\" -endsWith \"B\"",
        "user.employeeHireDate > system.now",
    ]);
}

#[test]
fn connectives() {
    check!([
        "(user.city -eq \"Oslo\") (user.country -eq \"NO\")",
        "user.city -eq \"Oslo\"user.city -eq \"Oslo\"",
        "user.city -eq \"Oslo\" -and",
        "-or user.city -eq \"Oslo\"",
        "user.city -eq \"Oslo\" -and -or user.country -eq \"NO\"",
        "(user.city -eq \"Oslo\" -and) user.country -eq \"NO\"",
        "user.city -eq \"Oslo\", user.country -eq \"NO\"",
        "user.city -eq \"Oslo\" ; user.country -eq \"NO\"",
        "user.city -eq \"Oslo\" then user.country -eq \"NO\"",
        "user.city -eq \"Oslo\" -anduser.country -eq \"NO\"",
        "user.city -eq \"Oslo\" -not user.country -eq \"NO\"",
        "user.city -or user.state -eq \"Oslo\"",
        "not user.accountEnabled",
    ]);
}

#[test]
fn names() {
    check!([
        "user. city -eq \"Oslo\"",
        "user/city -eq \"Oslo\"",
        "usercity -eq \"Oslo\"",
        "city -eq \"Oslo\"",
        "[user.city] -eq \"Oslo\" -and {{user.country}} -eq \"NO\"",
        "$user.city -eq \"Oslo\" -and $_.country -eq \"NO\"",
        "users.city -eq \"Oslo\"",
        "user.ctiy -eq \"Oslo\"",
        "\"Oslo\" -eq user.city",
        "user.city user.city -eq \"Oslo\"",
    ]);
}

#[test]
fn bodies() {
    check!([
        "user.assignedLicenses -any (assignedLicense: assignedLicense.skuId -eq \"x\")",
        "user.assignedPlans -any (x: x.servicePlanId -eq \"y\" -and x.capabilityStatus -eq \"Enabled\")",
        "user.assignedPlans/any(x:x/servicePlanId eq 'y')",
        "user.assignedLicenses -any (license in collection \"y\")",
        "user.proxyAddresses.any(_ -contains \"x\")",
        "user.proxyAddresses (_ -contains \"x\")",
        "user.proxyAddresses -any \"x\"",
        "user.proxyAddresses -any (contains \"x\")",
        "user.proxyAddresses -any",
        "user.proxyAddresses -any_ -contains \"x\"",
        "Direct Reports \"62e19b97-8b3d-4d4a-a106-4ce66896a863\"",
        "Direct Reports for",
    ]);
}

#[test]
fn other_languages() {
    check!([
        "startswith(user.mail,'a')",
        "user.mail.startsWith(\"a\") -and user.accountEnabled -eq true",
        "if (user.city -eq \"Oslo\")",
        "SELECT * FROM users WHERE user.city = 'Oslo'",
        "user.city IN ('a','b')",
        "(user.department -eq &quot;Sales&quot;) &amp;&amp; (user.city -eq \\\"Oslo\\\")",
        "user.mail&nbsp;-eq \"a\"<br>",
        "user.city -eq \"Oslo\" // the capital",
        "All users in the Sales department who work in Oslo should be members",
        "{\"membershipRule\": \"user.department -eq \\\"Sales\\\"\", \"state\": \"On\"}",
        "membershipRule = \"user.mail -eq 'a'\"",
        "- user.city -eq \"Oslo\";",
        "user.city%20-eq%20%22Oslo%22",
    ]);
}

#[test]
fn two_and_three_mistakes() {
    check!([
        "user.city -equal \"Oslo\" && user.departmnt -eq \"Sales\"",
        "(user.city -eq “Oslo\") -and (user.country -eq NO) (user.state -eq \"x\")",
        "(user.accountEnabled -eq \"true\") -and (user.mail -like \"*@x\") -and (user.city -in (\"a\",\"b\"))",
        "user.city -eq \"Oslo\" user.departmnt -eq \"Sales\" user.country -eq \"NO\"",
        "(user.city -eq Oslo\") -and (user.country -eq \"NO) -and user.state -eq \"x\")",
        "((user.city -eq \"Oslo\") -and user.country - eq \"NO\" -or user.state startsWith x",
        "(user.employeeHireDate -ge system.now + P7D -and user.accountEnabled -eq $true) user.city \"Oslo\"",
    ]);
}

/// Rules with one mistake each get one finding each.
#[test]
fn one_mistake_is_one_finding() {
    let rule = "(user.department -eq \"Sales\") -and (user.city -in [\"Oslo\", \"Bergen\"]) -and -not \
                (user.otherMails -any (_ -endsWith \"@example.com\")) -or (user.accountEnabled -ne true)";
    assert!(compiled(rule).rule.is_some());
    let signs = |c: char| "\"()[],".contains(c);
    for (at, sign) in rule.char_indices().filter(|&(_, c)| signs(c)) {
        let (before, behind) = (&rule[..at], &rule[at + 1..]);
        for broken in [format!("{before}{behind}"), format!("{before}{sign}{sign}{behind}")] {
            let findings = compiled(&broken).diagnostics;
            let errors = findings.iter().filter(|finding| finding.is_error()).count();
            // A bracket pair around a comma or group too many still is a rule.
            assert!(errors <= 1, "{}", rendered(&broken));
            assert!(errors == 1 || compiled(&broken).rule.is_some(), "{}", rendered(&broken));
        }
    }
}

/// Making the first quick fix again and again leads to a rule that is accepted.
#[test]
fn quick_fixes_lead_to_a_rule() {
    for rule in [
        "(user.department -eq \"Sales) -and (user.city -eq Oslo\") -and (user.country -eq “NO”)",
        "user.city -eq \"A\",\"B\" && user.accountEnabled == $true",
        "startswith(user.mail,'a') and (user.city IN ('x','y')",
        "user.assignedPlans/any(x:x/servicePlanId eq 'y')",
        "[user.city -eq Oslo] or -eq \"Bergen\"",
        "{\"membershipRule\": \"user.city -eq &quot;Oslo&quot;\"}",
    ] {
        let mut text = rule.to_owned();
        for _ in 0..8 {
            let findings = compiled(&text).diagnostics;
            let fix =
                findings.into_iter().filter(|finding| finding.is_error()).find_map(|finding| finding.fix);
            let Some(fix) = fix else { break };
            text = fix.applied_to(&text).expect("edits fit the rule");
        }
        assert!(compiled(&text).rule.is_some(), "{rule} became {text}");
    }
}
