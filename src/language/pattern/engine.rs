//! The engines that run a pattern: a linear one, and a back-tracking one for what needs it.

use std::sync::OnceLock;

use super::size::compiled_bytes;
use super::tree::Node;
use super::write::{Written, write};
use super::{PatternError, StepLimit};
use crate::base::limits::{
    REGEX_BACKTRACK_MAX_INSTRUCTIONS, REGEX_BACKTRACK_MAX_STEPS, REGEX_COMPILED_MAX_BYTES,
};

/// Nesting in the written pattern: each level of the author's takes up to four.
pub(super) const WRITTEN_NESTING_MAX_LEVELS: u32 = 1_000;

/// What each part costs at most where the back-tracking engine compiles it on its own.
const BACKTRACK_PART_BYTES: u64 = 3_000;

/// A pattern that is known to compile, compiled when first needed.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) written: Written,
    compiled: OnceLock<Option<Compiled>>,
}

#[derive(Clone, Debug)]
enum Compiled {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl Engine {
    /// Prepares `tree`. Compiles it at once only where that may fail: the engines are slower to set
    /// up than a whole rule is to check.
    pub(super) fn new(tree: &Node) -> Result<Self, PatternError> {
        let written = write(tree)?;
        let refused =
            |message: &str| PatternError { span: tree.span, message: message.to_owned(), unsupported: true };
        let limit = u64::try_from(REGEX_COMPILED_MAX_BYTES).unwrap_or(u64::MAX);
        let compiled = OnceLock::new();
        if written.backtracking {
            if compiled_bytes(tree, BACKTRACK_PART_BYTES) > limit {
                return Err(refused("pattern is too large for one with look-around or references"));
            }
            let regex = backtracking(&written.text).map_err(|error| refused(reason(&error)))?;
            let _ = compiled.set(Some(Compiled::Backtracking(regex)));
        } else if compiled_bytes(tree, 0) > limit / 4 {
            let regex = linear(&written.text)
                .ok_or_else(|| refused("pattern is too large once its counts are unrolled"))?;
            let _ = compiled.set(Some(Compiled::Linear(regex)));
        }
        Ok(Self { written, compiled })
    }

