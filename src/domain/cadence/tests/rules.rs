//! Every rule for a new cadence, with its path and its words.

use super::*;

const SLUG: &str = "must match ^[a-z0-9][a-z0-9_-]{0,62}$";
const BLANK: &str = "must not be blank";
const CONTROL: &str = "must not contain control characters";
const EDGES: &str = "must not begin or end with white space";

#[test]
fn cadence_ids_and_step_ids_follow_their_pattern() {
    for bad in ["-a", "_a", "A", "a.b", "a b", "ä", &"a".repeat(64)] {
        let cadence = CadenceDraft { cadence_id: bad.to_owned(), name: "x".to_owned(), ..draft() };
        refused(cadence, &[("cadence_id", SLUG)]);
        let step = of_steps(vec![email("a"), named(bad, email("b"))]);
        refused(step, &[("steps[1].step_id", SLUG)]);
    }
    for good in ["0", "a", "a-1_b", &"a".repeat(63)] {
        complete(CadenceDraft { cadence_id: good.to_owned(), ..draft() });
        complete(of_steps(vec![named(good, email("b"))]));
    }
}

#[test]
fn step_ids_differ() {
    let twice = of_steps(vec![named("a", email("a")), email("b"), named("a", task("c"))]);
    refused(twice, &[("steps[2].step_id", "must differ from steps[0].step_id")]);
}

#[test]
fn names_are_one_line_that_is_not_blank() {
    let of_name = |name: &str| CadenceDraft { name: name.to_owned(), ..draft() };
    refused(of_name(" "), &[("name", BLANK), ("name", EDGES)]);
    refused(of_name("x "), &[("name", EDGES)]);
    refused(of_name("a\nb"), &[("name", CONTROL)]);
    complete(of_name(&"ü".repeat(NAME_LENGTH_MAX)));
    let long = of_name(&"ü".repeat(NAME_LENGTH_MAX + 1));
    refused(long, &[("name", "must be at most 200 characters long")]);
}

#[test]
fn time_zones_are_those_of_the_iana_database_spelled_as_there() {
    let within = |timezone: &str| CadenceDraft { timezone: timezone.to_owned(), ..draft() };
    for good in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"] {
        assert_eq!(complete(within(good)).timezone, good);
    }
    let rule = "must be a time zone of the IANA database, such as Europe/Berlin";
    for bad in [
        "utc",
        "europe/berlin",
        "Berlin",
        "CEST",
        "+02:00",
        "Etc/Unknown",
        "Factory",
        "../UTC",
        " ",
    ] {
        refused(within(bad), &[("timezone", rule)]);
    }
}

#[test]
fn a_send_window_has_days_and_ends_after_it_begins() {
    let within = |window| CadenceDraft { send_window: Some(window), ..draft() };
    complete(within(window(&Weekday::ALL, "00:00", "24:00")));
    complete(within(window(&[Weekday::Monday], "09:00", "09:01")));
    let later = "must be later than from";
    refused(within(window(&Weekday::ALL, "09:00", "09:00")), &[("send_window.to", later)]);
    refused(
        within(window(&[], "17:00", "09:00")),
        &[("send_window.days", "must have at least one day"), ("send_window.to", later)],
    );
}

#[test]
fn only_a_draft_goes_without_steps() {
    for status in CadenceStatus::ALL {
        let empty = CadenceDraft { status: Some(status), ..of_steps(Vec::new()) };
        if status == CadenceStatus::Draft {
            assert_eq!(complete(empty).steps, []);
        } else {
            let rule = format!("must have at least one step in a cadence that is {status}");
            refused(empty, &[("steps", &rule)]);
        }
    }
}

#[test]
fn a_cadence_has_at_most_fifty_steps() {
    complete(of_steps(vec![wait(1); STEPS_MAX]));
    refused(of_steps(vec![wait(1); STEPS_MAX + 1]), &[("steps", "must be at most 50")]);
}

#[test]
fn delays_are_from_nothing_to_a_year() {
    for good in [0, 1, DELAY_S_MAX] {
        complete(of_steps(vec![wait(good), after(good, email("a"))]));
    }
    for bad in [-1, DELAY_S_MAX + 1, i64::MIN, i64::MAX] {
        let late = of_steps(vec![email("a"), wait(bad)]);
        refused(late, &[("steps[1].delay", "must be from 0 to 365 days")]);
    }
}

