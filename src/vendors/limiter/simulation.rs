//! The limiter against a vendor with a rolling window, a network that jitters, and other clients.
//! Time is paused, so minutes pass in milliseconds.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{sleep, timeout};

use super::tests::{PausedClock, burst};
use super::*;

const INTERVAL: Duration = Duration::from_secs(10);

/// The vendor: it counts what it admits, in the order of arrival.
struct Vendor {
    max: u32,
    admitted: VecDeque<Instant>,
}

impl Vendor {
    fn arrive(&mut self) -> Result<Quota, Quota> {
        let now = Instant::now();
        while self.admitted.front().is_some_and(|first| *first + INTERVAL <= now) {
            self.admitted.pop_front();
        }
        let free = self.max - u32::try_from(self.admitted.len()).unwrap();
        if free > 0 {
            self.admitted.push_back(now);
        }
        let remaining = Some(free.saturating_sub(1));
        let quota =
            Quota { max: Some(self.max), remaining, interval_ms: Some(10_000), ..Quota::default() };
        if free > 0 { Ok(quota) } else { Err(quota) }
    }
}

#[derive(Debug, Default)]
struct Tally {
    admitted: u32,
    refused: u32,
}

struct Scene {
    vendor: RefCell<Vendor>,
    random: RefCell<StdRng>,
    /// The longest way there, and the longest way back.
    jitter_ms: u64,
    /// How long the vendor thinks.
    thinks_ms: u64,
    ours: RefCell<Tally>,
    end: Instant,
}

impl Scene {
    fn new(seed: u64, max: u32, jitter_ms: u64, thinks_ms: u64, length: Duration) -> Self {
        Self {
            vendor: RefCell::new(Vendor { max, admitted: VecDeque::new() }),
            random: RefCell::new(StdRng::seed_from_u64(seed)),
            jitter_ms,
            thinks_ms,
            ours: RefCell::default(),
            end: Instant::now() + length,
        }
    }

    async fn way(&self) {
        let ms = self.random.borrow_mut().random_range(0..=self.jitter_ms);
        sleep(Duration::from_millis(ms)).await;
    }

    /// Six at a time, always more to do.
    async fn backlog(&self, limiter: &Limiter) {
        join_all((0..6).map(|_| async {
            while Instant::now() < self.end {
                limiter.admit(Lane::Change).await;
                let sent = limiter.send();
                self.way().await;
                let answer = self.vendor.borrow_mut().arrive();
                sleep(Duration::from_millis(self.thinks_ms)).await;
                self.way().await;
                match answer {
                    Ok(quota) => {
                        limiter.answered(&sent, &quota);
                        self.ours.borrow_mut().admitted += 1;
                    }
                    Err(quota) => {
                        limiter.refused(&sent, &quota, None);
                        self.ours.borrow_mut().refused += 1;
                    }
                }
            }
        }))
        .await;
    }

    /// Another client on the quota: `burst` calls at random moments, `per_10s` in the mean.
    async fn other(&self, per_10s: u32, burst: u32) {
        let mean_ms = 10_000.0 * f64::from(burst) / f64::from(per_10s);
        while Instant::now() < self.end {
            let uniform: f64 = self.random.borrow_mut().random();
            sleep(Duration::from_secs_f64(-(1.0 - uniform).ln() * mean_ms / 1_000.0)).await;
            for _ in 0..burst {
                // Whether it is refused is its own affair.
                let _ = self.vendor.borrow_mut().arrive();
            }
        }
    }
}

fn limiter(burst_per_10s: u32) -> Limiter {
    Limiter::new(burst(burst_per_10s), None, PausedClock::shared())
}

#[tokio::test(start_paused = true)]
async fn alone_it_is_never_refused_and_leaves_hardly_anything_unused() {
    let length = Duration::from_secs(150);
    for (seed, max, jitter_ms, thinks_ms) in [
        (1, 100, 0, 0),
        (2, 100, 200, 0),
        (3, 190, 200, 50),
        (4, 190, 50, 5),
        (5, 110, 200, 200),
        (6, 250, 100, 20),
        (7, 20, 200, 0),
    ] {
        let scene = Scene::new(seed, max, jitter_ms, thinks_ms, length);
        scene.backlog(&limiter(max)).await;
        let ours = scene.ours.borrow();
        assert_eq!(ours.refused, 0, "seed {seed}: {ours:?}");
        let use_of_limit = f64::from(ours.admitted) / f64::from(max) / 15.0;
        assert!(use_of_limit >= 0.95, "seed {seed}: {use_of_limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_holder_after_another_is_not_refused_either() {
    let clock = PausedClock::shared();
    for seed in 0..5 {
        let scene = Scene::new(seed, 100, 200, 20, Duration::from_secs(300));
        let mut holder = Limiter::new(Limits::default(), None, Arc::clone(&clock));
        while Instant::now() < scene.end {
            let life_ms = scene.random.borrow_mut().random_range(500..20_000);
            let _ = timeout(Duration::from_millis(life_ms), scene.backlog(&holder)).await;
            holder = Limiter::new(Limits::default(), Some(&holder.record()), Arc::clone(&clock));
        }
        let ours = scene.ours.borrow();
        assert_eq!(ours.refused, 0, "seed {seed}: {ours:?}");
        let use_of_limit = f64::from(ours.admitted) / 100.0 / 30.0;
        assert!(use_of_limit >= 0.8, "seed {seed}: {use_of_limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_learns_a_limit_without_being_refused() {
    for (seed, max) in [(1, 190), (2, 250), (3, 110), (4, 60), (5, 20)] {
        let scene = Scene::new(seed, max, 200, 0, Duration::from_secs(150));
        scene.backlog(&limiter(0)).await;
        let ours = scene.ours.borrow();
        assert_eq!(ours.refused, 0, "limit {max}: {ours:?}");
        let use_of_limit = f64::from(ours.admitted) / f64::from(max) / 15.0;
        assert!(use_of_limit >= 0.95, "limit {max}: {use_of_limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_others_on_the_quota_hardly_a_call_is_refused() {
    for seed in 0..2 {
        for (max, per_10s, burst) in [
            (100, 10, 1),
            (100, 50, 1),
            (100, 80, 1),
            (100, 40, 5),
            (190, 60, 10),
            (190, 120, 1),
            (190, 150, 3),
            (250, 100, 20),
        ] {
            let scene = Scene::new(seed, max, 200, 20, Duration::from_secs(450));
            let limiter = limiter(0);
            join(scene.backlog(&limiter), scene.other(per_10s, burst)).await;
            let ours = scene.ours.borrow();
            let share = f64::from(ours.refused) / f64::from(ours.admitted + ours.refused);
            assert!(share <= 0.01, "limit {max}, others {per_10s} by {burst}: {ours:?}");
        }
    }
}
