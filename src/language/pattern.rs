//! Regular expressions of `-match` and `-notMatch`, in the flavour of .NET.
//!
//! A pattern is read by the rules of .NET with the options `IgnoreCase` and `CultureInvariant`, and
//! then written anew for an engine that runs in linear time, or, where look-around, references to
//! groups or the like need it, for a back-tracking one with a step limit. Text is matched as .NET
//! does: UTF-16 code units, `$` before a final line feed, case by invariant lower case.
//!
//! One difference is known: at `\b` and `\B`, spacing and enclosing marks and letter numbers count
//! as word characters.

mod casing;
mod class;
mod engine;
mod escape;
mod group;
mod numbers;
#[cfg(test)]
mod oracle;
mod plain;
mod property;
mod quantifier;
mod read;
mod required;
mod sample;
mod set;
mod size;
mod tree;
mod unit;
mod write;

use crate::base::span::Span;
use engine::Engine;
pub use plain::PlainPattern;
pub use required::RequiredText;
pub use set::PatternSet;
pub(crate) use unit::is_basic;

/// A regular expression that compiles.
///
/// ```
/// use dyngroup::language::pattern::Pattern;
/// let pattern = Pattern::new(r"^Da.*@contoso\.com$").unwrap();
/// assert_eq!(pattern.is_match("dana@Contoso.com"), Ok(true));
/// assert_eq!(pattern.is_match("adana@contoso.com"), Ok(false));
/// let error = Pattern::new("*@contoso.com").unwrap_err();
/// assert_eq!(error.message, "quantifier `*` has nothing to repeat");
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    engine: Engine,
}

/// Why a pattern is refused. The span counts bytes of the pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Where in the pattern.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// Whether .NET would take it and only dyngroup cannot run it.
    pub unsupported: bool,
}