#[test]
fn an_email_has_a_subject_and_a_body() {
    let missing = StepDraft::default();
    let rule = "must be given: an email has a subject and a body";
    refused(of_steps(vec![missing]), &[("steps[0].template", rule)]);
    refused(
        of_steps(vec![with(texts(" ", "\n"))]),
        &[("steps[0].template.subject", BLANK), ("steps[0].template.body", BLANK)],
    );
}

#[test]
fn a_task_has_a_subject_and_may_have_a_body() {
    let of_task = |template| {
        of_steps(vec![StepDraft { channel: Some(Channel::Task), template, ..StepDraft::default() }])
    };
    complete(of_task(Some(texts("Call", ""))));
    complete(of_task(Some(texts("Call", "Ask for {{first_name}}"))));
    refused(of_task(None), &[("steps[0].template", "must be given: a task has a subject")]);
    refused(of_task(Some(texts("", "x"))), &[("steps[0].template.subject", BLANK)]);
}

#[test]
fn a_wait_has_no_texts() {
    let wordy = StepDraft { template: Some(texts("a", "b")), ..wait(1) };
    let rule = "must be left out: a wait has no texts";
    refused(of_steps(vec![wordy]), &[("steps[0].template", rule)]);
}

#[test]
fn subjects_are_one_line_of_a_message() {
    let path = "steps[0].template.subject";
    let of_subject = |subject: &str| of_steps(vec![with(texts(subject, "x"))]);
    complete(of_subject(&"s".repeat(SUBJECT_BYTES_MAX)));
    complete(of_subject("👩\u{200d}🚀"));
    let rule = "must be at most 998 bytes long";
    refused(of_subject(&"ü".repeat(SUBJECT_BYTES_MAX / 2 + 1)), &[(path, rule)]);
    for bad in ["a\nb", "a\r\nBcc: b", "a\tb", "a\u{0}"] {
        refused(of_subject(bad), &[(path, CONTROL)]);
    }
}

#[test]
fn bodies_have_lines_and_at_most_a_hundred_kibibytes() {
    let path = "steps[0].template.body";
    let of_body = |body: &str| of_steps(vec![with(texts("s", body))]);
    complete(of_body("one\r\n\ttwo\n"));
    complete(of_body(&"b".repeat(BODY_BYTES_MAX)));
    let rule = "must be at most 102400 bytes long";
    refused(of_body(&"b".repeat(BODY_BYTES_MAX + 1)), &[(path, rule)]);
    let rule = "must not contain control characters other than line breaks and tabs";
    refused(of_body("a\u{7}"), &[(path, rule)]);
}

#[test]
fn a_cadence_has_at_most_half_a_mebibyte_of_text() {
    let sized = |bytes_more: usize| {
        let full = with(texts("s", &"b".repeat(BODY_BYTES_MAX)));
        let steps = |last: &str| {
            let mut steps = vec![full.clone(); 5];
            steps.push(with(texts("s", last)));
            of_steps(steps)
        };
        let present = complete(steps("b")).bytes();
        steps(&"b".repeat(1 + CADENCE_BYTES_MAX - present + bytes_more))
    };
    assert_eq!(complete(sized(0)).bytes(), CADENCE_BYTES_MAX);
    let rule = "must leave the cadence at most 512 KiB of text altogether";
    refused(sized(1), &[("steps", rule)]);
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let broken = CadenceDraft {
        cadence_id: "A".to_owned(),
        name: " ".to_owned(),
        timezone: "Mars".to_owned(),
        send_window: Some(window(&[], "00:00", "01:00")),
        steps: vec![after(-1, with(texts("{{x}}", ""))), wait(-1)],
        ..draft()
    };
    let unknown = "must not have the merge field \"x\", which does not exist; there are first_name, \
                   last_name, email, phone, job_title, company_name, city, country, \
                   sender_first_name, sender_last_name, sender_email";
    refused(
        broken,
        &[
            ("cadence_id", SLUG),
            ("name", BLANK),
            ("name", EDGES),
            ("timezone", "must be a time zone of the IANA database, such as Europe/Berlin"),
            ("send_window.days", "must have at least one day"),
            ("steps[0].delay", "must be from 0 to 365 days"),
            ("steps[0].template.subject", unknown),
            ("steps[0].template.body", BLANK),
            ("steps[1].delay", "must be from 0 to 365 days"),
        ],
    );
}
