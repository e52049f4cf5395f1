//! Cadences that are refused: new ones.

mod changes;
mod previews;

use std::time::Duration;

use gomark_sdk::cadences::{email, send_window, task, wait};
use gomark_sdk::v1::*;
use gomark_sdk::{cadences, v1};
use prost_types::FieldMask;

use crate::refusals::{Bad, all_are_refused, bad};
use crate::world::World;

const ADD: &str = "ConfigService/AddCadence";
const MODIFY: &str = "ConfigService/ModifyCadence";
const PREVIEW: &str = "ConfigService/PreviewCadence";

const SLUG: &str = "must match ^[a-z0-9][a-z0-9_-]{0,62}$";
const DELAY: &str = "must be from 0 to 365 days";
const MERGE_FIELDS: &str = "first_name, last_name, email, phone, job_title, company_name, city, \
                            country, sender_first_name, sender_last_name, sender_email";

/// A company with the cadence `trial`: an email, a wait and a task, `step-1` to `step-3`.
async fn world() -> World {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let steps = [email("Hello", "Text"), wait(Duration::from_secs(3_600)), task("Call")];
    world.client.add_cadence("acme", cadences::cadence("Trial", steps)).await.unwrap();
    world
}

/// A cadence of one email, as yet right.
fn new() -> Cadence {
    with_step(email("Hello", "Text"))
}

fn with_step(step: Step) -> Cadence {
    cadences::cadence("New", [step])
}

fn add(what: &str, cadence: Cadence, path: &str, rule: &str) -> Bad {
    let request = AddCadenceRequest {
        company_id: "acme".to_owned(),
        cadence: Some(cadence),
        ..AddCadenceRequest::default()
    };
    bad(what, ADD, &request, format!("cadence.{path}"), rule)
}

fn modify(cadence: Option<Cadence>, mask: &[&str]) -> ModifyCadenceRequest {
    let paths = mask.iter().map(|path| (*path).to_owned()).collect();
    ModifyCadenceRequest {
        company_id: "acme".to_owned(),
        cadence_id: "trial".to_owned(),
        cadence,
        update_mask: Some(FieldMask { paths }),
        ..ModifyCadenceRequest::default()
    }
}

/// What no cadence may have, in a new one, as a change of one, and in one that is only shown.
fn everywhere(what: &str, cadence: &Cadence, path: &str, rule: &str) -> [Bad; 3] {
    let preview = PreviewCadenceRequest {
        company_id: "acme".to_owned(),
        which: Some(cadence.clone().into()),
        ..PreviewCadenceRequest::default()
    };
    let in_cadence = format!("cadence.{path}");
    [
        add(what, cadence.clone(), path, rule),
        bad(what, MODIFY, &modify(Some(cadence.clone()), &[]), &in_cadence, rule),
        bad(what, PREVIEW, &preview, in_cadence, rule),
    ]
}

