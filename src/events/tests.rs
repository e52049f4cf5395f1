//! What every bus has to do, and what only one between processes can.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::domain::{JobId, JobState, Timestamp};

mod redis;
mod suite;

/// How long a test waits for something before it says that it did not happen.
const BOUND: Duration = Duration::from_secs(20);

/// A company has reached a revision.
pub(super) fn reached(revision: i64) -> News {
    News::Revision(CompanyId::parse("acme").unwrap(), Revision::new(revision))
}

/// A job took a step.
pub(super) fn job(seq: i64) -> News {
    News::Job(JobEvent {
        job_id: JobId::parse("acme.7").unwrap(),
        seq,
        state: JobState::Waiting,
        done: 1,
        total: 2,
        unit: "fields".to_owned(),
        message: "held up: Größe".to_owned(),
        attempt: 3,
        next_attempt_at: Some(Timestamp::from_micros(1_700_000_000_000_001)),
        at: Timestamp::from_micros(1_700_000_000_000_000),
        actor: "ada".to_owned(),
        reason: "once more".to_owned(),
        request_id: "r-1".to_owned(),
    })
}

/// Takes what is heard until so many different news were; fails when one is heard twice.
async fn hear(subscription: &mut dyn Subscription, count: usize) -> Vec<News> {
    let mut heard = Vec::new();
    let mut seen = HashSet::new();
    while heard.len() < count {
        let next = tokio::time::timeout(BOUND, subscription.next()).await;
        if let Some(news) = next.expect("it is heard in time") {
            assert!(seen.insert(format!("{news:?}")), "{news:?} was heard twice");
            heard.push((*news).clone());
        }
    }
    heard
}

/// Waits until something was missed.
async fn misses(subscription: &mut dyn Subscription) {
    let missed = async { while subscription.next().await.is_some() {} };
    tokio::time::timeout(BOUND, missed).await.expect("it is told in time");
}

/// Where news is published, and where it is listened for.
pub(super) struct Ends {
    speaker: Arc<dyn EventBus>,
    listener: Arc<dyn EventBus>,
    /// Keeps both alive.
    _supervisor: crate::supervisor::Supervisor,
}
