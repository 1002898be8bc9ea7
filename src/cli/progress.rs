//! How far a long command is: its stages on a terminal, nothing in a pipe, and the seconds that each took.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// The stages of a command.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Seconds of each stage, in the order in which they began.
    seconds: Vec<(&'static str, f64)>,
}

impl Progress {
    /// Shows the stages if standard error is a terminal.
    pub(super) fn shown() -> Self {
        Self { bar: ProgressBar::new_spinner(), seconds: Vec::new() }
    }

    /// Shows nothing.
    pub(super) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), seconds: Vec::new() }
    }

    /// Does a piece of work that goes on for a while. Pieces with one name count as one stage.
    pub(super) fn stage<T>(
        &mut self,
        name: &'static str,
        message: &'static str,
        work: impl FnOnce() -> T,
    ) -> T {
        self.bar.set_style(ProgressStyle::default_spinner());
        self.bar.set_message(message);
        self.bar.enable_steady_tick(TICK);
        let result = self.timed(name, |_| work());
        self.bar.disable_steady_tick();
        result
    }

    /// Does a piece of work that consists of `total` steps and says how many more are done.
    pub(super) fn share<T>(
        &mut self,
        name: &'static str,
        total: u64,
        work: impl FnOnce(&(dyn Fn(u64) + Sync)) -> T,
    ) -> T {
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% evaluated, {eta} left") {
            self.bar.set_style(style);
        }
        self.bar.set_length(total);
        self.bar.set_position(0);
        self.bar.enable_steady_tick(TICK);
        let result = self.timed(name, |bar| work(&|done| bar.inc(done)));
        self.bar.disable_steady_tick();
        result
    }

    /// Takes what is shown away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Seconds of each stage, in the order in which they began.
    pub(super) fn seconds(&self) -> Vec<(&'static str, f64)> {
        self.seconds.clone()
    }

    fn timed<T>(&mut self, name: &'static str, work: impl FnOnce(&ProgressBar) -> T) -> T {
        let start = Instant::now();
        let result = work(&self.bar);
        let took = start.elapsed().as_secs_f64();
        match self.seconds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, seconds)) => *seconds += took,
            None => self.seconds.push((name, took)),
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_stage_are_one_stage() {
        let mut progress = Progress::hidden();
        assert_eq!(progress.stage("read", "reading", || 1), 1);
        assert_eq!(progress.share("evaluate", 3, |done| (done(1), 2).1), 2);
        assert_eq!(progress.stage("read", "reading more", || 3), 3);
        let names: Vec<&str> = progress.seconds().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["read", "evaluate"]);
    }
}
