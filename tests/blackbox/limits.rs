//! HubSpot's limits: how much of them is used, and what happens when they are used up.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join;
use futures::stream;
use gomark_sdk::v1::{Field, JobState};
use gomark_sdk::{Change, fields};
use serde_json::{Value, json};

use crate::world::{World, ended, token, until};

/// The calls that the stand-in allows within a window.
const MAX: u32 = 80;

/// How long that window is.
fn window_ms() -> u32 {
    number("GOMARK_TEST_WINDOW_MS", 3_000)
}

/// How many changes a backlog has: half of them are creates, half are PATCHes of other fields.
fn changes() -> u32 {
    number("GOMARK_TEST_BACKLOG", 480)
}

fn number(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// A portal with fields to change, whose limit is known.
async fn with_fields(reserve_percent: i32) -> World {
    let world = World::start().await;
    let limits = json!({ "burst_limit": MAX, "burst_window_ms": window_ms() });
    world.hubspot.settings(limits).await;
    let id = world.hubspot.portal_id("acme").await;
    let room = json!({ "custom_properties_max": changes() * 2 });
    world.hubspot.put(&format!("portals/{id}/switches"), room).await;
    world.client.register_company("acme").await.unwrap();
    let connect = world.client.connect_hubspot("acme", token("acme"));
    let connect = connect.base_url(&world.hubspot.url).reserve_percent(reserve_percent);
    connect.await.unwrap();
    all_end(&add_fields(&world, "Old").await).await;
    world
}

async fn add_fields(world: &World, label: &str) -> Vec<Change> {
    let added = (0..changes() / 2).map(|n| {
        let client = world.client.clone();
        let field = fields::text(format!("{label} {n}"));
        async move { client.add_field("acme", field).await.unwrap() }
    });
    stream::iter(added).buffered(50).collect().await
}

async fn relabel(world: &World) -> Vec<Change> {
    let changed = (0..changes() / 2).map(|n| {
        let client = world.client.clone();
        let change = Field { label: format!("New label {n}"), ..Field::default() };
        async move { client.modify_field("acme", format!("old_{n}"), change).await.unwrap() }
    });
    stream::iter(changed).buffered(50).collect().await
}

async fn all_end(changes: &[Change]) {
    let bound = Duration::from_millis(u64::from(window_ms())) * 300;
    // A few at a time: a thousand streams are another test's affair.
    let jobs = stream::iter(changes).map(|change| change.job.as_ref().unwrap().wait());
    let jobs: Vec<_> = tokio::time::timeout(bound, jobs.buffered(8).collect()).await.unwrap();
    for job in jobs {
        assert_eq!(job.unwrap().state(), JobState::Succeeded);
    }
}

/// When a call arrived, in seconds.
fn at(call: &Value) -> f64 {
    let at: jiff::Timestamp = call["at"].as_str().unwrap().parse().unwrap();
    at.as_millisecond() as f64 / 1_000.0
}

/// How much of `ours` calls within a window was used while there was always more to do: from the end
/// of the first window to the last call.
fn used(calls: &[Value], ours: u32) -> f64 {
    let times: Vec<f64> = calls.iter().map(at).collect();
    let first = times.first().unwrap() + f64::from(window_ms()) / 1_000.0;
    let last = times.last().unwrap();
    let counted = times.iter().filter(|time| **time >= first).count() as f64;
    counted / f64::from(ours) / ((last - first) * 1_000.0 / f64::from(window_ms()))
}

/// A backlog that is worked off: the calls that changed something, and how many were refused.
async fn work_off(world: &World) -> (Vec<Value>, usize) {
    let id = world.hubspot.portal_id("acme").await;
    let begun = world.hubspot.writes("acme").await.len();
    let (added, changed) = join(add_fields(world, "Another"), relabel(world)).await;
    all_end(&added).await;
    all_end(&changed).await;
    let calls = world.hubspot.writes("acme").await.split_off(begun);
    let refused = world.hubspot.read(&format!("calls?portal_id={id}&status=429")).await;
    (calls, refused["calls"].as_array().unwrap().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_uses_the_limit_less_the_reserve_and_meets_no_refusal() {
    let world = with_fields(25).await;
    let (calls, refused) = work_off(&world).await;
    let used = used(&calls, MAX * 3 / 4);
    let count = calls.len();
    eprintln!(
        "{} changes by {count} calls: {:.1} % of limit less reserve used, {refused} refused",
        changes(),
        used * 100.0
    );
    assert_eq!(refused, 0);
    assert!(used >= 0.95, "{used}");
    assert!(used <= 1.02, "the reserve is left: {used}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_another_client_on_the_application_hardly_a_call_is_refused() {
    let world = with_fields(0).await;
    let other = async {
        loop {
            // One at a time, at moments that nobody can foresee, a fifth of the limit in the mean.
            let mean_ms = window_ms() * 5 / MAX;
            let wait = rand::random_range(0..mean_ms * 2);
            tokio::time::sleep(Duration::from_millis(wait.into())).await;
            world.hubspot.control("consume", json!({ "token": token("acme"), "calls": 1 })).await;
        }
    };
    let (calls, refused) = tokio::select! {
        done = work_off(&world) => done,
        () = other => unreachable!("it goes on until the work is done"),
    };
    let share = refused as f64 / calls.len() as f64;
    eprintln!("beside another client: {refused} of {} calls refused", calls.len());
    assert!(share <= 0.01, "{refused} of {} calls", calls.len());
    world.stop().await;
}

#[tokio::test]
async fn a_used_up_day_lets_jobs_wait_until_the_portals_midnight() {
    let mut world = World::start().await;
    // A day that began more than an hour ago, wherever that is.
    let now = jiff::Timestamp::now();
    let zones = ["UTC", "Etc/GMT+12"].map(|name| jiff::tz::TimeZone::get(name).unwrap());
    let [utc, far] = &zones;
    let (zone, name) = match now.to_zoned(utc.clone()).hour() {
        0 | 23 => (far, "Etc/GMT+12"),
        _ => (utc, "UTC"),
    };
    let id = world.hubspot.portal_id("acme").await;
    let switches = json!({ "daily_limit": 1_000, "time_zone": name });
    world.hubspot.put(&format!("portals/{id}/switches"), switches).await;
    world.connect("acme").await;
    let first = world.client.add_field("acme", fields::text("First")).await.unwrap();
    assert_eq!(ended(&first).await.0.state(), JobState::Succeeded);
    // Another holder of the lease goes on from what this one wrote down.
    world.restart().await;
    world.hubspot.put(&format!("portals/{id}/daily"), json!({ "used": 1_000 })).await;
    let added = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    until(&added, |event| event.state() == JobState::Waiting).await;
    let job = added.job.as_ref().unwrap().get().await.unwrap();
    assert_eq!(job.error.unwrap().reason().as_str_name(), "JOB_ERROR_REASON_DAILY_LIMIT");
    let midnight = now.to_zoned(zone.clone()).tomorrow().unwrap().start_of_day().unwrap();
    let expected = midnight.timestamp().as_second() + 60;
    let told = job.next_attempt_at.unwrap().seconds;
    assert!((told - expected).abs() <= 5, "{told}, {expected} expected");
    let refused = world.hubspot.read(&format!("calls?portal_id={id}&status=429")).await;
    assert_eq!(refused["calls"].as_array().unwrap().len(), 1, "it is asked once");
    world.stop().await;
}

#[tokio::test]
async fn a_plan_tells_how_long_it_takes_once_the_limit_is_known() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let before = world.client.add_field("acme", fields::text("Tier")).await.unwrap();
    let estimate = before.plan.clone().unwrap().estimate.unwrap();
    assert_eq!((estimate.calls, estimate.seconds, estimate.share_of_day), (1, None, None));
    let portal = world.hubspot.portal_id("acme").await;
    world.hubspot.put(&format!("portals/{portal}/switches"), json!({ "daily_limit": 1_000 })).await;
    let connect = world.client.connect_hubspot("acme", token("acme"));
    let connected = connect.base_url(&world.hubspot.url).burst_per_10s(10).await.unwrap();
    let estimate = connected.plan.unwrap().estimate.unwrap();
    assert_eq!((estimate.calls, estimate.seconds), (1, Some(0)), "the burst was set");
    ended(&before).await;
    // What the answers told is read from where the lease keeps it.
    let known = async {
        loop {
            let change = Field { label: "Another".to_owned(), ..Field::default() };
            let modify = world.client.modify_field("acme", "tier", change).validate_only();
            let estimate = modify.await.unwrap().plan.unwrap().estimate.unwrap();
            if let Some(share) = estimate.share_of_day {
                return share;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let share = tokio::time::timeout(crate::world::BOUND, known).await.unwrap();
    assert!((share - 0.001).abs() < 1e-9, "{share}");
    world.stop().await;
}
