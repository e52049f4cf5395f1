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
        self.backlog_in(limiter, Lane::Change).await;
    }

    async fn backlog_in(&self, limiter: &Limiter, lane: Lane) {
        join_all((0..6).map(|_| async {
            while Instant::now() < self.end {
                limiter.admit(lane).await;
                self.call(limiter).await;
            }
        }))
        .await;
    }

    /// One call, in a place that was taken.
    async fn call(&self, limiter: &Limiter) {
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

    /// Changes that come now and then, one at a time; answers the longest that one waited.
    async fn changes(&self, limiter: &Limiter, per_10s: u32) -> Duration {
        let mut longest = Duration::ZERO;
        while Instant::now() < self.end {
            let mean_ms = u64::from(10_000 / per_10s);
            let wait = self.random.borrow_mut().random_range(0..mean_ms * 2);
            sleep(Duration::from_millis(wait)).await;
            let begun = Instant::now();
            limiter.admit(Lane::Change).await;
            longest = longest.max(begun.elapsed());
            self.call(limiter).await;
        }
        longest
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

#[tokio::test(start_paused = true)]
async fn a_reserve_is_left_and_the_rest_is_used() {
    for (seed, max, reserve_percent) in [(1, 100, 20), (2, 190, 10), (3, 100, 50), (4, 190, 90)] {
        let scene = Scene::new(seed, max, 200, 20, Duration::from_secs(150));
        let limits = Limits { reserve_percent, ..Limits::default() };
        scene.backlog(&Limiter::new(limits, None, PausedClock::shared())).await;
        let ours = scene.ours.borrow();
        assert_eq!(ours.refused, 0, "limit {max}, reserve {reserve_percent} %: {ours:?}");
        let share = f64::from(ours.admitted) / f64::from(max) / 15.0;
        let wanted = 1.0 - f64::from(reserve_percent) / 100.0;
        assert!(share >= wanted * 0.95, "limit {max}, reserve {reserve_percent} %: {share}");
        // The first window begins full, so there is one more than the length has.
        assert!(share <= wanted * 1.08, "limit {max}, reserve {reserve_percent} %: {share}");
    }
}

#[tokio::test(start_paused = true)]
async fn others_who_keep_to_the_reserve_cost_neither_them_nor_us_anything() {
    for seed in 0..3 {
        let scene = Scene::new(seed, 100, 200, 20, Duration::from_secs(450));
        let limits = Limits { reserve_percent: 30, ..Limits::default() };
        let limiter = Limiter::new(limits, None, PausedClock::shared());
        join(scene.backlog(&limiter), scene.other(10, 1)).await;
        let ours = scene.ours.borrow();
        assert_eq!(ours.refused, 0, "{ours:?}");
        assert!(f64::from(ours.admitted) / 45.0 >= 70.0 * 0.95, "{ours:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_never_waits_for_the_background_and_both_use_what_there_is() {
    for (seed, max, per_10s) in [(1, 100, 8), (2, 190, 16), (3, 20, 1)] {
        let scene = Scene::new(seed, max, 100, 20, Duration::from_secs(300));
        let limiter = limiter(0);
        let background = scene.backlog_in(&limiter, Lane::Background);
        let (longest, ()) = join(scene.changes(&limiter, per_10s), background).await;
        assert_eq!(longest, Duration::ZERO, "limit {max}: a change waited for {longest:?}");
        let ours = scene.ours.borrow();
        assert_eq!(ours.refused, 0, "{ours:?}");
        let share = f64::from(ours.admitted) / f64::from(max) / 30.0;
        assert!(share >= 0.8, "limit {max}: {share}");
    }
}
