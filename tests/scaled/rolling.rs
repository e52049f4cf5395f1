//! All processes are replaced, one after the other, while clients work and follow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use gomark::supervisor::Supervisor;
use gomark_sdk::{Client, RetryPolicy, fields};

use crate::MACHINE;
use crate::changes::BOUND;
use crate::changes::vendors::HubSpot;
use crate::chaos::Scaled;

const COMPANIES: usize = 20;
/// How many follow each company.
const FOLLOWERS: usize = 5;

/// A client that tries a call twice.
fn client(url: &str) -> Client {
    let retry = RetryPolicy::default().attempts_max(2);
    let retry = retry.waits(Duration::from_millis(50), Duration::from_millis(100));
    Client::builder(url).retry(retry).connect_lazy().unwrap()
}

fn company(number: usize) -> String {
    format!("company-{number}")
}

/// Decides and reads until it is told to stop; answers the last revision.
async fn work(
    client: Client,
    company: String,
    done: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
) -> i64 {
    let mut last = 0;
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let change = client.add_field(&company, fields::text(format!("Number {number}"))).await;
        last = change.expect("one retry cures it").revision;
        let config = client.get_config(&company).min_revision(last).await;
        assert!(config.expect("one retry cures it").revision >= last);
        calls.fetch_add(2, Ordering::Relaxed);
        // Each company is to have room for more until the end.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    last
}

/// Follows a company until it has reached a revision that is told when it is known.
async fn follow(client: Client, company: String, last: Arc<tokio::sync::OnceCell<i64>>) {
    let mut watch = client.watch_config(&company, 0);
    let mut seen = 0;
    while last.get().is_none_or(|last| seen < *last) {
        let next = tokio::time::timeout(Duration::from_millis(200), watch.next()).await;
        let Ok(next) = next else { continue };
        let entry = next.expect("it has no end").expect("it goes on at another process");
        assert_eq!(entry.revision, seen + 1, "{company}: a gap, or something twice");
        seen = entry.revision;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_every_process_under_load_cuts_nothing_that_one_retry_does_not_cure() {
    let _machine = MACHINE.lock().await;
    let Some(mut scaled) = Scaled::start().await else { return };
    let supervisor = Supervisor::new();
    let hubspot = HubSpot::start(1, &supervisor).await;
    let first = client(&scaled.balancer.url());
    let (done, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (mut working, mut following, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..COMPANIES {
        let id = company(number);
        first.register_company(&id).await.unwrap();
        let connect = first.connect_hubspot(&id, format!("portal-{number}"));
        connect.base_url(&hubspot.url).await.unwrap();
        let own = client(&scaled.balancer.url());
        working.push(
            supervisor.spawn("work", work(own.clone(), id.clone(), done.clone(), calls.clone())),
        );
        let last = Arc::new(tokio::sync::OnceCell::new());
        for _ in 0..FOLLOWERS {
            following
                .push(supervisor.spawn("follow", follow(own.clone(), id.clone(), last.clone())));
        }
        lasts.push(last);
    }
    let fleet = &mut scaled.fleet;
    for process in fleet.apis.iter_mut().chain(&mut fleet.executors) {
        assert!(process.stop().await, "{} did not end well", process.name);
        process.start_again();
        process.is_ready().await;
    }
    done.store(true, Ordering::Relaxed);
    for (work, last) in join_all(working).await.into_iter().zip(&lasts) {
        last.set(work.unwrap()).unwrap();
    }
    for follower in following {
        tokio::time::timeout(BOUND, follower).await.expect("it sees all").unwrap();
    }
    eprintln!(
        "{} processes were replaced during {} calls, followed by {} streams",
        2 * scaled.fleet.apis.len(),
        calls.load(Ordering::Relaxed),
        COMPANIES * FOLLOWERS
    );
    drop(scaled);
    supervisor.shutdown(BOUND).await;
}
