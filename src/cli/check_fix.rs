//! `check --fix` and `check --diff`: fixed rules back into their files, or shown as a difference.

use std::io::Write;
use std::path::Path;

use rayon::prelude::*;

use super::failure::Failure;
use super::output;
use super::settings::Settings;
use super::source::{self, Input};
use crate::base::diagnostic::Safety;
use crate::language::fix::fix_until_stable;

/// Applies the fixes to the files and reads them again. Rules of standard input and of the command
/// line have no file: the fixed text goes to standard output.
pub(super) fn fix_files(
    inputs: &mut [Input],
    settings: &Settings,
    unsafe_fixes: bool,
) -> Result<(), Failure> {
    for input in inputs {
        let changed = fixed_rules(input, settings, unsafe_fixes);
        if changed.is_empty() {
            continue;
        }
        let content = input.rewritten(&changed)?;
        if is_file(input) {
            output::write_whole(Path::new(&input.name), content.as_bytes())?;
        } else {
            writeln!(std::io::stdout().lock(), "{}", content.trim_end_matches('\n'))?;
        }
        *input = source::read_text(&input.name, content, Some(input.format))?;
    }
    Ok(())
}

/// Prints what fixing would change, as unified differences.
pub(super) fn show_diffs(inputs: &[Input], settings: &Settings, unsafe_fixes: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for input in inputs {
        let changed = fixed_rules(input, settings, unsafe_fixes);
        if !changed.is_empty() {
            let content = input.rewritten(&changed)?;
            write_diff(&mut out, &input.name, &input.content, &content)?;
        }
    }
    Ok(())
}

/// One file's difference.
pub(super) fn write_diff(out: &mut impl Write, name: &str, before: &str, after: &str) -> std::io::Result<()> {
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
            let (text, _) = fix_until_stable(&rule.text, settings.options(), &settings.lints, safety);
            (text != rule.text).then_some((at, text))
        })
        .collect()
}

fn is_file(input: &Input) -> bool {
    input.name != "-" && !input.name.starts_with('<')
}
