//! The process that works the queue off: this program, started again.

use std::time::Duration;

use graphile_worker::{
    IntoTaskHandlerResult, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::process::Command;

use crate::Outcome;
use crate::process::Process;
use crate::standin::PROPERTIES;
use crate::work::Kind;

/// Holds its settings. Arguments could be read by other processes.
const VARIABLE: &str = "BENCH_JOBS_WORKER";
/// How often the worker looks for jobs. Each of its places takes one job when it does, so that jobs
/// which were there before it came go at `concurrency` per interval at most: with the usual second
/// that timer would be all that is measured. Its own benchmarks take 5 and 10 ms.
const POLL: Duration = Duration::from_millis(10);
/// How many jobs are taken at a time, in bulk.
const BULK: usize = 500;
/// How long finished jobs wait for others to be noted with, in bulk.
const BULK_DELAY: Duration = Duration::from_millis(5);
/// As long as GoMark gives a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) database_url: String,
    pub(crate) schema: String,
    /// Where the stand-in is.
    pub(crate) base_url: String,
    pub(crate) concurrency: usize,
    pub(crate) in_bulk: bool,
}

impl Settings {
    /// Returns those that this process was started with, if it is to be a worker.
    pub(crate) fn given() -> Option<Self> {
        serde_json::from_str(&std::env::var(VARIABLE).ok()?).ok()
    }

    /// Starts a worker with them.
    pub(crate) fn start(&self) -> Outcome<Process> {
        let settings = serde_json::to_string(self)?;
        Process::start(Command::new(std::env::current_exe()?), &[(VARIABLE, &settings)])
    }

    /// Works until it is asked to end.
    pub(crate) async fn work(self) -> Outcome<()> {
        let client = reqwest::Client::builder().no_proxy().timeout(CALL_TIMEOUT).build()?;
        let mut options = WorkerOptions::default()
            .database_url(&self.database_url)
            .schema(self.schema)
            .concurrency(self.concurrency)
            .poll_interval(POLL)
            .add_extension(HubSpot { client, base_url: self.base_url })
            .define_job::<Write>();
        if self.in_bulk {
            options = options
                .local_queue(LocalQueueConfig::default().with_size(BULK))
                .complete_job_batch_delay(BULK_DELAY)
                .fail_job_batch_delay(BULK_DELAY);
        }
        Ok(options.init().await?.run().await?)
    }
}

/// The way to the stand-in.
#[derive(Clone, Debug)]
struct HubSpot {
    client: reqwest::Client,
    base_url: String,
}

/// A job: one call about one field.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Write {
    pub(crate) kind: Kind,
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) label: String,
}

impl TaskHandler for Write {
    const IDENTIFIER: &'static str = "write";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        match context.get_ext::<HubSpot>() {
            Some(hubspot) => self.send(hubspot).await.map_err(|error| error.to_string()),
            None => Err("the way to the stand-in is missing".to_owned()),
        }
    }
}

impl Write {
    /// Makes the call, and reads its answer, as GoMark does.
    async fn send(&self, hubspot: &HubSpot) -> reqwest::Result<()> {
        let properties = format!("{}{PROPERTIES}", hubspot.base_url);
        let request = match self.kind {
            Kind::Create => hubspot.client.post(properties).json(&json!({
                "name": self.name,
                "label": self.label,
                "type": "string",
                "fieldType": "text",
                "groupName": "dealinformation",
            })),
            Kind::Change => hubspot
                .client
                .patch(format!("{properties}/{}", self.name))
                .json(&json!({ "label": self.label })),
        };
        let answer = request.bearer_auth(&self.token).send().await?.error_for_status()?;
        let _property: serde_json::Value = answer.json().await?;
        Ok(())
    }
}
