//! Progress on a terminal; nothing elsewhere.

use std::convert::Infallible;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bench::{Block, Plan, Progress};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);

/// A progress bar on standard error. It goes away when it is dropped.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    began_at: Instant,
    /// In milliseconds; `None` where calls are counted.
    length: Option<Duration>,
}

impl Bar {
    /// A bar for work of unknown length.
    pub(super) fn spinner(doing: &'static str) -> Self {
        let bar = Self::new(None, "{spinner} {msg}", None);
        bar.bar.set_message(doing);
        bar.bar.enable_steady_tick(TICK);
        bar
    }

    /// A bar for a measurement.
    pub(super) fn of(plan: &Plan, doing: &'static str) -> Self {
        let length = match plan.duration {
            Some(duration) => Some(duration.as_millis() as u64),
            None => plan.operations,
        };
        let bar = Self::new(length, "{prefix} {bar:32.green} {msg}", plan.duration);
        bar.bar.set_prefix(doing);
        bar
    }

    /// A bar for a comparison of so many blocks.
    pub(super) fn blocks(count: usize) -> Self {
        let template = "comparing {bar:32.green} {pos}/{len} blocks, {eta} left  {msg}";
        let bar = Self::new(Some(count as u64), template, None);
        bar.bar.enable_steady_tick(TICK);
        bar
    }

    fn new(steps: Option<u64>, template: &str, length: Option<Duration>) -> Self {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(steps, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, began_at: Instant::now(), length }
    }

    /// Shows a block that was measured.
    pub(super) fn block(&self, name: &str, block: &Block) {
        self.bar.inc(1);
        self.bar.set_message(format!("{name} {:.0}/s", block.throughput_per_s));
    }

    /// Follows a measurement until it is dropped.
    pub(super) async fn follow(&self, progress: &Progress) -> Infallible {
        let mut ticks = tokio::time::interval(TICK);
        let mut before = (Instant::now(), 0);
        loop {
            ticks.tick().await;
            let (now, answered) = (Instant::now(), progress.answered());
            let passed = now.duration_since(before.0).as_secs_f64();
            let rate = (answered - before.1) as f64 / passed.max(f64::EPSILON);
            before = (now, answered);
            let position = match self.length {
                Some(length) => now.duration_since(self.began_at).min(length).as_millis() as u64,
                None => answered,
            };
            self.bar.set_position(position);
            self.bar.set_message(format!("{answered} calls, {rate:.0}/s"));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
