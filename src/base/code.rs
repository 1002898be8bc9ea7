//! Every diagnostic code, once. Codes are never reused; `docs/diagnostics.md` explains each one.
//!
//! `DG01xx` characters and words, `DG02xx` shape of the rule, `DG03xx` attributes, operators and
//! values, `DG04xx` limits and circumstances, `DG05xx` files and tenant data, `L01` to `L39` lints.

use super::diagnostic::Severity;

/// What is fixed about a kind of finding.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Code {
    /// The stable id, such as `DG0301` or `L21`.
    pub id: &'static str,
    /// The usual severity.
    pub severity: Severity,
    /// A short title, lower case.
    pub title: &'static str,
    /// The service's message for it, where known; `…` stands for what varies.
    pub service_message: Option<&'static str>,
}

impl Code {
    /// Whether it is a lint: the rule is understood and something about it deserves a look.
    pub fn is_lint(&self) -> bool {
        self.id.starts_with('L')
    }
}

/// Looks a code up by its id, in any letter case.
///
/// ```
/// use dyngroup::base::code;
/// assert_eq!(code::find("dg0301"), Some(&code::UNKNOWN_ATTRIBUTE));
/// assert_eq!(code::find("DG9999"), None);
/// ```
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

macro_rules! codes {
    ($($name:ident = $id:literal, $severity:ident, $title:literal, $service:expr;)*) => {
        $(
            #[doc = concat!("`", $id, "`: ", $title, ".")]
            pub static $name: Code =
                Code { id: $id, severity: Severity::$severity, title: $title, service_message: $service };
        )*
        /// All codes in the order of their ids.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    INVALID_CHARACTER = "DG0101", Error, "character that no rule can hold", Some("Invalid characters found in the rule: …");
    UNTERMINATED_STRING = "DG0102", Error, "string without its closing quote", None;
    DETACHED_HYPHEN = "DG0103", Error, "blank between the hyphen and its operator", None;
    MISSING_BLANK = "DG0104", Error, "no blank before an operator", None;
    LEFTOVER_ESCAPE = "DG0105", Error, "escape of another language left in the rule", Some("Invalid characters found in the rule: …");
    MALFORMED_LITERAL = "DG0106", Error, "number, date or duration that cannot be read", None;
    DOLLAR_WORD = "DG0107", Error, "dollar sign before a literal", None;
    MISSING_CONNECTIVE = "DG0201", Error, "two conditions without -and or -or between them", Some("Query compilation error");
    UNCLOSED_PARENTHESIS = "DG0202", Error, "parenthesis that is never closed", None;
    SURPLUS_PARENTHESIS = "DG0203", Error, "closing parenthesis that nothing opened", None;
    MISSING_OPERATOR = "DG0204", Error, "attribute without an operator", None;
    MISSING_VALUE = "DG0205", Error, "operator without a value", None;
    MISSING_ATTRIBUTE = "DG0206", Error, "operator without an attribute before it", None;
    UNKNOWN_OPERATOR = "DG0207", Error, "word that is no operator", Some("Query compilation error");
    STRAY_TEXT = "DG0208", Error, "text that belongs to no condition", Some("Query compilation error");
    MALFORMED_LIST = "DG0209", Error, "list that cannot be read", None;
    OPERAND_ORDER = "DG0210", Error, "value before the attribute", None;
    EMPTY_RULE = "DG0211", Error, "rule without a condition", None;
    MISSING_BODY = "DG0212", Error, "-any or -all without a condition", None;
    UNWRAPPED_QUANTIFIER = "DG0213", Error, "-any or -all next to another condition without parentheses", Some("Invalid operands found for operator -any");
    DANGLING_CONNECTIVE = "DG0214", Error, "connective without a condition beside it", None;
    NOT_AS_COMPARISON = "DG0215", Error, "-not used as a comparison", Some("Invalid operands found for operator -not");
    FOREIGN_SYNTAX = "DG0216", Error, "function call or lambda of another language", None;
    MALFORMED_DIRECT_REPORTS = "DG0217", Error, "Direct Reports rule that cannot be read", Some("Query compilation error");
    UNEXPECTED_TOKEN = "DG0299", Error, "rule that cannot be read", Some("Query compilation error");
    UNKNOWN_ATTRIBUTE = "DG0301", Error, "unknown attribute", Some("Wrong property applied.");
    NO_OBJECT = "DG0302", Error, "attribute without user. or device. before it", Some("No object type");
    UNKNOWN_OBJECT = "DG0303", Error, "unknown object before an attribute", Some("Invalid object type.");
    MIXED_OBJECTS = "DG0304", Error, "user and device attributes in one rule", Some("Invalid object type.");
    WRONG_SUBJECT = "DG0305", Error, "rule about the wrong kind of object", Some("Invalid object type.");
    OPERATOR_NOT_SUPPORTED = "DG0306", Error, "operator that the attribute does not take", Some("Operator isn't supported on attribute");
    VALUE_KIND = "DG0307", Error, "value of the wrong kind", Some("Value can't be applied to property.");
    BARE_WORD = "DG0308", Error, "text value without quotes", Some("No object type");
    NULL_OPERAND = "DG0309", Error, "null with another operator than -eq or -ne", Some("Invalid operands found for operator …");
    INVALID_REGEX = "DG0310", Error, "regular expression that does not compile", Some("Query compilation error");
    ITEM_SCOPE = "DG0311", Error, "item outside its -any or -all, or attribute inside one", Some("Invalid object type.");
    NESTED_QUANTIFIER = "DG0312", Error, "-any or -all inside another one", None;
    NOT_A_COLLECTION = "DG0313", Error, "-any or -all on an attribute with one value", Some("Invalid operands found for operator …");
    WRONG_ITEM = "DG0314", Error, "item word that does not belong to the collection", Some("Invalid object type.");
    INVALID_DATE = "DG0315", Error, "value that is no date-time", Some("Value can't be applied to property.");
    INVALID_DURATION = "DG0316", Error, "duration that cannot be used", None;
    DATE_ARITHMETIC = "DG0317", Error, "date arithmetic that the service refuses", None;
    EXTENDED_ONLY = "DG0318", Error, "construct of the extended dialect", None;
    MEMBER_OF_FORM = "DG0319", Error, "memberOf in another form than the one allowed", Some("Invalid operands found for operator -any");
    DIRECT_REPORTS_COMBINED = "DG0320", Error, "Direct Reports combined with another condition", Some("Query compilation error");
    UNSUPPORTED_REGEX = "DG0321", Error, "regular expression that dyngroup cannot run", None;
    NOT_A_CONDITION = "DG0322", Error, "operand that is no condition", Some("Invalid operands found for operator …");
    RULE_TOO_LONG = "DG0401", Error, "rule above the length limit", Some("Rule exceeds maximum allowed length.");
    TOO_DEEP = "DG0402", Error, "conditions nested too deep", None;
    TOO_MANY_GROUPS = "DG0403", Error, "more groups than memberOf takes", None;
    MORE_FINDINGS = "DG0404", Info, "more findings than are listed", None;
    GROUP_CANNOT_BE_DYNAMIC = "DG0405", Error, "role-assignable group with a membership rule", None;
    VERSION_ORDER = "DG0406", Warning, "ordering of operating system versions", None;
    EVALUATION_FAILED = "DG0407", Error, "rule that cannot be evaluated", None;
    WRAPPED_MEMBER_OF = "DG0408", Warning, "memberOf rule in parentheses", None;
    FILE_UNREADABLE = "DG0501", Error, "file that cannot be read", None;
    DATA_SYNTAX = "DG0502", Error, "data that is not valid JSON, CSV, TOML or Terraform", None;
    DATA_FIELD = "DG0503", Error, "field of the wrong type or missing", None;
    DUPLICATE_ID = "DG0504", Error, "two objects with one id", None;
    GROUP_CYCLE = "DG0505", Error, "groups that depend on each other in a circle", None;
    UNKNOWN_GROUP = "DG0506", Warning, "memberOf names a group that the tenant does not have", None;
    NO_RULE_FOUND = "DG0507", Warning, "input without any rule", None;
    L01 = "L01", Info, "regular expression that is a plain prefix", None;
    L02 = "L02", Info, "regular expression that is a plain suffix", None;
    L03 = "L03", Info, "negated regular expression that is a plain suffix", None;
    L04 = "L04", Info, "regular expression that is a plain equality", None;
    L05 = "L05", Info, "regular expression that is a bare literal", None;
    L06 = "L06", Info, "regular expression with a useless .* at its edge", None;
    L07 = "L07", Info, "-contains where a narrower test may do", None;
    L08 = "L08", Info, "-eq chain that is one -in", None;
    L09 = "L09", Info, "-ne chain that is one -notIn", None;
    L10 = "L10", Info, "condition repeated in every branch", None;
    L11 = "L11", Warning, "condition that another one makes useless", None;
    L12 = "L12", Warning, "conditions that are never or always true", None;
    L13 = "L13", Info, "existence test that adds nothing", None;
    L14 = "L14", Warning, "memberOf, whose support ended on 2026-11-03", None;
    L15 = "L15", Warning, "body of -any or -all without parentheses", None;
    L16 = "L16", Warning, "-any or -all term not wrapped in parentheses", None;
    L17 = "L17", Warning, "-and and -or mixed without parentheses", None;
    L18 = "L18", Warning, "plain operator on a collection", None;
    L19 = "L19", Warning, "negative operator under -any", None;
    L20 = "L20", Info, "-all is true for an empty collection", None;
    L21 = "L21", Info, "negative condition that is true without a value", None;
    L22 = "L22", Warning, "quoted null", None;
    L23 = "L23", Warning, "comparison with the empty string", None;
    L24 = "L24", Info, "$null", None;
    L25 = "L25", Warning, "dash that is no hyphen", None;
    L26 = "L26", Error, "typographic quotes", Some("Invalid characters found in the rule: …");
    L27 = "L27", Info, "attribute in another spelling than the documented one", None;
    L28 = "L28", Warning, "proxyAddresses tested without smtp:", None;
    L29 = "L29", Warning, "value that the attribute never has", None;
    L30 = "L30", Warning, "attribute that no object ever has", None;
    L31 = "L31", Info, "managementType as a test for managed devices", None;
    L32 = "L32", Warning, "equality with a midnight instant", None;
    L33 = "L33", Warning, "dirSyncEnabled -eq false misses never-synced people", None;
    L34 = "L34", Info, "service plan tested without its status", None;
    L35 = "L35", Info, "attribute that its owner may write", None;
    L36 = "L36", Info, "no condition against agent user accounts", None;
    L37 = "L37", Info, "rule near a limit", None;
    L38 = "L38", Warning, "lone apostrophe in a string", None;
    L39 = "L39", Error, "attribute name of Conditional Access, Graph or Intune", Some("Wrong property applied.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_sorted() {
        for pair in ALL.windows(2) {
            let [before, after] = pair else { unreachable!() };
            assert!(before.id < after.id, "{} before {}", before.id, after.id);
        }
    }
}
