use std::task::Poll;

use futures::poll;
use tokio::time::timeout;

use super::tests::{PausedClock, burst, use_up};
use super::*;

const INTERVAL: Duration = Duration::from_secs(10);

fn limiter(burst_per_10s: u32) -> Limiter {
    Limiter::new(burst(burst_per_10s), None, PausedClock::shared())
}

/// How many calls can be made at once in the background.
async fn use_up_in_background(limiter: &Limiter) -> u32 {
    let mut calls = 0;
    while limiter.wait(Lane::Background).is_zero() {
        limiter.admit(Lane::Background).await;
        limiter.answered(&limiter.send(), &Quota::default());
        calls += 1;
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn the_background_leaves_the_last_eighth_to_changes() {
    for (max, in_background) in [(1, 1), (2, 1), (7, 6), (8, 7), (80, 70), (190, 167)] {
        let limiter = limiter(max);
        assert_eq!(use_up_in_background(&limiter).await, in_background, "of {max}");
        let start = Instant::now();
        use_up(&limiter, max - in_background).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "of {max}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_to_changes_is_an_eighth_of_what_others_leave_us() {
    let limiter = limiter(0);
    limiter.admit(Lane::Change).await;
    let sent = limiter.send();
    limiter.answered(
        &sent,
        &Quota { max: Some(100), remaining: Some(19), interval_ms: None, ..Quota::default() },
    );
    assert_eq!(use_up_in_background(&limiter).await, 6, "others leave 8, one of which is used");
}

#[tokio::test(start_paused = true)]
async fn every_change_in_line_goes_before_the_background() {
    let limiter = limiter(8);
    use_up(&limiter, 8).await;
    let mut background = Box::pin(limiter.admit(Lane::Background));
    assert_eq!(poll!(&mut background), Poll::Pending);
    let mut changes: Vec<_> = (0..7).map(|_| Box::pin(limiter.admit(Lane::Change))).collect();
    for change in &mut changes {
        assert_eq!(poll!(change), Poll::Pending);
    }
    let start = Instant::now();
    tokio::join!(futures::future::join_all(changes), async {
        assert_eq!(poll!(&mut background), Poll::Pending);
    });
    assert!(start.elapsed() < INTERVAL * 2);
    background.await;
    assert!(start.elapsed() >= INTERVAL * 2, "the changes left it no place");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_stands_in_line_stops_the_background_even_where_there_is_room() {
    let limiter = limiter(100);
    let _change = limiter.changes.enter();
    let mut background = Box::pin(limiter.admit(Lane::Background));
    timeout(INTERVAL * 10, &mut background).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_background_goes_on_when_a_change_gives_up_waiting() {
    let limiter = limiter(4);
    use_up(&limiter, 4).await;
    let mut background = Box::pin(limiter.admit(Lane::Background));
    let mut change = Box::pin(limiter.admit(Lane::Change));
    assert_eq!(poll!(&mut change), Poll::Pending);
    assert_eq!(poll!(&mut background), Poll::Pending);
    drop(change);
    timeout(INTERVAL * 2, background).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_background_is_not_starved_while_changes_are_few() {
    for max in [1, 2, 5, 100] {
        let limiter = limiter(max);
        let changes = async {
            for _ in 0..30 {
                tokio::time::sleep(INTERVAL * 2).await;
                use_up(&limiter, 1).await;
            }
        };
        let background = async {
            for _ in 0..20 {
                limiter.admit(Lane::Background).await;
                limiter.answered(&limiter.send(), &Quota::default());
            }
        };
        timeout(INTERVAL * 100, async { tokio::join!(changes, background) }).await.unwrap();
    }
}
