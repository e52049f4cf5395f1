//! The bus over Redis, also while Redis is not there.

use std::time::Instant;

use url::Url;
use uuid::Uuid;

use super::*;
use crate::redis::own_server::Own;
use crate::redis::server::shared;
use crate::supervisor::Supervisor;

/// Two buses as two processes have them, once they hear each other.
pub(super) async fn between_processes() -> Option<Ends> {
    let url = shared()?;
    let ends = ends(&url);
    meet(&ends).await;
    Some(ends)
}

fn ends(url: &Url) -> Ends {
    let supervisor = Supervisor::new();
    let installation = Uuid::new_v4().to_string();
    let bus = || Arc::new(RedisBus::open(url, &installation, &supervisor).unwrap());
    Ends { speaker: bus(), listener: bus(), _supervisor: supervisor }
}

/// Waits until news gets through, both ways.
async fn meet(ends: &Ends) {
    for (speaker, listener) in [(&ends.speaker, &ends.listener), (&ends.listener, &ends.speaker)] {
        let mut subscription = listener.subscribe();
        let meet = async {
            let wait = Duration::from_millis(20);
            loop {
                speaker.publish(reached(-1));
                if let Ok(Some(_)) = tokio::time::timeout(wait, subscription.next()).await {
                    break;
                }
            }
            // What was said meanwhile comes before this.
            speaker.publish(reached(-2));
            while subscription.next().await.is_none_or(|news| *news != reached(-2)) {}
        };
        tokio::time::timeout(BOUND, meet).await.expect("they meet in time");
    }
}

#[tokio::test]
async fn installations_on_one_server_do_not_hear_each_other() {
    let Some(url) = shared() else { return };
    let (ours, theirs) = (ends(&url), ends(&url));
    meet(&ours).await;
    meet(&theirs).await;
    let mut listener = ours.listener.subscribe();
    theirs.speaker.publish(reached(1));
    theirs.listener.publish(reached(2));
    ours.speaker.publish(reached(3));
    assert_eq!(hear(listener.as_mut(), 1).await, [reached(3)]);
}

#[tokio::test]
async fn what_others_put_on_the_channel_is_passed_over() {
    use fred::interfaces::{ClientLike as _, PubsubInterface as _};
    let Some(url) = shared() else { return };
    let supervisor = Supervisor::new();
    let installation = Uuid::new_v4().to_string();
    let bus = || Arc::new(RedisBus::open(&url, &installation, &supervisor).unwrap());
    let ends = Ends { speaker: bus(), listener: bus(), _supervisor: supervisor.clone() };
    meet(&ends).await;
    let link = crate::redis::Link::open(&url, None, BOUND, &supervisor).unwrap();
    link.client().wait_for_connect().await.unwrap();
    let mut listener = ends.listener.subscribe();
    let channel = format!("gomark:{installation}:news");
    for bad in ["", "nobody wrote this", "\u{1}\u{2}\u{3}"] {
        let () = link.client().publish(channel.as_str(), bad).await.unwrap();
    }
    ends.speaker.publish(reached(1));
    assert_eq!(hear(listener.as_mut(), 1).await, [reached(1)]);
}

#[tokio::test]
async fn without_a_server_a_process_hears_itself_and_publishing_waits_for_nothing() {
    let Some(mut own) = Own::absent() else { return };
    let ends = ends(&own.url());
    let mut listener = ends.listener.subscribe();
    let began = Instant::now();
    for number in 1..=5_000 {
        ends.listener.publish(job(number));
        assert_eq!(hear(listener.as_mut(), 1).await, [job(number)]);
    }
    assert!(began.elapsed() < BOUND / 2, "{:?}", began.elapsed());
    own.start_again();
    // Everybody is told that there may have been something.
    misses(listener.as_mut()).await;
    meet(&ends).await;
}

#[tokio::test]
async fn a_server_that_dies_is_found_again_and_everybody_is_told() {
    let Some(mut own) = Own::start() else { return };
    let ends = ends(&own.url());
    for _ in 0..3 {
        meet(&ends).await;
        let mut listener = ends.listener.subscribe();
        own.kill();
        ends.speaker.publish(reached(1));
        own.start_again();
        misses(listener.as_mut()).await;
        meet(&ends).await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_delays_no_one_and_news_comes_through_again() {
    let Some(own) = Own::start() else { return };
    let ends = ends(&own.url());
    meet(&ends).await;
    own.hang();
    let mut near = ends.speaker.subscribe();
    let began = Instant::now();
    for number in 1..=5_000 {
        ends.speaker.publish(job(number));
        assert_eq!(hear(near.as_mut(), 1).await, [job(number)]);
    }
    assert!(began.elapsed() < BOUND / 2, "{:?}", began.elapsed());
    own.go_on();
    meet(&ends).await;
}

#[tokio::test]
async fn news_of_another_process_is_prompt() {
    let Some(ends) = between_processes().await else { return };
    let mut listener = ends.listener.subscribe();
    let mut took = Vec::new();
    for number in 1..=200 {
        let began = Instant::now();
        ends.speaker.publish(job(number));
        assert_eq!(hear(listener.as_mut(), 1).await, [job(number)]);
        took.push(began.elapsed());
    }
    took.sort();
    let (middle, late) = (took[100], took[197]);
    eprintln!("news takes {middle:?}, and {late:?} at most of 99 of 100");
    assert!(middle < Duration::from_millis(200), "{middle:?}");
}
