//! What holds for all cadences.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

use super::generated::{again, cadences, to, windows};
use super::*;

/// Starts around changes of clocks: within two days of one of the first of them after 2005.
fn starts(timezone: &str, index: usize, seconds: i64) -> Timestamp {
    let zone = zone::find(timezone).expect("a zone");
    let epoch: jiff::Timestamp = "2005-01-01T00:00:00Z".parse().expect("a moment");
    let changes: Vec<_> = zone.following(epoch).take(60).map(|c| c.timestamp()).collect();
    let change = if changes.is_empty() { epoch } else { changes[index % changes.len()] };
    Timestamp::from_micros(change.as_microsecond() + seconds * 1_000_000)
}

/// Looks for the first minute in the window one by one, for as long as a week and two days.
fn first_minute(window: &SendWindow, timezone: &str, due: Timestamp) -> Option<Timestamp> {
    let zone = zone::find(timezone).expect("a zone");
    let minute = Duration::from_secs(60);
    let begun = due.as_micros().rem_euclid(60_000_000);
    let next = Timestamp::from_micros(due.as_micros() - begun).plus(minute);
    let minutes = std::iter::successors(Some(next), |at| Some(at.plus(minute)));
    std::iter::once(due).chain(minutes.take(9 * 24 * 60)).find(|at| {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).expect("a moment");
        window.contains(zone.to_datetime(at))
    })
}

fn patched(patch: CadencePatch, cadence: &Cadence) -> Cadence {
    patch.apply(cadence, &CadenceRules::ANY).expect("a change that breaks no rule")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn steps_happen_in_their_order_after_their_delays_and_in_the_window(
        cadence in cadences(),
        index in 0..60_usize,
        seconds in -172_800..172_800_i64,
    ) {
        let start = starts(&cadence.timezone, index, seconds);
        let steps = preview(&cadence, start, &Samples::default()).unwrap();
        prop_assert_eq!(steps.len(), cadence.steps.len());
        let mut before = start;
        for (step, shown) in cadence.steps.iter().zip(&steps) {
            let due = before.plus(Duration::from_secs(step.delay_s.unsigned_abs()));
            prop_assert!(shown.at.at >= due);
            prop_assert_eq!(shown.moved_by, shown.at.at.since(due));
            match &cadence.send_window {
                Some(window) if step.channel != Channel::Wait => {
                    prop_assert!(window.contains(shown.at.shown), "{shown:?}");
                }
                _ => prop_assert_eq!(shown.at.at, due),
            }
            before = shown.at.at;
        }
    }

    #[test]
    fn no_earlier_minute_lies_in_the_window(
        window in windows(),
        zone in 0..super::generated::ZONES.len(),
        index in 0..60_usize,
        seconds in -172_800..172_800_i64,
    ) {
        let timezone = super::generated::ZONES[zone].to_owned();
        let start = starts(&timezone, index, seconds);
        let expected = first_minute(&window, &timezone, start);
        let draft = CadenceDraft {
            timezone,
            send_window: Some(window),
            ..of_steps(vec![email("a")])
        };
        let steps = preview(&complete(draft), start, &Samples::default()).unwrap();
        if let Some(expected) = expected {
            prop_assert_eq!(steps[0].at.at, expected);
        } else {
            // A window of one day a week can be skipped with its day, once.
            prop_assert!(steps[0].moved_by > Duration::from_secs(9 * 86_400));
        }
    }

    #[test]
    fn who_starts_later_gets_every_step_no_earlier(
        cadence in cadences(),
        index in 0..60_usize,
        seconds in -172_800..172_800_i64,
        later in 0..172_800_u64,
    ) {
        let start = starts(&cadence.timezone, index, seconds);
        let first = preview(&cadence, start, &Samples::default()).unwrap();
        let second =
            preview(&cadence, start.plus(Duration::from_secs(later)), &Samples::default()).unwrap();
        for (first, second) in first.iter().zip(&second) {
            prop_assert!(first.at.at <= second.at.at);
        }
    }

    #[test]
    fn a_reorder_keeps_every_step(cadence in cadences(), places in any::<[Index; 8]>()) {
        let mut steps: Vec<_> = cadence.steps.iter().map(again).collect();
        for (at, place) in places.iter().enumerate() {
            let (at, place) = (at % steps.len(), place.index(steps.len()));
            steps.swap(at, place);
        }
        let order: Vec<_> = steps.iter().map(|step| step.step_id.clone()).collect();
        let patch = CadencePatch { steps: Some(steps), ..CadencePatch::default() };
        let moved = patched(patch, &cadence);
        prop_assert_eq!(step_ids(&moved), order);
        let by_id = |cadence: &Cadence| {
            let mut steps = cadence.steps.clone();
            steps.sort_by(|one, other| one.step_id.cmp(&other.step_id));
            steps
        };
        prop_assert_eq!(by_id(&moved), by_id(&cadence));
        prop_assert_eq!(patched(to(&cadence, true), &moved), cadence);
    }

    #[test]
    fn a_change_is_taken_back_by_the_change_to_what_was(
        one in cadences(),
        other in cadences(),
        replace in any::<bool>(),
    ) {
        // Steps that are changed in their places are as many before and after.
        let mut other = Cadence { id: one.id.clone(), cadence_id: one.cadence_id.clone(), ..other };
        let mut one = one;
        if !replace {
            let both = one.steps.len().min(other.steps.len());
            one.steps.truncate(both);
            other.steps.truncate(both);
        }
        let changed = patched(to(&other, replace), &one);
        prop_assert_eq!(&changed, &other);
        prop_assert_eq!(patched(to(&one, replace), &changed), one);
    }

    #[test]
    fn texts_are_read_back_as_they_were_written(
        parts in prop::collection::vec(
            prop_oneof![
                "[a-zä<&\n]{1,5}([{}][a-z ]{1,3})?".prop_map(Err),
                prop::sample::select(&MergeField::ALL[..]).prop_map(Ok),
            ],
            0..12,
        ),
    ) {
        let mut written = String::new();
        let mut expected: Vec<Result<MergeField, String>> = Vec::new();
        for part in parts {
            match (part, expected.last_mut()) {
                (Err(text), Some(Err(before))) => before.push_str(&text),
                (part, _) => expected.push(part),
            }
        }
        for part in &expected {
            written.push_str(&match part {
                Ok(field) => Part::Field(*field).to_string(),
                Err(text) => Part::Text(text).to_string(),
            });
        }
        let read: Vec<_> = parse(&written).unwrap().into_iter().map(|part| match part {
            Part::Field(field) => Ok(field),
            Part::Text(text) => Err(text.to_owned()),
        }).collect();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(merge::canonical(&written), written);
    }

    #[test]
    fn any_text_is_taken_apart_or_refused(text in "[a-z{} ]{0,40}|.{0,40}") {
        match parse(&text) {
            Err(faults) => prop_assert!(!faults.is_empty()),
            Ok(parts) => {
                let printed: String = parts.iter().map(Part::to_string).collect();
                prop_assert_eq!(parse(&printed), Ok(parts));
                let fields: BTreeSet<_> = parse(&text).unwrap().into_iter().filter_map(|part| match part {
                    Part::Field(field) => Some(field),
                    Part::Text(_) => None,
                }).collect();
                let template = Template { subject: text.clone(), ..Template::empty() };
                prop_assert_eq!(template.render(&Samples::default()).missing, fields);
            }
        }
    }
}
