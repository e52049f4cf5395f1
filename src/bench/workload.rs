//! What is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use gomark_sdk::v1::GetConfigRequest;
use gomark_sdk::{Client, Code, RawConfigClient, Status};

use super::companies::Companies;
use super::measure::{Answer, Caller};

/// Which calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// Decide fields: each call is a new revision, on the disk
    AddField,
    /// Read the latest configuration
    GetConfig,
    /// Both, by --reads
    Mixed,
}

impl Workload {
    /// Tells whether companies need fields to begin with.
    pub fn reads(self) -> bool {
        self != Self::AddField
    }
}

/// Makes `count` clients over the connections, evenly.
///
/// `reads` says how many of 100 calls of [`Workload::Mixed`] read.
pub fn callers(
    clients: &[Client],
    count: usize,
    workload: Workload,
    reads: u8,
    companies: &Arc<Companies>,
) -> Vec<Box<dyn Caller>> {
    let share = match workload {
        Workload::AddField => 0,
        Workload::GetConfig => 100,
        Workload::Mixed => reads.min(100),
    };
    let calls = Arc::new(AtomicU64::new(0));
    let caller = |number: usize| {
        Box::new(ConfigCaller {
            client: clients[number % clients.len()].raw_config(),
            companies: companies.clone(),
            calls: calls.clone(),
            share: share.into(),
        }) as Box<dyn Caller>
    };
    (0..count).map(caller).collect()
}

/// A client that adds fields and reads configurations.
struct ConfigCaller {
    client: RawConfigClient,
    companies: Arc<Companies>,
    /// The calls of all clients, so that they share the mix.
    calls: Arc<AtomicU64>,
    /// How many of 100 calls read.
    share: u64,
}

#[async_trait]
impl Caller for ConfigCaller {
    async fn call(&mut self) -> Answer {
        // 61 has no divisor in common with 100: every hundred calls has the share, spread out.
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if call.wrapping_mul(61) % 100 < self.share { self.read().await } else { self.add().await }
    }
}

impl ConfigCaller {
    async fn add(&mut self) -> Answer {
        let Some(request) = self.companies.next_add() else { return Answer::Exhausted };
        match self.client.add_field(request).await {
            Ok(_) => Answer::Done("add_field"),
            Err(status) => Answer::Failed(reason(status)),
        }
    }

    async fn read(&mut self) -> Answer {
        let request = GetConfigRequest {
            company_id: self.companies.next_read(),
            ..GetConfigRequest::default()
        };
        match self.client.get_config(request).await {
            Ok(_) => Answer::Done("get_config"),
            Err(status) => Answer::Failed(reason(status)),
        }
    }
}

/// Names why a call failed: GoMark's reason, or else the gRPC code.
pub(super) fn reason(status: Status) -> String {
    let error = gomark_sdk::Error::from(status);
    match error.reason_str() {
        Some(reason) => reason.to_owned(),
        None => format!("{:?}", error.code().unwrap_or(Code::Unknown)).to_uppercase(),
    }
}
