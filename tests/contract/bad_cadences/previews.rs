//! Previews that are refused.

use super::*;

fn preview(change: impl FnOnce(&mut PreviewCadenceRequest)) -> PreviewCadenceRequest {
    let mut request = PreviewCadenceRequest {
        company_id: "acme".to_owned(),
        which: Some("trial".into()),
        ..PreviewCadenceRequest::default()
    };
    change(&mut request);
    request
}

fn at(seconds: i64, nanos: i32) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos })
}

/// The first second of the year 1, and the last of the year 9999.
const FIRST_S: i64 = -62_135_596_800;
const LAST_S: i64 = 253_402_300_799;

#[tokio::test]
async fn it_begins_at_a_moment_that_can_be_told() {
    let world = world().await;
    let mut rows = Vec::new();
    let rule = "must be a moment of the years 1 to 9999";
    for start in [
        at(FIRST_S - 1, 0),
        at(LAST_S + 1, 0),
        at(i64::MIN, 0),
        at(i64::MAX, 0),
        at(0, -1),
        at(0, 1_000_000_000),
    ] {
        let request = preview(|request| request.start = start);
        rows.push(bad("a moment", PREVIEW, &request, "start", rule));
    }
    let request = preview(|request| request.start = at(LAST_S, 0));
    let rule = "a step would happen later than can be written";
    rows.push(bad("the end of time", PREVIEW, &request, "start", rule));
    all_are_refused(&world, "acme", rows).await;

    let first = prost_types::Timestamp { seconds: FIRST_S, nanos: 0 };
    let shown = world.client.preview_cadence("acme", "trial").start(first).await.unwrap();
    assert_eq!(shown.steps[0].local, "0001-01-01T00:00:00+00:00");
    assert_eq!(shown.steps[2].local, "0001-01-01T01:00:00+00:00");
    assert!(world.stop().await);
}

#[tokio::test]
async fn samples_are_values_of_merge_fields() {
    let world = world().await;
    let sample = |name: &str, value: &str| {
        preview(|request| drop(request.samples.insert(name.to_owned(), value.to_owned())))
    };
    let unknown = format!("must be a merge field: {MERGE_FIELDS}");
    let mut rows = Vec::new();
    for name in ["nobody", "First_Name", "", "first_name "] {
        let path = format!("samples.\"{name}\"");
        rows.push(bad(name, PREVIEW, &sample(name, "Ada"), path, &*unknown));
    }
    let path = "samples.first_name";
    let long = "must be at most 255 characters long";
    rows.push(bad("long", PREVIEW, &sample("first_name", &"x".repeat(256)), path, long));
    let control = "must not contain control characters";
    rows.push(bad("a line break", PREVIEW, &sample("first_name", "A\nB"), path, control));
    // What is wrong with several is told in the order of their names.
    let several = preview(|request| {
        for name in ["c", "b", "a"] {
            request.samples.insert(name.to_owned(), String::new());
        }
    });
    let row = bad("several", PREVIEW, &several, "samples.\"a\"", &*unknown);
    let more = ["b", "c"].map(|name| format!("samples.\"{name}\""));
    rows.push(more.into_iter().fold(row, |row, path| row.and(path, &*unknown)));
    // A text may become sixty times as long.
    let body = "{{first_name}}".repeat(100);
    let long = cadences::cadence("New", vec![email("Hello", body); 50]);
    let long = preview(|request| {
        request.which = Some(long.into());
        request.samples.insert("first_name".to_owned(), "\u{e9}".repeat(255));
    });
    let rule = "the rendered texts are longer than 2 MiB altogether";
    rows.push(bad("too long", PREVIEW, &long, "samples", rule));
    all_are_refused(&world, "acme", rows).await;

    let most = "\u{e9}".repeat(255);
    world.client.preview_cadence("acme", "trial").sample("first_name", most).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn it_is_of_one_cadence() {
    let world = world().await;
    let rule = "must be given, or cadence in its place";
    let nothing = preview(|request| request.which = None);
    let empty = preview(|request| request.which = Some("".into()));
    let all = preview(|request| {
        request.which = None;
        request.start = at(0, -1);
        request.samples.insert("nobody".to_owned(), String::new());
    });
    let unknown = format!("must be a merge field: {MERGE_FIELDS}");
    let rows = vec![
        bad("none", PREVIEW, &nothing, "cadence_id", rule),
        bad("an empty id", PREVIEW, &empty, "cadence_id", rule),
        bad("all", PREVIEW, &all, "samples.\"nobody\"", unknown)
            .and("cadence_id", rule)
            .and("start", "must be a moment of the years 1 to 9999"),
    ];
    all_are_refused(&world, "acme", rows).await;
    let ghost = world.client.preview_cadence("acme", "other").await;
    crate::refusals::refused(ghost, gomark_sdk::Code::NotFound, "CADENCE_NOT_FOUND");
    assert!(world.stop().await);
}
