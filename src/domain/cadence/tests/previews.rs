//! When steps happen.

use std::time::Duration;

use super::*;

const WORKDAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn moment(text: &str) -> Timestamp {
    Timestamp::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

fn within(timezone: &str, window: SendWindow, steps: Vec<StepDraft>) -> Cadence {
    let timezone = timezone.to_owned();
    complete(CadenceDraft { timezone, send_window: Some(window), ..of_steps(steps) })
}

/// What clocks show when the steps happen.
fn shown(cadence: &Cadence, start: &str) -> Vec<String> {
    let steps = preview(cadence, moment(start), &Samples::default()).expect("a preview");
    steps.iter().map(|step| step.at.to_string()).collect()
}

/// What clocks show when an email happens that is due at a moment.
fn sent(timezone: &str, window: &SendWindow, due: &str) -> String {
    let cadence = within(timezone, window.clone(), vec![email("a")]);
    shown(&cadence, due).pop().expect("a step")
}

#[test]
fn without_a_window_steps_happen_when_they_are_due() {
    let steps = vec![after(90, email("a")), wait(DAY), after(HOUR, task("b"))];
    let cadence = complete(of_steps(steps));
    let expected =
        ["2026-06-06T00:01:30+00:00", "2026-06-07T00:01:30+00:00", "2026-06-07T01:01:30+00:00"];
    assert_eq!(shown(&cadence, "2026-06-06T00:00:00Z"), expected);
}

#[test]
fn a_step_waits_for_the_window_and_the_next_one_counts_from_there() {
    let steps = vec![email("a"), after(3 * DAY, email("b")), after(8 * HOUR, task("c"))];
    let office = window(&WORKDAYS, "09:00", "17:00");
    // The sixth of June 2026 is a Saturday.
    let expected =
        ["2026-06-08T09:00:00+02:00", "2026-06-11T09:00:00+02:00", "2026-06-12T09:00:00+02:00"];
    let cadence = within("Europe/Berlin", office, steps);
    assert_eq!(shown(&cadence, "2026-06-06T12:00:00Z"), expected);
    let steps = preview(&cadence, moment("2026-06-06T12:00:00Z"), &Samples::default()).unwrap();
    let moved: Vec<_> = steps.iter().map(|step| step.moved_by.as_secs()).collect();
    assert_eq!(moved, [43 * 3_600, 0, 16 * 3_600]);
    let positions: Vec<_> = steps.iter().map(|step| step.position).collect();
    assert_eq!(positions, [1, 2, 3]);
}

#[test]
fn a_wait_is_not_moved_by_the_window() {
    let steps = vec![wait(HOUR), after(15 * HOUR, email("a"))];
    let cadence = within("UTC", window(&Weekday::ALL, "09:00", "17:00"), steps);
    let expected = ["2026-06-01T18:00:00+00:00", "2026-06-02T09:00:00+00:00"];
    assert_eq!(shown(&cadence, "2026-06-01T17:00:00Z"), expected);
}

#[test]
fn a_window_begins_with_its_first_moment_and_ends_before_its_last() {
    let office = window(&WORKDAYS, "09:00", "17:00");
    for (due, expected) in [
        ("2026-06-01T08:59:59.999999Z", "2026-06-01T09:00:00+00:00"),
        ("2026-06-01T09:00:00.000001Z", "2026-06-01T09:00:00.000001+00:00"),
        ("2026-06-01T16:59:59.999999Z", "2026-06-01T16:59:59.999999+00:00"),
        ("2026-06-01T17:00:00Z", "2026-06-02T09:00:00+00:00"),
        ("2026-06-05T17:00:00Z", "2026-06-08T09:00:00+00:00"),
    ] {
        assert_eq!(sent("UTC", &office, due), expected, "{due}");
    }
    let mondays = window(&[Weekday::Monday], "09:00", "17:00");
    assert_eq!(sent("UTC", &mondays, "2026-06-01T17:00:00Z"), "2026-06-08T09:00:00+00:00");
}

#[test]
fn delays_are_physical_time() {
    let steps = vec![email("a"), after(DAY, email("b"))];
    let always = window(&Weekday::ALL, "00:00", "24:00");
    let cadence = within("Europe/Berlin", always, steps);
    let forward = ["2026-03-28T12:00:00+01:00", "2026-03-29T13:00:00+02:00"];
    assert_eq!(shown(&cadence, "2026-03-28T11:00:00Z"), forward);
    let back = ["2026-10-24T12:00:00+02:00", "2026-10-25T11:00:00+01:00"];
    assert_eq!(shown(&cadence, "2026-10-24T10:00:00Z"), back);
}

#[test]
fn a_window_whose_begin_is_skipped_begins_after_the_gap() {
    // In Berlin clocks go from 02:00 to 03:00 at 01:00 UTC.
    for (from, to, expected) in [
        ("02:30", "09:00", "2026-03-29T03:00:00+02:00"),
        ("01:30", "02:30", "2026-03-29T01:30:00+01:00"),
        ("02:00", "03:00", "2026-03-30T02:00:00+02:00"),
        ("02:15", "02:45", "2026-03-30T02:15:00+02:00"),
        ("03:00", "03:01", "2026-03-29T03:00:00+02:00"),
    ] {
        let window = window(&Weekday::ALL, from, to);
        assert_eq!(sent("Europe/Berlin", &window, "2026-03-29T00:00:00Z"), expected);
    }
}

#[test]
fn a_time_that_clocks_show_twice_lies_in_the_window_both_times() {
    // In Berlin clocks go from 03:00 back to 02:00 at 01:00 UTC.
    let window = window(&Weekday::ALL, "02:30", "02:40");
    for (due, expected) in [
        ("2026-10-25T00:00:00Z", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T00:35:00Z", "2026-10-25T02:35:00+02:00"),
        ("2026-10-25T00:40:00Z", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T01:10:00Z", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T01:39:59Z", "2026-10-25T02:39:59+01:00"),
        ("2026-10-25T01:40:00Z", "2026-10-26T02:30:00+01:00"),
    ] {
        assert_eq!(sent("Europe/Berlin", &window, due), expected, "{due}");
    }
}

#[test]
fn a_window_closes_when_clocks_are_put_back_before_its_begin() {
    let late = window(&Weekday::ALL, "02:30", "09:00");
    // The second time that clocks show 02:10 it is not yet half past two.
    assert_eq!(sent("Europe/Berlin", &late, "2026-10-25T01:10:00Z"), "2026-10-25T02:30:00+01:00");
}

#[test]
fn zones_with_uncommon_changes_follow_the_same_rules() {
    // Half an hour forward on Lord Howe Island: from 02:00 to 02:30.
    let early = window(&Weekday::ALL, "02:15", "04:00");
    assert_eq!(
        sent("Australia/Lord_Howe", &early, "2026-10-03T15:00:00Z"),
        "2026-10-04T02:30:00+11:00"
    );
    // Samoa went without the 30th of December 2011, a Friday.
    let fridays = window(&[Weekday::Friday], "09:00", "17:00");
    assert_eq!(sent("Pacific/Apia", &fridays, "2011-12-30T09:00:00Z"), "2012-01-06T09:00:00+14:00");
    // Clocks in Asunción skipped midnight.
    let midnight = window(&Weekday::ALL, "00:00", "00:30");
    assert_eq!(
        sent("America/Asuncion", &midnight, "2022-10-02T03:30:00Z"),
        "2022-10-03T00:00:00-03:00"
    );
}

#[test]
fn the_name_of_a_zone_that_is_not_known_is_told() {
    let cadence = Cadence { timezone: "Mars".to_owned(), ..complete(draft()) };
    let error = preview(&cadence, moment("2026-06-01T00:00:00Z"), &Samples::default());
    assert_eq!(error, Err(preview::Error::UnknownTimezone("Mars".to_owned())));
}

#[test]
fn what_cannot_be_written_is_refused() {
    let samples = Samples::default();
    let cadence = complete(of_steps(vec![wait(DAY), email("a")]));
    for start in [Timestamp::from_micros(i64::MAX), moment("9999-12-30T00:00:00Z")] {
        assert_eq!(preview(&cadence, start, &samples), Err(preview::Error::OutOfRange));
    }
    let office = window(&WORKDAYS, "09:00", "17:00");
    let late = within("Europe/Berlin", office, vec![email("a")]);
    let start = moment("9999-12-30T21:00:00Z");
    assert_eq!(preview(&late, start, &samples), Err(preview::Error::OutOfRange));
    let mut closed = late;
    closed.send_window = Some(window(&[], "09:00", "17:00"));
    let start = moment("2026-06-01T00:00:00Z");
    assert_eq!(preview(&closed, start, &samples), Err(preview::Error::OutOfRange));
}

#[test]
fn steps_show_their_texts_filled_in() {
    let cadence = complete(draft());
    let samples = Samples::parse([("first_name", "Zoë")]).unwrap();
    let steps = preview(&cadence, moment("2026-06-01T00:00:00Z"), &samples).unwrap();
    let bodies: Vec<_> =
        steps.iter().map(|step| step.rendered.as_ref().map(|texts| texts.body.as_str())).collect();
    assert_eq!(bodies, [Some("Hello Zoë"), None, Some("")]);
    let unknown = preview(&cadence, moment("2026-06-01T00:00:00Z"), &Samples::default()).unwrap();
    let missing = &unknown[0].rendered.as_ref().unwrap().missing;
    assert_eq!(missing.iter().collect::<Vec<_>>(), [&MergeField::FirstName]);
    assert!(steps.iter().all(|step| step.moved_by == Duration::ZERO));
}

#[test]
fn texts_that_grow_too_long_are_not_shown() {
    let body = "{{city}}".repeat(MERGE_FIELDS_MAX);
    let html = TemplateDraft { format: Some(TemplateFormat::Html), ..texts("s", &body) };
    let cadence = complete(of_steps(vec![with(html); STEPS_MAX]));
    let start = moment("2026-06-01T00:00:00Z");
    let quotes = "\"".repeat(SAMPLE_LENGTH_MAX);
    let samples = Samples::parse([("city", quotes.as_str())]).unwrap();
    assert_eq!(preview(&cadence, start, &samples), Err(preview::Error::TooLong));
    assert!(preview(&cadence, start, &Samples::default()).is_ok());
}
