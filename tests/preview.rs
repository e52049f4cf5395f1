//! Previews, checked by a second program: ten thousand random cases, most of them around changes of
//! clocks, against rules that Python's own time zones carry out.
//!
//! The time zones of both are pinned, here by `Cargo.lock` and there by the `tzdata` of
//! `tests/official_client/requirements.txt`. Where one is ahead of the other, the zones that they
//! know differently are told, and their cases are left out.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use gomark::domain::cadence::{
    Channel, LocalTime, PreviewStep, Samples, SendWindow, Step, StepDraft, TemplateDraft, Weekday,
    preview,
};
use gomark::domain::{Cadence, CadenceDraft, CadenceRules, ResourceId, Timestamp, VendorKind};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

#[path = "support/python.rs"]
mod python;

const CASES: usize = 10_000;
/// Zones whose clocks are changed in ways of their own. Half of the cases are about them.
const UNCOMMON: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "America/Asuncion",
    "Asia/Tehran",
    "America/St_Johns",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "Asia/Pyongyang",
];

/// A zone, and the moments at which its clocks are changed.
struct Zone {
    name: String,
    zone: TimeZone,
    changes: Vec<jiff::Timestamp>,
}

impl Zone {
    fn new(name: &str) -> Self {
        let zone = TimeZoneDatabase::bundled().get(name).unwrap();
        let first = "1975-01-01T00:00:00Z".parse().unwrap();
        let last: jiff::Timestamp = "2055-01-01T00:00:00Z".parse().unwrap();
        let changes = zone.following(first).map(|change| change.timestamp());
        let changes = changes.take_while(|at| *at < last);
        let changes = std::iter::once(first).chain(changes).collect();
        Self { name: name.to_owned(), zone, changes }
    }

    fn offsets(&self) -> Value {
        let offset =
            |at: &jiff::Timestamp| json!([at.as_microsecond(), self.zone.to_offset(*at).seconds()]);
        let offsets: Vec<_> = self.changes.iter().map(offset).collect();
        json!({ "zone": self.name, "offsets": offsets })
    }

    /// A moment, mostly within two days of a change of clocks.
    fn start(&self, random: &mut StdRng) -> Timestamp {
        let near = match random.random_bool(0.7) {
            // The latest third of the changes, so that today's rules are what is tried most.
            true => self.changes[self.changes.len() * 2 / 3..].choose(random),
            false => self.changes.choose(random),
        };
        let spread = if random.random_bool(0.9) { 2 } else { 200 } * 86_400;
        let seconds = near.unwrap().as_second() + random.random_range(-spread..spread);
        let within = if random.random_bool(0.2) { random.random_range(0..1_000_000) } else { 0 };
        Timestamp::from_micros(seconds * 1_000_000 + within)
    }
}

fn window(random: &mut StdRng) -> SendWindow {
    // Most changes of clocks are in the first hours of a day; some are by half an hour.
    let minute = |random: &mut StdRng| match random.random_bool(0.6) {
        true => random.random_range(0..=18) * 15,
        false => random.random_range(0..=1440),
    };
    let (one, other) = (minute(random), minute(random));
    let from = one.min(other).min(1439);
    let time = |minutes| LocalTime::from_minutes(minutes).unwrap();
    let share = *[0.2, 0.7, 1.0].choose(random).unwrap();
    let mut days: BTreeSet<_> =
        Weekday::ALL.into_iter().filter(|_| random.random_bool(share)).collect();
    days.insert(*Weekday::ALL.choose(random).unwrap());
    SendWindow { days, from: time(from), to: time(one.max(other).max(from + 1)) }
}

fn step(random: &mut StdRng) -> StepDraft {
    let channel = *Channel::ALL.choose(random).unwrap();
    let texts = TemplateDraft { subject: "s".to_owned(), body: "b".to_owned(), format: None };
    StepDraft {
        step_id: String::new(),
        channel: Some(channel),
        delay_s: match random.random_range(0..3) {
            0 => random.random_range(0..=8) * 900,
            1 => random.random_range(0..=4) * 86_400,
            _ => random.random_range(0..=3 * 86_400),
        },
        template: (channel != Channel::Wait).then_some(texts),
    }
}

fn cadence(random: &mut StdRng, zone: &Zone) -> Cadence {
    let draft = CadenceDraft {
        cadence_id: "case".to_owned(),
        timezone: zone.name.clone(),
        send_window: random.random_bool(0.95).then(|| window(random)),
        steps: (0..random.random_range(1..=5)).map(|_| step(random)).collect(),
        ..CadenceDraft::new(VendorKind::HubSpot)
    };
    draft.complete(ResourceId::from_trusted("cadence-1"), &CadenceRules::ANY).unwrap()
}

/// A case and its answer, as the other program reads them.
fn written(cadence: &Cadence, start: Timestamp, answer: &[PreviewStep]) -> Value {
    let window = cadence.send_window.as_ref().map(|window| {
        let number = |day: &Weekday| Weekday::ALL.iter().position(|other| other == day);
        let days: Vec<_> = window.days.iter().filter_map(number).collect();
        json!({ "days": days, "from": window.from.minutes(), "to": window.to.minutes() })
    });
    let step = |step: &Step| json!([step.channel.as_str(), step.delay_s]);
    let shown = |step: &PreviewStep| {
        let shown = step.at.shown.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string();
        json!([step.at.at.as_micros(), shown, step.at.offset_s])
    };
    json!({
        "zone": cadence.timezone,
        "start": start.as_micros(),
        "window": window,
        "steps": cadence.steps.iter().map(step).collect::<Vec<_>>(),
        "answer": answer.iter().map(shown).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn a_second_program_finds_the_same_moments() {
    let mut random = StdRng::seed_from_u64(20_260_329);
    let database = TimeZoneDatabase::bundled();
    // What the database calls Factory is no zone: it stands for one that was not set.
    let names = database.available().map(|name| name.to_string()).filter(|name| name != "Factory");
    let all: Vec<_> = names.map(|name| Zone::new(&name)).collect();
    let uncommon = UNCOMMON.map(Zone::new);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for zone in &all {
        writeln!(file, "{}", zone.offsets()).unwrap();
    }
    let mut moved = 0;
    for case in 0..CASES {
        let zones = if case % 2 == 0 { &uncommon[..] } else { &all[..] };
        let zone = zones.choose(&mut random).unwrap();
        let cadence = cadence(&mut random, zone);
        let start = zone.start(&mut random);
        let answer = preview(&cadence, start, &Samples::default()).unwrap();
        moved += usize::from(answer.iter().any(|step| step.moved_by > Duration::ZERO));
        writeln!(file, "{}", written(&cadence, start, &answer)).unwrap();
    }
    file.flush().unwrap();
    assert!(moved > CASES / 2, "only {moved} cases are about the window");
    let Some(said) = python::run("preview/check.py", &[file.path().to_str().unwrap()]).await else {
        return;
    };
    eprintln!("{moved} cases were moved by the window; {said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["wrong"], 0, "{said}");
    assert!(said["checked"].as_u64().unwrap() >= CASES as u64 * 9 / 10, "{said}");
}
