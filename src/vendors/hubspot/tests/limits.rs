//! The limits beside the burst: that of searches, and that of the day.

use super::calls::Turn;
use super::portal::Portal;
use super::*;
use crate::vendors::FailureScope::{Connection, Resource};

/// A portal whose calls the scene answers.
fn portal(scene: &Scene, access: Access) -> Portal {
    let hubspot = hubspot();
    let access = Access { base_url: scene.base_url(), ..access };
    hubspot.portal(access).unwrap()
}

fn search(portal: &Portal) -> Url {
    let mut url = portal.paths.base_url().clone();
    url.set_path("/crm/objects/2026-09/0-3/search");
    url
}

fn limited(policy: &str) -> Script {
    let message = format!("You have reached your {} limit.", policy.to_lowercase());
    json(429, json!({ "status": "error", "message": message, "policyName": policy }))
}

fn found() -> Script {
    json(200, json!({ "total": 0, "results": [] }))
}

#[tokio::test]
async fn searches_are_counted_apart_from_other_calls() {
    let scene = Scene::new((0..6).map(|_| found())).await;
    let portal = portal(&scene, access("http://127.0.0.1:1"));
    let start = std::time::Instant::now();
    for n in 0..6 {
        assert_eq!(portal.limiter.wait(Lane::Change), Duration::ZERO);
        assert_eq!(portal.searches.wait(Lane::Change).is_zero(), n < 5, "{n}");
        let mut turn = Turn::without_place(&portal);
        turn.search(search(&portal), &json!({})).await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "five in a second");
    assert!(!portal.window().contains("\"u\""), "none counts as one of the burst");
}

#[tokio::test]
async fn a_search_leaves_the_place_it_does_not_need() {
    let scene = Scene::new([found()]).await;
    let mut access = access("http://127.0.0.1:1");
    access.limits.burst_per_10s = 1;
    let portal = portal(&scene, access);
    portal.admit(Lane::Change).await;
    let mut turn = Turn::with_place(&portal);
    turn.search(search(&portal), &json!({})).await.unwrap();
    drop(turn);
    assert_eq!(portal.wait(Lane::Change), Duration::ZERO);
}

#[tokio::test]
async fn a_refused_search_closes_only_searches() {
    let scene = Scene::new([limited("SECONDLY")]).await;
    let portal = portal(&scene, access("http://127.0.0.1:1"));
    let failure =
        Turn::without_place(&portal).search(search(&portal), &json!({})).await.unwrap_err();
    assert_eq!((failure.scope, failure.problem.reason), (Resource, ProblemReason::RateLimited));
    assert!(portal.searches.wait(Lane::Change) > Duration::from_millis(500));
    assert_eq!(portal.limiter.wait(Lane::Change), Duration::ZERO);
}

#[tokio::test]
async fn a_search_that_meets_the_burst_closes_everything_else() {
    let scene = Scene::new([limited("TEN_SECONDLY_ROLLING")]).await;
    let portal = portal(&scene, access("http://127.0.0.1:1"));
    let mut turn = Turn::without_place(&portal);
    let reply = turn.search(search(&portal), &json!({})).await.unwrap();
    assert_eq!(reply.status, 429);
    assert!(portal.limiter.wait(Lane::Change) > Duration::from_secs(5));
}

#[tokio::test]
async fn a_later_holder_waits_a_second_before_it_searches() {
    let scene = Scene::new([]).await;
    let earlier = portal(&scene, access("http://127.0.0.1:1"));
    let window = Some(earlier.window());
    let later = portal(&scene, Access { window, ..access("http://127.0.0.1:1") });
    assert!(later.searches.wait(Lane::Change) > Duration::from_millis(900));
}

fn details(zone: &str) -> Script {
    json(200, json!({ "portalId": 1, "timeZone": zone }))
}

#[tokio::test]
async fn a_used_up_day_closes_the_connection_until_the_portals_midnight() {
    for search_meets_it in [false, true] {
        let groups = json(200, json!({ "results": [] }));
        let scene = Scene::new([details("Pacific/Auckland"), groups, limited("DAILY")]).await;
        let portal = portal(&scene, access("http://127.0.0.1:1"));
        portal.identify().await.unwrap();
        let failure = match search_meets_it {
            true => Turn::without_place(&portal).search(search(&portal), &json!({})).await,
            false => Turn::without_place(&portal).get(portal.paths.groups()).await,
        }
        .unwrap_err();
        assert_eq!(
            (failure.scope, failure.problem.reason),
            (Connection, ProblemReason::DailyLimit)
        );
        let zone = jiff::tz::TimeZone::get("Pacific/Auckland").unwrap();
        let expected = super::day::wait(&zone, SystemClock::shared().now()).unwrap();
        let wait = failure.retry_after.unwrap();
        assert!(
            wait <= expected + Duration::from_secs(2) && wait + Duration::from_secs(2) >= expected
        );
        // Nothing more is sent, and whoever holds the connection next knows why.
        let again = Turn::without_place(&portal).get(portal.paths.groups()).await.unwrap_err();
        assert_eq!(again.problem.reason, ProblemReason::DailyLimit);
        let window = Some(portal.window());
        let later =
            super::limits::portal(&scene, Access { window, ..access("http://127.0.0.1:1") });
        let later = Turn::without_place(&later).get(portal.paths.groups()).await.unwrap_err();
        assert_eq!(later.problem.reason, ProblemReason::DailyLimit);
        assert_eq!(scene.asked().len(), 3);
    }
}

#[tokio::test]
async fn what_is_left_of_the_day_is_read_from_answers() {
    let groups = json(200, json!({ "results": [] }))
        .with("x-hubspot-ratelimit-daily", 250_000)
        .with("x-hubspot-ratelimit-daily-remaining", 25_000);
    let scene = Scene::new([details("US/Eastern"), groups]).await;
    let portal = portal(&scene, access("http://127.0.0.1:1"));
    portal.identify().await.unwrap();
    assert!(portal.wait(Lane::Background) > Duration::from_secs(1));
    assert_eq!(portal.wait(Lane::Change), Duration::ZERO);
}
