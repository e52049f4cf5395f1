//! Two services on one database that share a Redis.

use std::time::{Duration, Instant};

use gomark::config::ServerUrl;
use gomark_sdk::fields;

use crate::database::Fresh;
use crate::redis;
use crate::settings::settings;
use crate::two::{Service, start, stop};
use crate::world::BOUND;

/// How often something is tried.
const ROUNDS: usize = 30;
/// What most news of another service has to be faster than: without a bus it takes up to a second.
const PROMPT: Duration = Duration::from_millis(300);

/// Starts two services; none without the servers.
async fn two(fresh: &Fresh) -> Option<[Service; 2]> {
    let url = redis::shared()?;
    if let Fresh::File(_) = fresh {
        eprintln!("SKIPPED: two services need a server");
        return None;
    }
    let mut settings = settings(fresh.database());
    settings.redis = Some(ServerUrl::redis(url.as_str()).unwrap());
    Some([start(settings.clone()).await, start(settings).await])
}

fn middle(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}

#[tokio::test]
async fn what_one_service_decides_is_followed_and_read_at_once_through_the_other() {
    let fresh = Fresh::make().await;
    let Some(services) = two(&fresh).await else { return };
    let [one, other] = &services;
    one.client.register_company("acme").await.unwrap();
    let mut follows = other.client.watch_config("acme", 1);
    let mut took = Vec::new();
    for number in 0..ROUNDS {
        let field = fields::text(format!("Number {number}"));
        let least = one.client.add_field("acme", field).await.unwrap().revision;
        let answered_at = Instant::now();
        let entry = tokio::time::timeout(BOUND, follows.next()).await.expect("it comes in time");
        took.push(answered_at.elapsed());
        assert_eq!(entry.unwrap().unwrap().revision, least);
        let read = other.client.get_config("acme").min_revision(least).await.unwrap();
        assert_eq!((read.revision, read.fields.len()), (least, number + 1));
    }
    let middle = middle(took);
    eprintln!("a decision is followed through the other service within {middle:?}");
    assert!(middle < PROMPT, "{middle:?}");
    stop(services).await;
}

#[tokio::test]
async fn a_job_is_followed_at_once_through_the_other_service() {
    let fresh = Fresh::make().await;
    let Some(services) = two(&fresh).await else { return };
    let [one, other] = &services;
    one.client.register_company("acme").await.unwrap();
    let mut took = Vec::new();
    for number in 0..ROUNDS {
        // No vendor is connected: the job waits.
        let field = fields::text(format!("Number {number}"));
        let added = one.client.add_field("acme", field).await.unwrap();
        let job = added.job.as_ref().unwrap();
        let mut follows = other.client.job(job.id()).watch(0);
        let mut seqs = vec![follows.next().await.unwrap().unwrap().seq];
        job.cancel().await.unwrap();
        let answered_at = Instant::now();
        while let Some(event) = tokio::time::timeout(BOUND, follows.next()).await.expect("in time")
        {
            seqs.push(event.unwrap().seq);
        }
        took.push(answered_at.elapsed());
        assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
    }
    let middle = middle(took);
    eprintln!("the end of a job is followed through the other service within {middle:?}");
    assert!(middle < PROMPT, "{middle:?}");
    stop(services).await;
}
