//! Arms of comparisons.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gomark::bench::{Arm, Block, Caller, Error, LoadArm, Pace, Plan, Progress, measure};
use gomark::supervisor::Supervisor;
use tokio_util::sync::CancellationToken;

use crate::machine;

/// Clients as fast as they are answered.
pub(crate) const PLAN: Plan =
    Plan { pace: Pace::Closed, duration: None, operations: None, timeout: Duration::from_secs(10) };

/// An arm whose clients do not change.
pub(crate) struct Callers {
    pub(crate) name: String,
    pub(crate) callers: Vec<Box<dyn Caller>>,
    pub(crate) supervisor: Supervisor,
    /// The process that serves, for its processor time.
    pub(crate) process: u32,
}

#[async_trait]
impl Arm for Callers {
    fn name(&self) -> &str {
        &self.name
    }

    async fn block(&mut self, length: Duration, stop: &CancellationToken) -> Result<Block, Error> {
        let plan = Plan { duration: Some(length), ..PLAN };
        let callers = std::mem::take(&mut self.callers);
        let progress = Arc::new(Progress::default());
        let before = machine::cpu_us(self.process);
        let (callers, measured) = measure(callers, &plan, &self.supervisor, stop, &progress).await;
        self.callers = callers;
        Ok(with_cpu(Block::of(&measured), self.process, before))
    }
}

/// A GoMark that is written to, with the processor time that it takes.
///
/// When it registers new companies, which is rare, that time is in it too.
pub(crate) struct Gomark {
    pub(crate) arm: LoadArm,
    pub(crate) process: u32,
}

#[async_trait]
impl Arm for Gomark {
    fn name(&self) -> &str {
        self.arm.name()
    }

    async fn block(&mut self, length: Duration, stop: &CancellationToken) -> Result<Block, Error> {
        let before = machine::cpu_us(self.process);
        let block = self.arm.block(length, stop).await?;
        Ok(with_cpu(block, self.process, before))
    }
}

fn with_cpu(block: Block, process: u32, before: Option<f64>) -> Block {
    let used = before.zip(machine::cpu_us(process)).map(|(before, after)| after - before);
    let server_cpu_us = used.map(|used| used / block.succeeded.max(1) as f64);
    Block { server_cpu_us, ..block }
}
