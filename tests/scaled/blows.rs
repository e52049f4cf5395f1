//! What is done to the processes and their servers.
//!
//! The times here are part of that: how long something is down or stands still, and how long it is let
//! be. Nothing is waited for by them.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::fleet::{LEASE, Process};
use crate::servers::{Server, Servers};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    KillApi,
    KillExecutor,
    /// It stands still for longer than its lease lasts.
    PauseExecutor,
    Kill(Server),
    /// It answers nothing for a while.
    PauseRedis,
}

/// Each comes up this often, in an order of its own.
const DECK: [(Blow, usize); 7] = [
    (Blow::KillApi, 3),
    (Blow::KillExecutor, 3),
    (Blow::PauseExecutor, 1),
    (Blow::Kill(Server::Postgres), 1),
    (Blow::Kill(Server::Redis), 1),
    (Blow::Kill(Server::RabbitMq), 1),
    (Blow::PauseRedis, 1),
];

/// Deals blows, and counts them.
pub(crate) struct Blows {
    random: StdRng,
    deck: Vec<Blow>,
    pub(crate) dealt: BTreeMap<Blow, usize>,
}

impl Blows {
    /// How many it takes until each was dealt.
    pub(crate) fn round() -> usize {
        DECK.iter().map(|(_, times)| times).sum()
    }

    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), deck: Vec::new(), dealt: BTreeMap::new() }
    }

    /// Deals the next one, and sets right what it did.
    pub(crate) async fn next(&mut self, fleet: &mut Fleet, servers: &Servers) {
        if self.deck.is_empty() {
            let all = DECK.iter().flat_map(|(blow, times)| std::iter::repeat_n(*blow, *times));
            self.deck = all.collect();
            self.deck.shuffle(&mut self.random);
        }
        let Some(blow) = self.deck.pop() else { return };
        *self.dealt.entry(blow).or_default() += 1;
        let victim = self.random.random_range(0..fleet.executors.len());
        let rest = Duration::from_millis(self.random.random_range(50..800));
        match blow {
            Blow::KillApi => down(&mut fleet.apis[victim], rest).await,
            Blow::KillExecutor => down(&mut fleet.executors[victim], rest).await,
            Blow::PauseExecutor => {
                fleet.executors[victim].pause().await;
                tokio::time::sleep(LEASE + rest).await;
                fleet.executors[victim].resume().await;
            }
            Blow::Kill(server) => {
                servers.kill(server).await;
                tokio::time::sleep(rest).await;
                servers.revive(server).await;
            }
            Blow::PauseRedis => {
                servers.pause(Server::Redis).await;
                tokio::time::sleep(rest * 2).await;
                servers.resume(Server::Redis).await;
            }
        }
        // Something happens between two of them.
        let time = Duration::from_millis(self.random.random_range(100..1_000));
        tokio::time::sleep(time).await;
    }
}

/// A process dies, and after a while another one comes in its place.
async fn down(process: &mut Process, rest: Duration) {
    process.kill().await;
    tokio::time::sleep(rest).await;
    process.start_again();
}

/// All processes.
pub(crate) struct Fleet {
    pub(crate) apis: Vec<Process>,
    pub(crate) executors: Vec<Process>,
}

impl Fleet {
    /// Waits until all of them serve.
    pub(crate) async fn is_ready(&self) {
        for process in self.apis.iter().chain(&self.executors) {
            process.is_ready().await;
        }
    }
}