/// A value on which the back-tracking engine gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression needs too many steps on this value")]
pub struct StepLimit;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] for a pattern that .NET refuses or that cannot be run here.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let tree = read::read(source)?;
        Ok(Self { source: source.to_owned(), engine: Engine::new(&tree)? })
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches anywhere in `value`.
    ///
    /// # Errors
    /// [`StepLimit`] when the back-tracking engine gives up.
    pub fn is_match(&self, value: &str) -> Result<bool, StepLimit> {
        self.engine.is_match(&unit::to_units(value))
    }

    /// Some short text that it matches, where one can be made up.
    pub fn sample(&self) -> Option<String> {
        let tree = read::read(&self.source).ok()?;
        sample::samples(&tree)
            .filter_map(|units| unit::from_units(&units))
            .find(|text| self.is_match(text) == Ok(true))
    }

    /// The plain test for a text that the pattern is, if it is one. `.*` at an open edge is dropped.
    ///
    /// ```
    /// use dyngroup::language::pattern::{Pattern, PlainPattern};
    /// let plain = |source| Pattern::new(source).unwrap().plain();
    /// assert_eq!(plain("^Da.*"), Some(PlainPattern::Prefix("Da".to_owned())));
    /// assert_eq!(plain("^Da.*s"), None);
    /// ```
    pub fn plain(&self) -> Option<PlainPattern> {
        plain::plain(&read::read(&self.source).ok()?)
    }

    /// Texts that every ASCII value that matches holds, letter case aside: each entry speaks for itself and
    /// may offer alternatives.
    ///
    /// ```
    /// use dyngroup::language::pattern::Pattern;
    /// let required = Pattern::new("^CC8[0-4]+ (x|yz)").unwrap().required_texts();
    /// assert_eq!((required[0].texts.as_slice(), required[0].at_start), (&["CC8".to_owned()][..], true));
    /// assert_eq!(required[2].texts, ["x", "yz"]);
    /// ```
    pub fn required_texts(&self) -> Vec<RequiredText> {
        read::read(&self.source).map(|tree| required::required(&tree)).unwrap_or_default()
    }

    /// Whether some value may need too many steps: the pattern goes to the back-tracking engine.
    pub fn can_give_up(&self) -> bool {
        self.engine.written.backtracking
    }

    /// The spans of `.*` and `.*?` at the very start or end of the pattern that can go without
    /// changing an answer. None where the pattern is a choice between branches.
    pub fn edge_wildcards(&self) -> Vec<Span> {
        read::read(&self.source).map(|tree| plain::edge_wildcards(&tree)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: a pattern, values that it matches, values that it does not.
    type Table<'row> = &'row [(&'row str, &'row [&'row str], &'row [&'row str])];

    fn check(table: Table) {
        for &(source, matching, other) in table {
            let pattern = Pattern::new(source).expect(source);
            for value in matching {
                assert_eq!(pattern.is_match(value), Ok(true), "{source} on {value:?}");
            }
            for value in other {
                assert_eq!(pattern.is_match(value), Ok(false), "{source} on {value:?}");
            }
            if let Some(sample) = pattern.sample() {
                assert_eq!(pattern.is_match(&sample), Ok(true), "{source} on its sample {sample:?}");
            }
        }
    }

    #[test]
    fn the_search_is_unanchored_and_ignores_case() {
        check(&[
            (".*on", &["London", "ON"], &["Oslo"]),
            ("6.*", &["16", "6"], &["15"]),
            ("^Da.*", &["Dana", "DAN"], &["Adana"]),
            ("Da.*", &["aDa"], &["ad"]),
            ("", &["", "x"], &[]),
            (r"^\d{3}$", &["123", "٣٤٥"], &["12", "1234"]),
            ("(?-i)Da", &["Da"], &["da"]),
            ("(?-i:D)a", &["Da", "DA"], &["da"]),
            ("a(?-i)B|C", &["aB", "AB", "C"], &["ab", "c"]),
            ("(a(?-i)B)C", &["aBc"], &["abc"]),
        ]);
    }

    #[test]
    fn case_is_that_of_the_invariant_lower_case() {
        check(&[
            ("k", &["K", "\u{212A}"], &[]),
            ("[j-l]", &["\u{212A}", "J"], &[]),
            ("s", &["S"], &["ſ"]),
            ("i", &["I"], &["İ", "ı"]),
            ("σ", &["Σ"], &["ς"]),
            ("[à-ö]", &["Ö"], &["x"]),
            (r"[^\x00-\x7F]", &["é"], &["K"]),
            (r"\p{Lu}", &["a", "A"], &["1", "ª"]),
            (r"(?-i)\p{Lu}", &["A"], &["a"]),
            (r"^\P{Ll}$", &["1"], &["a", "A"]),
        ]);
    }

    #[test]
    fn the_end_is_also_before_a_final_line_feed() {
        check(&[
            ("a$", &["a", "a\n"], &["a\n\n", "ab", "a\r\n"]),
            (r"a\Z", &["a", "a\n"], &["a\n\n"]),
            (r"a\z", &["a"], &["a\n"]),
            ("^$", &["", "\n"], &["a", "\n\n"]),
            ("a$|b", &["a\n", "bc"], &["ac"]),
            ("(a$)", &["a\n"], &["ac"]),
            ("a$\n", &["a\n"], &["a", "a\nb"]),
            ("a$.*", &["a\n", "a"], &["ab"]),
            ("(?:a$|b)c", &["bc"], &["ac"]),
            ("(?m)^b$", &["a\nb\nc", "b"], &["ab"]),
            ("^b", &["b"], &["a\nb"]),
            ("a.b", &["axb", "a\rb"], &["a\nb"]),
            ("(?s)a.b", &["a\nb"], &[]),
            ("(?s:a.)b.c", &["a\nbxc"], &["a\nb\nc"]),
            (r"\Ab", &["b"], &["ab"]),
            (r"\Gb", &["b"], &["ab"]),
        ]);
    }

    #[test]
    fn classes_hold_brackets_and_doubled_signs_as_they_are() {
        check(&[
            ("^[[a]$", &["[", "a"], &["]"]),
            ("^[a&&b]$", &["&", "a", "b"], &["c"]),
            ("^[a~~b]$", &["~"], &[]),
            ("^[+--]$", &["+", ",", "-"], &["."]),
            ("^[a-z-[aeiou]]$", &["b", "Z"], &["a", "E", "-"]),
            ("^[a-z-[aeiou-[e]]]$", &["e", "b"], &["a"]),
            ("^[^a-z-[0-9]]$", &["-", " "], &["a", "5"]),
            ("^[a-[a]]$", &[], &["a", "", "-"]),
            (r"^[\d-[5]]$", &["4"], &["5"]),
            (r"^[\w-z]$", &["-", "z", "ä"], &["."]),
            ("^[-[a]]$", &["-]", "[]", "a]"], &["-"]),
            ("^[]a]$", &["]", "a"], &["b"]),
            ("^[^]a]$", &["b"], &["]", "A"]),
            ("^[a-]$", &["-", "A"], &["b"]),
            ("^[]-a]$", &["^", "_"], &["b"]),
            ("^[[:alpha:]]$", &["a]", ":]"], &["a"]),
            (r"^[\b]$", &["\u{8}"], &["b"]),
            (r"^[\]\-\\]$", &["]", "-", "\\"], &["a"]),
            (r"^[^\W_]+$", &["añ9"], &["a_b", "-"]),
            (r"^[^\s\S]$", &[], &["a", " "]),
            ("(?x)^[a #]$", &[" ", "#"], &["x"]),
            (r"^[\x41-\x43]$", &["b"], &["d"]),
        ]);
    }

    #[test]
    fn braces_that_count_nothing_are_letters() {
        check(&[
            ("^x{$", &["x{"], &["x"]),
            ("^x{,3}$", &["x{,3}"], &["xxx"]),
            ("^x{2$", &["x{2"], &["xx"]),
            ("^x{2,a}$", &["x{2,a}"], &[]),
            ("^x{ 2}$", &["x{ 2}"], &["xx"]),
            ("^{}$", &["{}"], &[]),
            ("^x{}$", &["x{}"], &[]),
            ("^x}$", &["x}"], &[]),
            ("^x{2}$", &["xX"], &["x", "xxx"]),
            ("^x{2,}?$", &["xx", "xxxx"], &["x"]),
            ("^x{0}$", &[""], &["x"]),
            ("^x{1,2}y$", &["xy", "xxy"], &["xxxy"]),
            ("^(?#c)x(?#c){2}(?#c)?$", &["xx"], &["x"]),
            ("^x{2}(?#c)y$", &["xxy"], &[]),
        ]);
    }

    #[test]
    fn what_takes_nothing_may_be_repeated() {
        check(&[
            ("^*-1", &["a-1", "-1"], &["-2"]),
            ("^+a$+", &["a", "a\n"], &["ba"]),
            ("a$*b", &["ab"], &["a"]),
            ("(?:)*x", &["x"], &[]),
            ("(?:(?:)+)+", &[""], &[]),
            (r"\b{2}x", &["x"], &["ax"]),
            ("(?=a)*b", &["b"], &[]),
            ("(?=a)+.b", &["ab"], &["cb"]),
            ("(?:a*)*b", &["b", "aab"], &["a"]),
        ]);
    }

    #[test]
    fn escapes_stand_for_characters() {
        check(&[
            (r"^\a\e\f\n\r\t\v$", &["\u{7}\u{1b}\u{c}\n\r\t\u{b}"], &[]),
            (r"^\x41\u0042\103\0$", &["abc\0"], &[]),
            (r"^\cA\ca\c[$", &["\u{1}\u{1}\u{1b}"], &[]),
            (r"^\12\18$", &["\n\u{1}8"], &[]),
            (r"^\401$", &["\u{1}"], &[]),
            (r"^\<\>\'$", &["<>'"], &[]),
            (r"\<Fish\>", &["a<fish>b"], &["Fish"]),
            (r"\@\.\-\/\ \#\%", &["@.-/ #%"], &[]),
            (r"(a)\10$", &["a\u{8}"], &["aa0"]),
            (r"\[\]\(\)\{\}\|\^\$\*\+\?\\", &[r"[](){}|^$*+?\"], &[]),
        ]);
    }

    #[test]
    fn named_sets_are_those_of_unicode() {
        check(&[
            (r"^\w+$", &["añ9_‿", "日本"], &["a b", "-", "Ⅷ", "😀"]),
            (r"^\W$", &[" ", "-", "Ⅷ"], &["a"]),
            (r"^\s\S$", &[" x", "\u{2003}x", "\u{85}x"], &["xx"]),
            (r"^\D\d$", &["a٣"], &["33"]),
            (r"\bno\b", &["no", "a no b", "no-go"], &["nota", "ñno"]),
            (r"\Bno\B", &["knot"], &["no"]),
            (r"^\p{L}\p{Nd}\P{L}$", &["a11"], &["1aa"]),
            (r"^[\p{L}-[\p{IsBasicLatin}]]$", &["é"], &["e", "K"]),
            (r"^\p{IsGreek}$", &["α"], &["a"]),
            (r"^\P{IsGreek}$", &["a"], &["α"]),
            (r"^[^\p{IsCyrillic}]$", &["a"], &["я", "Я"]),
            (r"^\p{IsLatin-1Supplement}$", &["é"], &["e"]),
            (r"^\p{C}\p{Cn}\p{Co}\p{Cs}$", &[], &["\u{7}\u{FFFF}\u{E000}"]),
            (r"^\p{Cn}\p{Co}$", &["\u{FFFF}\u{E000}"], &["\u{FFFF}a"]),
        ]);
    }

    #[test]
    fn text_is_matched_by_utf_16_code_units() {
        check(&[
            ("^..$", &["😀", "ab"], &["a", "😀😀"]),
            ("😀", &["x😀y"], &["😂"]),
            ("^😀{2}$", &[], &["😀😀"]),
            (r"^\uD83D\uDE00$", &["😀"], &["😂"]),
            (r"^[\uD83D][\uDC00-\uDFFF]$", &["😀", "😂"], &["a"]),
            (r"^\p{Cs}{2}$", &["😀"], &["ab"]),
            (r"^\p{IsHighSurrogates}\p{IsLowSurrogates}$", &["😀"], &["ab"]),
            (r"^[\0-\uFFFF]{2}$", &["😀"], &[]),
            ("^[^a]{2}$", &["😀"], &["aa"]),
            ("𐐨", &["𐐨"], &["𐐀"]),
            (r"^\p{Co}$", &["\u{E000}"], &["\u{F0000}"]),
        ]);
    }

    #[test]
    fn groups_and_options_are_read_as_written() {
        check(&[
            ("^(?<first>a)(?'second'b)(c)(?:d)$", &["abcd"], &[]),
            ("(?x) a b # comment\n c", &["abc"], &["a b c"]),
            ("(?x: a b ) c", &["ab c"], &["abc"]),
            ("(?x)a {2} ?b", &["aab"], &["ab"]),
            ("(?x)a\\ b", &["a b"], &["ab"]),
            ("a #b", &["a #b"], &["a "]),
            ("(?I-i+s)A.", &["A\n"], &["a\n"]),
            ("(?i-s:a.)", &["AX"], &["a\n"]),
            ("(?n)(a)(?<x>b)", &["ab"], &[]),
            ("(?#comment)a(?#)b", &["ab"], &[]),
            ("a||b", &["", "x"], &[]),
            ("(|a)b", &["b", "ab"], &["a"]),
            ("(?:a|b(?i)c)D", &["ad", "BCd"], &["d"]),
        ]);
    }

    #[test]
    fn look_around_and_references_work() {
        check(&[
            (r"^(?!.*svc).*@contoso\.com$", &["ann@contoso.com"], &["svc1@contoso.com", "SVC@contoso.com"]),
            (r"(\w)\1", &["Aa", "hello"], &["helo"]),
            (r"(?<c>\w)x\k<c>", &["axA"], &["axb"]),
            (r"(?<c>\w)x\k'c'", &["axA"], &["axb"]),
            (r"(?<c>\w)x\<c>", &["axA"], &["axb"]),
            (r"(?<c>a)(b)\1\2", &["abba"], &["abab"]),
            (r"(?<7>a)\7", &["aa"], &["ab"]),
            (r"(?-i)(a)(?i)\1", &["aA"], &["AA"]),
            (r"\1(a)", &[], &["aa", "a"]),
            (r"(?:(a)|b)\1", &["aa"], &["b"]),
            (r"(?n)(a)(?<x>b)\1", &["abb"], &["aba"]),
            ("(?<=@)contoso", &["a@contoso"], &["contoso"]),
            ("(?<=a+)b", &["aab"], &["b"]),
            ("x(?<=ax)b", &["axb"], &["xb"]),
            ("x(?<!^x|ax)b", &["cxb"], &["xb", "axb"]),
            ("(?<!a)b", &["cb", "b"], &["ab"]),
            ("a(?=b)", &["ab"], &["a"]),
            ("a(?!b)", &["ac", "a"], &["ab"]),
            ("a(?=b$)b", &["ab", "ab\n"], &["abc"]),
            ("(?>a+)b", &["aab"], &["a"]),
            ("x(?>a|ab)c", &["xac"], &["xabc"]),
            ("x(?>a|ab)", &["xab"], &[]),
            (r"(?=(a|ab))\1c", &["ac"], &["abc"]),
            ("^(a)?(?(1)b|c)$", &["ab", "c"], &["b", "ac"]),
            ("^(?<n>a)?(?(n)b|c)$", &["ab", "c"], &["b", "ac"]),
            ("^(?(a.)ab|cd)$", &["ab", "cd"], &["ac"]),
            ("^(?(?=a)ab|cd)$", &["ab", "cd"], &["ac"]),
            ("^(?(a)ab)$", &["ab", ""], &["cd"]),
            ("^(a)?(?(1)|c)$", &["a", "c"], &["ac"]),
            ("^(a)?(?(1))b$", &["ab", "b"], &["a"]),
            (r"^(?((a))(a)|(b))\1$", &["aa"], &["bb", "b"]),
            (r"^(?(?=(a)))\1$", &["a"], &["b"]),
            ("(?!)", &[], &["", "a"]),
            ("(?=)a", &["a"], &["b"]),
            (r"^(?=.*\d)(?=.*[a-z]).{4,}$", &["ab12"], &["abcd", "1234", "a1"]),
        ]);
    }
}
