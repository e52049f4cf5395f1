//! Names at a server that belong to one test.

use std::time::Duration;

use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, ErrorKind};
use uuid::Uuid;

use super::super::address;
use super::super::link::Link;
use super::super::topology::{PARTITIONS, Topology};
use crate::config::ServerUrl;

/// The names of one test. What they name is deleted with this.
pub(super) struct Names {
    pub(super) server: ServerUrl,
    pub(super) prefix: String,
}

impl Names {
    pub(super) fn at(server: ServerUrl) -> Self {
        Self { server, prefix: format!("test.{}", Uuid::new_v4().simple()) }
    }

    pub(super) fn topology(&self) -> Topology {
        Topology::new(self.prefix.clone())
    }

    /// A connection of the test itself.
    pub(super) async fn beside(&self) -> (Link, Channel) {
        beside(&self.server).await
    }

    /// How many messages nobody has taken from a queue; none where there is no such queue.
    pub(super) async fn unread(&self, queue: &str) -> Option<u32> {
        let (_link, channel) = self.beside().await;
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        match channel.queue_declare(queue.into(), options, FieldTable::default()).await {
            Ok(queue) => Some(queue.message_count()),
            Err(error) if matches!(error.kind(), ErrorKind::ProtocolError(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Deletes a queue while it is in use.
    pub(super) async fn delete(&self, queue: &str) {
        let (_link, channel) = self.beside().await;
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let (server, topology) = (self.server.clone(), self.topology());
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let (_link, channel) = beside(&server).await;
                for partition in 0..PARTITIONS {
                    let queue = topology.queue(partition).as_str().into();
                    channel.queue_delete(queue, QueueDeleteOptions::default()).await.unwrap();
                }
                let exchange = topology.exchange().into();
                channel.exchange_delete(exchange, ExchangeDeleteOptions::default()).await.unwrap();
            });
        });
        if deleted.join().is_err() {
            eprintln!("the queues {}.* are left there", self.prefix);
        }
    }
}

async fn beside(server: &ServerUrl) -> (Link, Channel) {
    let address = address::read(server.expose()).unwrap();
    let link = Link::open(&address, "gomark test", Duration::from_secs(10)).await.unwrap();
    let channel = link.channel().await.unwrap();
    (link, channel)
}
