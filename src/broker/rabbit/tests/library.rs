//! What the AMQP library does, where that is easily taken for something else.

use futures::StreamExt as _;
use lapin::BasicProperties;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;

use super::names::Names;
use super::world::{BOUND, server};

#[tokio::test]
async fn a_message_that_was_returned_counts_as_acknowledged() {
    let Some(server) = server() else { return };
    let (_link, channel) = Names::at(server).beside().await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let none = BasicProperties::default();
    let sent = channel.basic_publish("".into(), "nobody".into(), options, b"", none).await;
    let confirmation = sent.unwrap().await.unwrap();
    assert!(confirmation.is_ack());
    assert!(confirmation.take_message().is_some());
}

#[tokio::test]
async fn a_stream_of_deliveries_yields_an_error_when_the_connection_breaks() {
    let Some(server) = server() else { return };
    let (link, channel) = Names::at(server).beside().await;
    let (_queue, mut deliveries) = consumer(&channel).await;
    drop(link);
    let next = tokio::time::timeout(BOUND, deliveries.next()).await.unwrap();
    assert!(matches!(next, Some(Err(_))), "{next:?}");
}

#[tokio::test]
async fn a_stream_of_deliveries_ends_without_an_error_when_the_queue_is_deleted() {
    let Some(server) = server() else { return };
    let (_link, channel) = Names::at(server).beside().await;
    let (queue, mut deliveries) = consumer(&channel).await;
    channel.queue_delete(queue.as_str().into(), Default::default()).await.unwrap();
    let next = tokio::time::timeout(BOUND, deliveries.next()).await.unwrap();
    assert!(next.is_none(), "{next:?}");
}

async fn consumer(channel: &lapin::Channel) -> (String, lapin::Consumer) {
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.unwrap();
    let (name, options) = (queue.name().to_owned(), BasicConsumeOptions::default());
    let deliveries = channel.basic_consume(name.clone(), "".into(), options, FieldTable::default());
    (name.to_string(), deliveries.await.unwrap())
}
