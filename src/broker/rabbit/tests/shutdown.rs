//! How a process takes its leave.

use super::super::super::Broker as _;
use super::super::super::conformance::{heard, of};
use super::world::{BOUND, World, until_heard};
use crate::supervisor::Supervisor;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rung_before_shutdown_is_published() {
    let Some(world) = World::make().await else { return };
    let executor = world.executor("holder").await;
    let leaving = Supervisor::new();
    let api = world.process(None, &leaving);
    until_heard(&executor, &api, &of("acme")).await;
    for n in 0..100 {
        api.ring(&of(&format!("company-{n}"))).await;
    }
    assert!(leaving.shutdown(BOUND).await);
    let mut rung: Vec<_> = (0..100).map(|n| of(&format!("company-{n}"))).collect();
    while !rung.is_empty() {
        let doorbell = heard(&executor).await;
        rung.retain(|other| *other != doorbell);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_leaves_the_rest_to_the_others() {
    let Some(world) = World::make().await else { return };
    let leaving = Supervisor::new();
    let first = world.process(Some("first"), &leaving);
    first.ring_at("first", &of("acme")).await;
    assert_eq!(heard(&first).await, of("acme"));
    let second = world.executor("second").await;
    assert!(leaving.shutdown(BOUND).await);
    // Each of these would go to the first one half of the time.
    for n in 0..20 {
        second.ring(&of(&format!("company-{n}"))).await;
        assert_eq!(heard(&second).await, of(&format!("company-{n}")));
    }
}
