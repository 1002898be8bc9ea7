//! `check --fix` and `check --diff`: fixed rules back into their files, or shown as a difference.

use std::io::{self, Write};
use std::path::Path;

use rayon::prelude::*;

use super::failure::Failure;
use super::settings::Settings;
use super::source::{self, Input};
use super::{check, output};
use crate::base::diagnostic::Safety;
use crate::language::fix::fix_until_stable;

/// Applies the fixes to the files and reads them again. Rules of standard input and of the command
/// line have no file: their text goes to standard output, fixed or not.
pub(super) fn fix_inputs(
    inputs: &mut [Input],
    settings: &Settings,
    unsafe_fixes: bool,
) -> Result<(), Failure> {
    for input in inputs {
        let changed = fixed_rules(input, settings, unsafe_fixes);
        if changed.is_empty() && input.is_file() {
            continue;
        }
        match input.rewritten(&changed) {
            Ok(content) => {
                if input.is_file() {
                    output::write_whole(Path::new(&input.name), content.as_bytes())?;
                } else {
                    output::print_text(&content)?;
                }
                *input = source::read_text(&input.name, content, Some(input.format))?;
            }
            Err(error) => input.errors.push(error),
        }
    }
    Ok(())
}

/// Prints what fixing would change, as unified differences.
pub(super) fn show_diffs(
    inputs: &mut [Input],
    settings: &Settings,
    unsafe_fixes: bool,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for input in inputs {
        let changed = fixed_rules(input, settings, unsafe_fixes);
        if changed.is_empty() {
            continue;
        }
        match input.rewritten(&changed) {
            Ok(content) => write_diff(&mut out, &input.name, &input.content, &content)?,
            Err(error) => input.errors.push(error),
        }
    }
    Ok(())
}

fn write_diff(out: &mut impl Write, name: &str, before: &str, after: &str) -> io::Result<()> {
    let diff = similar::TextDiff::from_lines(before, after);
    write!(out, "{}", diff.unified_diff().header(name, name))
}

/// The rules that fixing changes, by their place in the input.
fn fixed_rules(input: &Input, settings: &Settings, unsafe_fixes: bool) -> Vec<(usize, String)> {
    let safety = if unsafe_fixes { Safety::Unsafe } else { Safety::Safe };
    input
        .rules
        .par_iter()
        .enumerate()
        .filter_map(|(at, rule)| {
            let options = check::options_for(rule, settings);
            let (text, _) = fix_until_stable(&rule.text, options, &settings.lints, safety);
            (text != rule.text).then_some((at, text))
        })
        .collect()
}
