//! What happens to doorbells and queues at a server that is well.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;

use super::super::super::Broker as _;
use super::super::super::conformance::{heard, of};
use super::super::consume::Consumers;
use super::super::rarely::Rarely;
use super::super::topology::{partition_key, partition_of};
use super::super::{Line, message};
use super::world::{BOUND, World, until, until_heard};
use crate::domain::CompanyId;
use crate::store::Doorbell;

fn partition(company: &str) -> u8 {
    partition_of(&CompanyId::parse(company).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doorbell_that_is_handed_on_reaches_its_holder_alone() {
    let Some(world) = World::make().await else { return };
    let (first, second) = (world.executor("first").await, world.executor("second").await);
    for n in 0..20 {
        first.ring_at("second", &of(&format!("company-{n}"))).await;
        assert_eq!(heard(&second).await, of(&format!("company-{n}")));
    }
    second.ring_at("first", &of("acme")).await;
    assert_eq!(heard(&first).await, of("acme"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executors_share_the_doorbells() {
    let Some(world) = World::make().await else { return };
    let (first, second) = (world.executor("first").await, world.executor("second").await);
    let api = world.api();
    for n in 0..100 {
        api.ring(&of(&format!("company-{n}"))).await;
    }
    let (mut by_first, mut by_second) = (0, 0);
    while by_first + by_second < 100 {
        let next = async {
            tokio::select! {
                _ = first.next() => by_first += 1,
                _ = second.next() => by_second += 1,
            }
        };
        tokio::time::timeout(BOUND, next).await.expect("not all doorbells were heard");
    }
    assert!(by_first >= 10 && by_second >= 10, "{by_first} and {by_second}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_heard_is_off_the_server() {
    let Some(world) = World::make().await else { return };
    let executor = world.executor("holder").await;
    executor.ring(&of("acme")).await;
    assert_eq!(heard(&executor).await, of("acme"));
    // What is not acknowledged comes back to the queue when the connection ends.
    assert!(world.supervisor.shutdown(BOUND).await);
    let queue = world.names.topology().queue(partition("acme"));
    // A quorum queue counts an acknowledgement a little later than it hears of it.
    until("none came back", async || world.names.unread(&queue).await == Some(0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_no_doorbell_is_left_out() {
    let Some(world) = World::make().await else { return };
    let executor = world.executor("holder").await;
    let (_link, channel) = world.names.beside().await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    for body in [&b"2 acme connection-2"[..], b"", &[0xff; 4_000]] {
        let (exchange, key) = (world.names.prefix.as_str(), partition_key(partition("acme")));
        let options = BasicPublishOptions::default();
        let none = BasicProperties::default();
        let sent = channel.basic_publish(exchange.into(), key.into(), options, body, none).await;
        // They are in the queue before what comes over another connection.
        sent.unwrap().await.unwrap();
    }
    executor.ring(&of("acme")).await;
    assert_eq!(heard(&executor).await, of("acme"));
    assert!(world.supervisor.shutdown(BOUND).await);
    let queue = world.names.topology().queue(partition("acme"));
    until("none came back", async || world.names.unread(&queue).await == Some(0)).await;
}

/// Otherwise an executor with its hands full would keep what another could do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_line_is_full_the_server_keeps_the_rest() {
    let Some(world) = World::make().await else { return };
    let (link, channel) = world.names.beside().await;
    let topology = world.names.topology();
    topology.declare(&channel).await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let companies: Vec<_> =
        (0..).map(|n| format!("company-{n}")).filter(|c| partition(c) == 7).take(100).collect();
    for company in &companies {
        let (exchange, key) = (topology.exchange().into(), partition_key(7).into());
        let (options, none) = (BasicPublishOptions::default(), BasicProperties::default());
        let body = message::write(&of(company));
        let sent = channel.basic_publish(exchange, key, options, body.as_bytes(), none).await;
        sent.unwrap().await.unwrap();
    }
    let rarely = Arc::new(Rarely::new(Duration::ZERO));
    let consumers = Consumers::start(&channel, &topology, "holder", rarely).await.unwrap();
    let line = Arc::new(Line::<Doorbell>::new(1));
    let into = Arc::clone(&line);
    let stopping = world.supervisor.stopping();
    let run = async move { consumers.run(&into, &stopping).await };
    let run = world.supervisor.spawn("consume", run);
    let queue = topology.queue(7);
    // One waits in line, a batch of 32 is here.
    until("32 are here", async || world.names.unread(&queue).await == Some(68)).await;
    let mut got = Vec::new();
    while got.len() < 100 {
        let next = tokio::time::timeout(BOUND, line.next()).await.expect("one is missing");
        got.push(next.company_id.to_string());
    }
    assert_eq!(got, companies);
    drop((link, channel));
    assert!(run.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_somebody_deletes_is_there_again_for_who_hears() {
    let Some(world) = World::make().await else { return };
    let executor = world.executor("holder").await;
    world.names.delete(&world.names.topology().queue(partition("acme"))).await;
    until_heard(&executor, &executor, &of("acme")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_somebody_deletes_is_there_again_for_who_only_rings() {
    let Some(world) = World::make().await else { return };
    let api = world.api();
    let queue = world.names.topology().queue(partition("acme"));
    until("declared", async || world.names.unread(&queue).await.is_some()).await;
    api.ring(&of("acme")).await;
    until("rung", async || world.names.unread(&queue).await == Some(1)).await;
    world.names.delete(&queue).await;
    until("rung again", async || {
        api.ring(&of("acme")).await;
        world.names.unread(&queue).await.is_some_and(|unread| unread > 0)
    })
    .await;
}

/// The server closes the channel over it, again and again; afterwards all is well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_another_kind_in_the_way_is_no_end() {
    let Some(world) = World::make().await else { return };
    let queue = world.names.topology().queue(3);
    let (_link, channel) = world.names.beside().await;
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.unwrap();
    let executor = world.process(Some("holder"), &world.supervisor);
    // The queues before it are declared, those after it are not.
    let (before, after) = (world.names.topology().queue(2), world.names.topology().queue(4));
    until("tried", async || world.names.unread(&before).await.is_some()).await;
    executor.ring(&of("acme")).await;
    assert!(world.names.unread(&after).await.is_none());
    world.names.delete(&queue).await;
    until_heard(&executor, &executor, &of("acme")).await;
}
