use std::task::Poll;

use futures::poll;
use proptest::prelude::*;
use tokio::time::{advance, timeout};

use super::*;
use crate::domain::Timestamp;

/// A wall clock that goes with tokio's paused one.
#[derive(Debug)]
pub(super) struct PausedClock(Instant);

impl PausedClock {
    pub(super) fn shared() -> Arc<dyn Clock> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_790_000_000_000_000).plus(self.0.elapsed())
    }
}

pub(super) fn burst(burst_per_10s: u32) -> Limits {
    Limits { burst_per_10s, ..Limits::default() }
}

const INTERVAL: Duration = Duration::from_secs(10);

fn limiter(burst_per_10s: u32, earlier: Option<&str>) -> Limiter {
    Limiter::new(burst(burst_per_10s), earlier, PausedClock::shared())
}

fn quota(max: u32, remaining: u32) -> Quota {
    Quota {
        max: Some(max),
        remaining: Some(remaining),
        interval_ms: Some(10_000),
        ..Quota::default()
    }
}

pub(super) async fn use_up(limiter: &Limiter, calls: u32) {
    for _ in 0..calls {
        limiter.admit(Lane::Change).await;
        let sent = limiter.send();
        limiter.answered(&sent, &Quota::default());
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_up_limit_opens_one_interval_after_the_answer() {
    let limiter = limiter(3, None);
    let start = Instant::now();
    use_up(&limiter, 3).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(
        limiter.wait(Lane::Change) >= INTERVAL
            && limiter.wait(Lane::Change) < INTERVAL + Duration::from_millis(50)
    );
    limiter.admit(Lane::Change).await;
    assert!(start.elapsed() >= INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_counts_a_little_longer() {
    let limiter = limiter(1, None);
    limiter.admit(Lane::Change).await;
    let _unanswered = limiter.send();
    assert!(limiter.wait(Lane::Change) >= INTERVAL + window::TRANSIT_MAX);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_served_in_turn() {
    let limiter = limiter(1, None);
    limiter.admit(Lane::Change).await;
    let (mut first, mut second) =
        (Box::pin(limiter.admit(Lane::Change)), Box::pin(limiter.admit(Lane::Change)));
    assert_eq!(poll!(&mut first), Poll::Pending);
    assert_eq!(poll!(&mut second), Poll::Pending);
    // The one behind two others waits longest of all.
    assert!(limiter.wait(Lane::Change) >= INTERVAL);
    advance(INTERVAL * 2).await;
    assert_eq!(poll!(&mut second), Poll::Pending);
    first.await;
    assert_eq!(poll!(&mut second), Poll::Pending);
    timeout(INTERVAL * 2, second).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_given_up_waiting_for_is_not_taken() {
    let limiter = limiter(2, None);
    use_up(&limiter, 2).await;
    for _ in 0..5 {
        timeout(Duration::from_secs(1), limiter.admit(Lane::Change)).await.unwrap_err();
    }
    let later = Instant::now();
    use_up(&limiter, 2).await;
    assert!(later.elapsed() < INTERVAL, "both places are still there");
}

#[tokio::test(start_paused = true)]
async fn calls_of_others_take_places_away() {
    let limiter = limiter(0, None);
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    // One of the 61 is ours.
    limiter.answered(&sent, &quota(100, 39));
    use_up(&limiter, 25).await;
    assert_eq!(limiter.wait(Lane::Change), Duration::ZERO);
    use_up(&limiter, 5).await;
    assert!(limiter.wait(Lane::Change) > Duration::ZERO, "39 are left, less a reserve");
}

#[tokio::test(start_paused = true)]
async fn what_the_vendor_says_never_adds_to_our_own_count() {
    let limiter = limiter(10, None);
    use_up(&limiter, 9).await;
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    limiter.answered(&sent, &quota(190, 189));
    assert!(limiter.wait(Lane::Change) > Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_absurd_limit_is_not_believed() {
    let limiter = limiter(0, None);
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    let absurd =
        Quota { max: Some(0), remaining: Some(7), interval_ms: Some(u64::MAX), ..Quota::default() };
    limiter.answered(&sent, &absurd);
    assert_eq!(limiter.wait(Lane::Change), Duration::ZERO);
    assert!(limiter.record().contains("\"i\":10000"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_closes_the_window_for_as_long_as_the_vendor_asks() {
    let limiter = limiter(100, None);
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    limiter.refused(&sent, &Quota::default(), Some(Duration::from_secs(42)));
    assert_eq!(limiter.wait(Lane::Change), Duration::from_secs(42));
    limiter.refused(&sent, &Quota::default(), None);
    assert_eq!(
        limiter.wait(Lane::Change),
        Duration::from_secs(42),
        "a shorter wait does not open it"
    );
    let start = Instant::now();
    limiter.admit(Lane::Change).await;
    assert!(start.elapsed() >= Duration::from_secs(42));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_holds_back_those_who_wait_already() {
    let limiter = limiter(1, None);
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    let start = Instant::now();
    let mut waiting = Box::pin(limiter.admit(Lane::Change));
    assert_eq!(poll!(&mut waiting), Poll::Pending);
    limiter.refused(&sent, &Quota::default(), Some(INTERVAL * 6));
    waiting.await;
    assert!(start.elapsed() >= INTERVAL * 6);
}

#[tokio::test(start_paused = true)]
async fn a_later_holder_goes_on_from_the_record() {
    let clock = PausedClock::shared();
    let earlier = Limiter::new(Limits::default(), None, Arc::clone(&clock));
    limiter_uses(&earlier, 190, 100).await;
    advance(Duration::from_secs(4)).await;
    limiter_uses(&earlier, 190, 90).await;
    let record = earlier.record();
    assert!(record.len() < 200, "{record}");
    let later = Limiter::new(Limits::default(), Some(&record), clock);
    let wait = later.wait(Lane::Change);
    assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(7), "{wait:?}");
    advance(wait).await;
    use_up(&later, 100).await;
    assert!(later.wait(Lane::Change) > Duration::from_secs(3), "the other 90 are still counted");
}

async fn limiter_uses(limiter: &Limiter, max: u32, calls: u32) {
    for _ in 0..calls {
        limiter.admit(Lane::Change).await;
        let sent = limiter.send();
        limiter.answered(&sent, &Quota { max: Some(max), ..Quota::default() });
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_window_stays_closed_for_a_later_holder() {
    let clock = PausedClock::shared();
    let earlier = Limiter::new(Limits::default(), None, Arc::clone(&clock));
    earlier.admit(Lane::Change).await;
    earlier.refused(&earlier.send(), &Quota::default(), Some(Duration::from_secs(600)));
    let later = Limiter::new(Limits::default(), Some(&earlier.record()), clock);
    assert!(later.wait(Lane::Change) >= Duration::from_secs(600));
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_not_restored() {
    let clock = PausedClock::shared();
    let earlier = Limiter::new(burst(5), None, Arc::clone(&clock));
    use_up(&earlier, 5).await;
    let record = earlier.record();
    advance(Duration::from_secs(60)).await;
    assert_eq!(Limiter::new(burst(5), Some(&record), clock).wait(Lane::Change), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn garbage_counts_as_used_up_and_nothing_as_free() {
    for garbage in ["", "{}", "null", "{\"v\":9,\"i\":10000}", "{\"v\":1,\"i\":10000,\"u\":[[1]]}"]
    {
        let wait = limiter(100, Some(garbage)).wait(Lane::Change);
        assert!(wait >= INTERVAL && wait < INTERVAL * 2, "{garbage}");
    }
    assert_eq!(limiter(100, None).wait(Lane::Change), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_does_not_close_the_window_for_long() {
    let earlier = limiter(5, None);
    use_up(&earlier, 5).await;
    let ahead = earlier.record().replace("179", "279");
    let wait = limiter(5, Some(&ahead)).wait(Lane::Change);
    assert!(wait <= INTERVAL * 2, "{wait:?}");
}

proptest! {
    #[test]
    fn no_record_whatsoever_makes_it_wait_for_ever_or_panic(
        v in 0u32..3,
        i in any::<u64>(),
        m in any::<u32>(),
        uses in prop::collection::vec((any::<i64>(), 0u32..50), 0..5),
        closed in any::<i64>(),
    ) {
        let record = serde_json::json!({ "v": v, "i": i, "m": m, "u": uses, "c": closed });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let limiter = limiter(0, Some(&record.to_string()));
            assert!(limiter.wait(Lane::Change) <= Duration::from_secs(3_700));
            limiter.admit(Lane::Change).await;
            let again = limiter.record();
            assert!(serde_json::from_str::<serde_json::Value>(&again).is_ok());
        });
    }
}