#[tokio::test]
async fn ids_and_names_have_their_lengths_and_characters() {
    let world = world().await;
    let mut rows = Vec::new();
    for id in ["Trial", "-a", "_a", "a b", "\u{e9}", "a.b", "a\u{0}", &"x".repeat(64)] {
        let cadence = Cadence { cadence_id: id.to_owned(), ..new() };
        rows.push(add(id, cadence, "cadence_id", SLUG));
    }
    let derived = "must be given where none can be derived from the name";
    rows.push(add(
        "no letter",
        Cadence { name: "\u{4ea4}".into(), ..new() },
        "cadence_id",
        derived,
    ));
    let nothing = Cadence { name: String::new(), ..new() };
    let row = add("nothing", nothing, "cadence_id", derived);
    rows.push(row.and("cadence.name", "must not be blank"));
    let control = "must not contain control characters";
    let invisible = "must not contain invisible characters";
    let trimmed = "must not begin or end with white space";
    let long = "must be at most 200 characters long";
    for (what, name, rule) in [
        ("long", "x".repeat(201), long),
        ("white space before", " Trial".to_owned(), trimmed),
        ("white space after", "Trial\u{2003}".to_owned(), trimmed),
        ("a line break", "Tri\nal".to_owned(), control),
        ("a zero", "Tri\u{0}al".to_owned(), control),
        ("zero width", "Tri\u{200b}al".to_owned(), invisible),
    ] {
        let named = Cadence { name, ..Cadence::default() };
        let new = Cadence { cadence_id: "new".into(), steps: new().steps, ..named.clone() };
        rows.push(add(what, new, "name", rule));
        rows.push(bad(what, MODIFY, &modify(Some(named), &[]), "cadence.name", rule));
    }
    let given = "must not be given: GoMark gives it";
    let own = Cadence { resource_id: "cadence-1".into(), ..new() };
    rows.push(add("an identity", own, "resource_id", given));
    all_are_refused(&world, "acme", rows).await;

    let most =
        Cadence { cadence_id: "x".repeat(63), name: "\u{e9}".repeat(200), ..Cadence::default() };
    let most = Cadence { steps: new().steps, ..most };
    world.client.add_cadence("acme", most).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn numbers_that_no_enum_has_are_refused() {
    let world = world().await;
    let mut rows = Vec::new();
    for number in [-1, 99, i32::MAX] {
        let rule = "is not a value of CadenceStatus";
        rows.extend(everywhere("a status", &Cadence { status: number, ..new() }, "status", rule));
        let rule = "is not a value of Vendor";
        rows.extend(everywhere("a vendor", &Cadence { vendor: number, ..new() }, "vendor", rule));
        let step = Step { channel: number, ..email("Hello", "Text") };
        let rule = "is not a value of Channel";
        rows.extend(everywhere("a channel", &with_step(step), "steps[0].channel", rule));
        let mut step = email("Hello", "Text");
        step.template.as_mut().unwrap().format = number;
        let rule = "is not a value of TemplateFormat";
        let path = "steps[0].template.format";
        rows.extend(everywhere("a format", &with_step(step), path, rule));
        let mut window = send_window([Weekday::Monday], "09:00", "17:00");
        window.days.push(number);
        let cadence = Cadence { send_window: Some(window), ..new() };
        let rule = "is not a value of Weekday";
        rows.extend(everywhere("a day", &cadence, "send_window.days[1]", rule));
    }
    let rule = "must be a vendor that holds cadences; hubspot does not";
    let hubspot = Cadence { vendor: Vendor::Hubspot.into(), ..new() };
    rows.push(add("a vendor of fields", hubspot, "vendor", rule));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn zones_are_those_of_the_iana_database() {
    let world = world().await;
    let rule = "must be a time zone of the IANA database, such as Europe/Berlin";
    let zones = ["Mars/Base", "europe/berlin", "UTC+1", "+01:00", "Factory", " UTC", "..", "local"];
    let rows = zones.iter().flat_map(|zone| {
        let cadence = Cadence { timezone: (*zone).to_owned(), ..new() };
        everywhere(zone, &cadence, "timezone", rule)
    });
    all_are_refused(&world, "acme", rows.collect()).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_send_window_has_days_and_a_time_from_and_to() {
    use Weekday::{Friday, Monday};
    let world = world().await;
    let in_window = |what: &str, window: &SendWindow, path: &str, rule: &str| {
        let cadence = Cadence { send_window: Some(window.clone()), ..new() };
        everywhere(what, &cadence, &format!("send_window.{path}"), rule)
    };
    let mut rows = Vec::new();
    let no_days = send_window([], "09:00", "17:00");
    rows.extend(in_window("no day", &no_days, "days", "must have at least one day"));
    let unsaid = send_window([Weekday::Unspecified], "09:00", "17:00");
    rows.extend(in_window("no day said", &unsaid, "days[0]", "must be given"));
    let twice = send_window([Friday, Monday, Friday], "09:00", "17:00");
    rows.extend(in_window("twice", &twice, "days[2]", "must differ from days[0]"));
    // What cannot be read keeps its place.
    let shifted = send_window([Weekday::Unspecified, Monday, Monday], "09:00", "17:00");
    rows.extend(
        in_window("twice, after one unsaid", &shifted, "days[0]", "must be given")
            .map(|row| row.and("cadence.send_window.days[2]", "must differ from days[1]")),
    );
    for (from, to) in [("17:00", "09:00"), ("09:00", "09:00"), ("24:00", "24:00")] {
        let window = send_window([Monday], from, to);
        rows.extend(in_window(from, &window, "to", "must be later than from"));
    }
    let time = "must be a time such as 09:30, from 00:00 to 24:00";
    for text in ["", "9:00", "09:60", "24:01", "25:00", " 09:00", "09:00:00", "-1:00", "0900"] {
        rows.extend(in_window(text, &send_window([Monday], text, "24:00"), "from", time));
        rows.extend(in_window(text, &send_window([Monday], "00:00", text), "to", time));
    }
    all_are_refused(&world, "acme", rows).await;

    let window = send_window([Monday], "00:00", "24:00");
    let widest = Cadence { send_window: Some(window), ..new() };
    world.client.add_cadence("acme", widest).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn delays_are_whole_seconds_of_a_year_at_most() {
    let world = world().await;
    let mut rows = Vec::new();
    let delayed = |seconds, nanos| {
        let delay = Some(prost_types::Duration { seconds, nanos });
        with_step(Step { delay, ..email("Hello", "Text") })
    };
    let year = 365 * 24 * 60 * 60;
    for seconds in [-1, year + 1, i64::MAX, i64::MIN] {
        rows.extend(everywhere("seconds", &delayed(seconds, 0), "steps[0].delay", DELAY));
    }
    for (seconds, nanos) in [(1, 1), (1, -1), (0, 999_999_999), (i64::MAX, i32::MAX)] {
        let rule = "must be whole seconds";
        rows.extend(everywhere("nanos", &delayed(seconds, nanos), "steps[0].delay", rule));
    }
    all_are_refused(&world, "acme", rows).await;
    world.client.add_cadence("acme", delayed(year, 0)).await.unwrap();
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_channel_goes_with_the_texts_that_it_needs() {
    let world = world().await;
    let mut rows = Vec::new();
    let bare = |channel: Channel| Step { channel: channel.into(), ..Step::default() };
    let template = "steps[0].template";
    let rule = "must be given: an email has a subject and a body";
    rows.extend(everywhere("a bare step", &with_step(Step::default()), template, rule));
    rows.extend(everywhere("a bare email", &with_step(bare(Channel::Email)), template, rule));
    let rule = "must be given: a task has a subject";
    rows.extend(everywhere("a bare task", &with_step(bare(Channel::Task)), template, rule));
    let rule = "must be left out: a wait has no texts";
    let wordy = Step { template: Some(v1::Template::default()), ..bare(Channel::Wait) };
    rows.extend(everywhere("a wait", &with_step(wordy), template, rule));
    let blank = "must not be blank";
    let body = "steps[0].template.body";
    rows.extend(everywhere("no body", &with_step(email("Hello", " \n")), body, blank));
    let subject = "steps[0].template.subject";
    rows.extend(everywhere("no subject", &with_step(email("", "Text")), subject, blank));
    rows.extend(everywhere("no title", &with_step(task(" ")), subject, blank));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn texts_have_their_lengths_and_characters() {
    let world = world().await;
    let mut rows = Vec::new();
    let (subject, body) = ("steps[0].template.subject", "steps[0].template.body");
    let control = "must not contain control characters";
    let long_control = "must not contain control characters other than line breaks and tabs";
    for (what, text, rule) in [
        ("a line break", "a\nb", control),
        ("a tab", "a\tb", control),
        ("a zero", "a\u{0}", control),
    ] {
        rows.extend(everywhere(what, &with_step(email(text, "Text")), subject, rule));
    }
    let long = "must be at most 998 bytes long";
    let step = email("\u{e9}".repeat(499) + "x", "Text");
    rows.extend(everywhere("long", &with_step(step), subject, long));
    rows.extend(everywhere("a zero", &with_step(email("Hi", "a\u{0}")), body, long_control));
    let long = "must be at most 102400 bytes long";
    let step = email("Hello", "x".repeat(102_401));
    rows.extend(everywhere("long", &with_step(step), body, long));
    for (text, rule) in [
        ("{{firstname}}", unknown_merge_field("firstname")),
        ("{{First_Name}}", unknown_merge_field("First_Name")),
        ("{{ }}", "must have the name of a merge field between {{ and }}".to_owned()),
        ("{{first_name", "must not have {{ without }} after it".to_owned()),
        (
            "first_name}}",
            "must not have }} without {{ before it; a blank between two braces makes them text"
                .to_owned(),
        ),
        ("{{email}}".repeat(101).as_str(), "must have at most 100 merge fields".to_owned()),
    ] {
        rows.extend(everywhere("a subject", &with_step(email(text, "Text")), subject, &rule));
        rows.extend(everywhere("a body", &with_step(email("Hello", text)), body, &rule));
    }
    all_are_refused(&world, "acme", rows).await;

    let fields = "{{email}}".repeat(100);
    let filled = fields.clone() + &"x".repeat(102_400 - fields.len());
    let most = with_step(email("\u{e9}".repeat(499), filled));
    world.client.add_cadence("acme", most).await.unwrap();
    assert!(world.stop().await);
}

fn unknown_merge_field(name: &str) -> String {
    format!(
        "must not have the merge field \"{name}\", which does not exist; there are {MERGE_FIELDS}"
    )
}

#[tokio::test]
async fn steps_are_some_and_have_ids_of_their_own() {
    let world = world().await;
    let mut rows = Vec::new();
    let named = |id: &str| Step { step_id: id.to_owned(), ..email("Hello", "Text") };
    for id in ["Step", "-a", "a b", &"x".repeat(64)] {
        rows.extend(everywhere(id, &with_step(named(id)), "steps[0].step_id", SLUG));
    }
    let twice = cadences::cadence("New", [named("a"), named("b"), named("a")]);
    let rule = "must differ from steps[0].step_id";
    rows.extend(everywhere("twice", &twice, "steps[2].step_id", rule));
    let many = |count| cadences::cadence("New", vec![email("Hello", "Text"); count]);
    rows.extend(everywhere("51", &many(51), "steps", "must be at most 50"));
    for (status, name) in [(CadenceStatus::Active, "active"), (CadenceStatus::Paused, "paused")] {
        let empty = Cadence { status: status.into(), steps: Vec::new(), ..new() };
        let rule = format!("must have at least one step in a cadence that is {name}");
        rows.push(add(name, empty, "steps", &rule));
    }
    // Each may be 100 KiB, all of them together not.
    let large = |bytes: usize| {
        let first = (0..5).map(|_| email("a", "x".repeat(102_399)));
        let rest =
            bytes - 5 * 102_400 - "step-1".len() * 6 - "new".len() - "New".len() - "UTC".len();
        let last = email("a", "x".repeat(rest - 1));
        cadences::cadence("New", first.chain([last]).collect::<Vec<_>>())
    };
    let rule = "must leave the cadence at most 512 KiB of text altogether";
    let over = Cadence { cadence_id: "new".into(), ..large(512 * 1024 + 1) };
    rows.push(add("large", over, "steps", rule));
    all_are_refused(&world, "acme", rows).await;

    let client = &world.client;
    client
        .add_cadence("acme", Cadence { name: "Large".into(), ..large(512 * 1024 - 4) })
        .await
        .unwrap();
    client.add_cadence("acme", many(50)).await.unwrap();
    let draft =
        Cadence { name: "Idea".into(), status: CadenceStatus::Draft.into(), ..Default::default() };
    client.add_cadence("acme", draft).await.unwrap();
    assert!(world.stop().await);
}
