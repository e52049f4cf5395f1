//! The suite that every bus passes.

use super::redis::between_processes;
use super::*;
use crate::events::fanout::LAG_MAX;
use crate::supervisor::Supervisor;

/// Makes a test of each case for each kind of bus.
macro_rules! suite {
    ($($ends:ident: $($case:ident),+ $(,)?;)+) => {$(
        mod $ends {
            $(
                #[tokio::test]
                async fn $case() {
                    let Some(ends) = super::$ends().await else { return };
                    super::$case(ends).await;
                }
            )+
        }
    )+};
}

suite! {
    local: news_arrives_once_at_every_listener, what_was_before_is_not_heard,
        who_lags_is_told_so_and_goes_on, without_listeners_nothing_is_kept;
    own_process: news_arrives_once_at_every_listener, what_was_before_is_not_heard,
        who_lags_is_told_so_and_goes_on, without_listeners_nothing_is_kept;
    other_process: news_arrives_once_at_every_listener, who_lags_is_told_so_and_goes_on,
        without_listeners_nothing_is_kept;
}

async fn local() -> Option<Ends> {
    let bus = Arc::new(LocalBus::new());
    Some(Ends { speaker: bus.clone(), listener: bus, _supervisor: Supervisor::new() })
}

/// Over Redis, within one process.
async fn own_process() -> Option<Ends> {
    let ends = between_processes().await?;
    Some(Ends { speaker: ends.listener.clone(), ..ends })
}

/// Over Redis, from one process to another.
async fn other_process() -> Option<Ends> {
    between_processes().await
}

async fn news_arrives_once_at_every_listener(ends: Ends) {
    let mut listeners = [ends.listener.subscribe(), ends.listener.subscribe()];
    let all: Vec<_> = (1..=100).flat_map(|number| [job(number), reached(number)]).collect();
    for news in &all {
        ends.speaker.publish(news.clone());
    }
    let last = reached(101);
    for listener in &mut listeners {
        let heard = hear(listener.as_mut(), all.len()).await;
        assert_eq!(heard, all);
    }
    // Were something on its way twice, it would come before this.
    ends.speaker.publish(last.clone());
    for listener in &mut listeners {
        assert_eq!(hear(listener.as_mut(), 1).await, std::slice::from_ref(&last));
    }
}

async fn what_was_before_is_not_heard(ends: Ends) {
    ends.speaker.publish(reached(1));
    let mut listener = ends.listener.subscribe();
    ends.speaker.publish(reached(2));
    assert_eq!(hear(listener.as_mut(), 1).await, [reached(2)]);
}

async fn who_lags_is_told_so_and_goes_on(ends: Ends) {
    let mut slow = ends.listener.subscribe();
    let mut quick = ends.listener.subscribe();
    let many = LAG_MAX as i64 + 200;
    for number in 1..=many {
        ends.speaker.publish(reached(number));
        // The quick one takes each, so that none gets lost on the way here.
        assert_eq!(hear(quick.as_mut(), 1).await, [reached(number)]);
    }
    misses(slow.as_mut()).await;
    // The newest is still there, and no more than that is kept for anybody.
    let heard = hear(slow.as_mut(), LAG_MAX).await;
    let newest: Vec<_> = (many - LAG_MAX as i64 + 1..=many).map(reached).collect();
    assert_eq!(heard, newest);
    ends.speaker.publish(reached(0));
    assert_eq!(hear(slow.as_mut(), 1).await, [reached(0)]);
}

async fn without_listeners_nothing_is_kept(ends: Ends) {
    for number in 0..10_000 {
        ends.speaker.publish(reached(number));
    }
    drop(ends.listener.subscribe());
}
