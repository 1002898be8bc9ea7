//! Which run of a state file is meant on the command line.

use std::fmt;
use std::str::FromStr;

use super::failure::Failure;
use crate::store::{RunChoice, RunHead, RunRecord, Session};

/// A run by number, by id, or counted from the last one: `3`, `run-…`, `last`, `last~2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunArg {
    written: String,
    choice: RunChoice,
}

impl FromStr for RunArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let choice = match text.strip_prefix("last") {
            Some("") => RunChoice::Last(0),
            Some(back) if back.starts_with('~') => {
                let number = back.trim_start_matches('~').parse();
                let number = number.ok().filter(|_| !back.starts_with("~~") && !back.contains('+'));
                RunChoice::Last(number.ok_or("after `last~` stands how many runs to go back")?)
            }
            _ if text.is_empty() => return Err("a run has a number or an id".to_owned()),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                RunChoice::Number(text.parse().map_err(|_| "no run has so large a number")?)
            }
            _ => RunChoice::Id(text.to_owned()),
        };
        Ok(Self { written: text.to_owned(), choice })
    }
}

impl fmt::Display for RunArg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

impl RunArg {
    /// The run, which has to be there.
    pub(super) fn find(&self, session: &Session<'_>) -> Result<RunRecord, Failure> {
        if let Some(run) = session.run(&self.choice)? {
            return Ok(run);
        }
        let path = session.path().display();
        Err(Failure::new(match session.last_run()? {
            Some(RunRecord { run: 1, head: RunHead { id, .. }, .. }) => {
                format!("{path}: there is no run `{self}`; the only run is 1 (`{id}`)")
            }
            Some(RunRecord { run, .. }) => {
                format!(
                    "{path}: there is no run `{self}`; the runs are 1 to {run}, and `dyngroup history` lists them"
                )
            }
            None => format!("{path}: there is no run `{self}`, nor any other yet"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_run() {
        let choice = |text: &str| text.parse::<RunArg>().map(|run| run.choice);
        assert_eq!(choice("last"), Ok(RunChoice::Last(0)));
        assert_eq!(choice("last~12"), Ok(RunChoice::Last(12)));
        assert_eq!(choice("007"), Ok(RunChoice::Number(7)));
        for id in ["run-7", "lastly", "+7", "-1", "٣"] {
            assert_eq!(choice(id), Ok(RunChoice::Id(id.to_owned())));
        }
        for wrong in ["", "last~", "last~x", "last~-1", "last~+1", "last~~1", "99999999999999999999"] {
            assert!(choice(wrong).is_err(), "{wrong}");
        }
    }
}
