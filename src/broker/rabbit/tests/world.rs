//! Processes around one RabbitMQ.

use std::future::Future;
use std::time::Duration;

use super::super::super::Broker as _;
use super::super::super::conformance::{heard, of};
use super::super::{RabbitBroker, RabbitSettings, Times};
use super::names::Names;
use crate::backoff::Backoff;
use crate::config::ServerUrl;
use crate::store::Doorbell;
use crate::supervisor::Supervisor;

const SERVER: &str = "GOMARK_TEST_AMQP_URL";
/// How long a test waits for something before it says that it did not happen.
pub(super) const BOUND: Duration = Duration::from_secs(60);

/// Times of tests: nobody wants to wait for ten seconds.
pub(super) const TIMES: Times = Times {
    connect: Duration::from_secs(5),
    declare: Duration::from_secs(30),
    confirm: Duration::from_secs(2),
    farewell: Duration::from_secs(1),
    between: Backoff { first: Duration::from_millis(50), longest: Duration::from_millis(500) },
};

/// Where the server of all tests is; `None` where none is to be had.
pub(super) fn server() -> Option<ServerUrl> {
    let Ok(server) = std::env::var(SERVER) else {
        assert!(std::env::var_os("CI").is_none(), "{SERVER} must be set in CI");
        eprintln!("SKIPPED: nothing was tried on RabbitMQ, {SERVER} is not set");
        return None;
    };
    Some(ServerUrl::amqp(&server).unwrap())
}

/// Some processes.
pub(super) struct World {
    pub(super) supervisor: Supervisor,
    pub(super) names: Names,
}

impl World {
    pub(super) async fn make() -> Option<Self> {
        Some(Self::at(server()?))
    }

    pub(super) fn at(server: ServerUrl) -> Self {
        Self { supervisor: Supervisor::new(), names: Names::at(server) }
    }

    /// Lets the processes that are made from now on take a server for gone after twice so many
    /// seconds.
    pub(super) fn give_up_after_silence(&mut self, seconds: u16) {
        let url = self.names.server.expose();
        let url = format!("{url}?heartbeat={seconds}");
        self.names.server = ServerUrl::amqp(&url).unwrap();
    }

    /// A process that only rings.
    pub(super) fn api(&self) -> RabbitBroker {
        self.process(None, &self.supervisor)
    }

    /// A process that hears, once it does.
    pub(super) async fn executor(&self, holder: &str) -> RabbitBroker {
        let broker = self.process(Some(holder), &self.supervisor);
        // It waits until the queue that it is published to has been declared.
        broker.ring_at(holder, &of("sentinel")).await;
        assert_eq!(heard(&broker).await, of("sentinel"));
        broker
    }

    pub(super) fn process(&self, holder: Option<&str>, supervisor: &Supervisor) -> RabbitBroker {
        let settings =
            RabbitSettings { holder: holder.map(str::to_owned), prefix: self.names.prefix.clone() };
        RabbitBroker::start_with(&self.names.server, settings, TIMES, supervisor)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The queues are deleted after this: nobody is to declare them anew.
        self.supervisor.stopping().cancel();
    }
}

/// Rings until a doorbell is heard, as a company does that goes on deciding.
pub(super) async fn until_heard(hears: &RabbitBroker, rings: &RabbitBroker, doorbell: &Doorbell) {
    let heard = async {
        loop {
            rings.ring(doorbell).await;
            let next = tokio::time::timeout(Duration::from_millis(100), hears.next());
            if next.await.as_ref() == Ok(doorbell) {
                return;
            }
        }
    };
    tokio::time::timeout(BOUND, heard).await.unwrap_or_else(|_| panic!("{doorbell} is not heard"));
}

/// Waits until something is so.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND, wait).await.unwrap_or_else(|_| panic!("not so: {what}"));
}
