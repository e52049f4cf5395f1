//! A server that dies, hangs, or has no room left. It belongs to these tests alone.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;

use super::super::super::Broker as _;
use super::super::super::conformance::{heard, of};
use super::super::{OUTBOX_MAX, RabbitBroker};
use super::server::Server;
use super::world::{TIMES, World, until, until_heard};

/// Rings for many companies; nobody waits, and what is kept is bounded.
fn ring_for_many(broker: &RabbitBroker) {
    for n in 0..50_000 {
        assert!(broker.ring(&of(&format!("company-{n}"))).now_or_never().is_some());
    }
}

/// An executor that has heard something from every queue.
async fn executor(world: &World) -> RabbitBroker {
    let executor = world.executor("holder").await;
    let mut rung: HashSet<_> = (0..200).map(|n| of(&format!("first-{n}"))).collect();
    for doorbell in &rung {
        executor.ring(doorbell).await;
    }
    while !rung.is_empty() {
        rung.remove(&heard(&executor).await);
    }
    executor
}

async fn on_server<F: Future<Output = ()>>(test: impl FnOnce(Arc<Server>, World) -> F) {
    let Some(server) = Server::own().await else { return };
    let _turn = server.turn().await;
    let world = World::at(server.url());
    test(Arc::clone(&server), world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_costs_the_time_that_it_is_away() {
    on_server(async |server, world| {
        let executor = executor(&world).await;
        server.services(&["kill", "rabbitmq"]);
        ring_for_many(&executor);
        server.services(&["start", "rabbitmq"]);
        let back = Instant::now();
        until_heard(&executor, &executor, &of("acme")).await;
        eprintln!("heard again {:?} after the server was back", back.elapsed());
        assert!(executor.lines.outbox.clear() <= OUTBOX_MAX);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_in_order_is_no_different() {
    on_server(async |server, world| {
        let executor = executor(&world).await;
        server.services(&["stop", "rabbitmq"]);
        ring_for_many(&executor);
        server.services(&["start", "rabbitmq"]);
        until_heard(&executor, &executor, &of("acme")).await;
    })
    .await;
}

/// Nothing breaks when a server stands still: only missing heartbeats tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_given_up_and_found_again() {
    on_server(async |server, mut world| {
        world.give_up_after_silence(1);
        let executor = executor(&world).await;
        server.services(&["pause", "rabbitmq"]);
        ring_for_many(&executor);
        // What was waiting goes when attempts to connect fail.
        until("given up", async || executor.lines.outbox.is_empty()).await;
        server.services(&["resume", "rabbitmq"]);
        until_heard(&executor, &executor, &of("acme")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_room_is_waited_for_by_nobody() {
    on_server(async |server, world| {
        let executor = executor(&world).await;
        let ctl =
            |arguments: &[&str]| server.services(&[&["rabbitmqctl", "-q"], arguments].concat());
        let connections = ctl(&["list_connections", "pid"]);
        ctl(&["set_disk_free_limit", "999GB"]);
        until("an alarm", async || ctl(&["eval", "rabbit_alarm:get_alarms()."]).contains("disk"))
            .await;
        let begun = Instant::now();
        until("longer than a confirmation may take", async || {
            ring_for_many(&executor);
            begun.elapsed() > TIMES.confirm * 2
        })
        .await;
        // An alarm is no reason to connect anew: that would not help.
        assert_eq!(ctl(&["list_connections", "pid"]), connections);
        ctl(&["set_disk_free_limit", "50MB"]);
        until_heard(&executor, &executor, &of("acme")).await;
        assert!(executor.lines.outbox.clear() <= OUTBOX_MAX);
    })
    .await;
}