    /// Whether the pattern matches anywhere in `units`.
    pub(super) fn is_match(&self, units: &str) -> Result<bool, StepLimit> {
        match self.compiled.get_or_init(|| linear(&self.written.text).map(Compiled::Linear)) {
            Some(Compiled::Linear(regex)) => Ok(regex.is_match(units)),
            Some(Compiled::Backtracking(regex)) => regex.is_match(units).map_err(|_| StepLimit),
            // Not reached as long as the measured sizes hold; no answer is better than a wrong one.
            None => Err(StepLimit),
        }
    }
}

fn linear(text: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(text)
        .size_limit(REGEX_COMPILED_MAX_BYTES)
        .nest_limit(WRITTEN_NESTING_MAX_LEVELS)
        .build()
        .ok()
}

fn backtracking(text: &str) -> fancy_regex::Result<fancy_regex::Regex> {
    fancy_regex::RegexBuilder::new(text)
        .backtrack_limit(REGEX_BACKTRACK_MAX_STEPS)
        .max_prog_size(REGEX_BACKTRACK_MAX_INSTRUCTIONS)
        .delegate_size_limit(REGEX_COMPILED_MAX_BYTES)
        .build()
}

/// Why the back-tracking engine refuses a pattern, in plain words.
fn reason(error: &fancy_regex::Error) -> &'static str {
    use fancy_regex::{CompileError, Error, ParseError};
    match error {
        Error::ParseError(_, ParseError::RecursionExceeded) => {
            "nested too deep for look-around or references"
        }
        Error::CompileError(error) => match **error {
            CompileError::VariableLookBehindRequiresFeature | CompileError::LookBehindNotConst => {
                "a look-behind of no fixed length is not supported here"
            }
            CompileError::PatternTooComplex | CompileError::InnerError(_) => {
                "pattern is too large for one with look-around or references"
            }
            _ => "this use of look-around or references is not supported",
        },
        _ => "this use of look-around or references is not supported",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::unit::to_units;
    use super::super::{Pattern, StepLimit};

    fn is_backtracking(source: &str) -> bool {
        Pattern::new(source).expect(source).engine.written.backtracking
    }

    #[test]
    fn only_what_needs_it_goes_to_the_back_tracking_engine() {
        for source in [
            "a$",
            "(a$|b$)",
            "a(?=b$)",
            "(?<=a+)b",
            "(?>a+b)",
            "(?:a|(?<=x)b)c$",
            "(a)(?<n>b)",
            "(?=a)?b",
            "a$*b",
        ] {
            assert!(!is_backtracking(source), "{source}");
        }
        for source in
            ["a$b", "(?=a)b", "a(?!b)", "(?>a+)b", r"(a)\1", "(a)?(?(1)b|c)", "x(?<=a)b", "(?:(?<=a)b)+"]
        {
            assert!(is_backtracking(source), "{source}");
        }
    }

    #[test]
    fn too_many_steps_are_no_answer() {
        for source in [r"^(?:(?!b)a|a)*c$", r"^(?:a|a)*\1?(b)$", r"^(a|aa)+\1c$"] {
            let pattern = Pattern::new(source).expect(source);
            assert_eq!(pattern.is_match(&"a".repeat(60)), Err(StepLimit), "{source}");
            assert!(pattern.is_match("a").is_ok(), "{source}");
        }
    }

    #[test]
    fn what_compiles_too_large_is_refused_at_once() {
        for source in [
            r"\w{1000}",
            "(?:a{1000}){1000}",
            "(?:(?:a{999}){999}){999}",
            "a{2147483647}",
            r"(?:\w{9}|b){2147483647,}",
            r"(?=\w{1000})a",
            r"(a)(?:\1{1000}){1000}",
            r"(a)\1{100000}",
        ] {
            let error = Pattern::new(source).expect_err(source);
            assert!(error.unsupported, "{source}: {error:?}");
        }
        for source in
            ["a{1000}", ".{256}", r"\w{64}", r"(?:\d{1,3}\.){3}", r"(?=\w{20})a", "(?:){2147483647}"]
        {
            assert!(Pattern::new(source).expect(source).is_match("").is_ok(), "{source}");
        }
    }

    #[test]
    fn what_is_not_compiled_at_once_compiles_when_needed() {
        let wide = "[é-ỹ]".repeat(30);
        let branches = (0..400).map(|number| format!("branch {number}\\b")).collect::<Vec<_>>().join("|");
        for source in
            [&wide, &branches, r"\w{20}\W{20}", r"[^\p{L}-[\p{Lu}]]{15}", r"(?s:.){1000}", "[^k]{900}"]
        {
            let pattern = Pattern::new(source).expect(source);
            assert!(pattern.engine.compiled.get().is_none(), "{source}");
            assert!(pattern.is_match("x").is_ok(), "{source}");
        }
    }

    #[test]
    fn deep_patterns_run_on_a_small_stack() {
        for (open, close) in
            [("(?:", ")"), ("(", "|b)*"), ("(?:x(?:", "c)+|d)?"), ("(?=", ")a"), ("(?>", "|b)a")]
        {
            let levels = 100 / open.matches('(').count();
            let source = format!("{}a{}", open.repeat(levels), close.repeat(levels));
            match Pattern::new(&source) {
                Ok(pattern) => assert!(pattern.is_match("aaaa").is_ok(), "{source}"),
                Err(error) => assert!(error.unsupported, "{error:?}"),
            }
        }
    }

    /// Patterns in the syntax that .NET and the engine share.
    fn shared() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            4 => "[a-c01 @_-]",
            1 => Just(".".to_owned()),
            1 => prop::sample::select(vec![r"\.", r"\d", r"\D", r"\s", r"\b", "^", r"\n", r"\x41", r"\z", r"\A"])
                .prop_map(str::to_owned),
            1 => prop::sample::select(vec!["[a-c]", "[^a-b0]", "[b0-]", r"[\d_]", r"[^\s]", "[A-B]", r"[\]\-]"])
                .prop_map(str::to_owned),
        ];
        let quantifier =
            prop::sample::select(vec!["", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?", "{2,3}?"]);
        atom.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| format!("({})", parts.join("|"))),
                (inner.clone(), quantifier.clone()).prop_map(|(part, times)| format!("(?:{part}){times}")),
                (inner.clone(), inner).prop_map(|(left, right)| format!("{left}|{right}")),
            ]
        })
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof!["[a-cA-C01 @_\n-]{0,8}", "[ab0\n]{0,5}", "[aé😀\u{2003}0]{0,4}"]
    }

    fn direct(source: &str) -> regex::Regex {
        regex::RegexBuilder::new(source).case_insensitive(true).build().expect(source)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn shared_syntax_means_the_same(source in shared(), values in prop::collection::vec(value(), 1..8)) {
            let pattern = Pattern::new(&source).expect(&source);
            for value in values {
                // The engine itself takes a character beyond the basic plane for one.
                prop_assert_eq!(pattern.is_match(&value), Ok(direct(&source).is_match(&to_units(&value))), "{}", value);
            }
            if let Some(sample) = pattern.sample() {
                prop_assert_eq!(pattern.is_match(&sample), Ok(true));
            }
        }

        /// The look-ahead says nothing, but sends the pattern to the other engine.
        #[test]
        fn both_engines_agree(source in shared(), values in prop::collection::vec(value(), 1..8)) {
            let pattern = Pattern::new(&source).expect(&source);
            for other in [format!("(?!\\zx)(?:{source})"), format!("(?:{source})(?<!\\Ax)"), format!("(x?)(?:{source})\\1?")] {
                let other = Pattern::new(&other).expect(&other);
                for value in &values {
                    prop_assert_eq!(pattern.is_match(value), other.is_match(value), "{} on {}", other.source(), value);
                }
            }
        }
    }
}
