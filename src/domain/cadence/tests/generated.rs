//! Cadences and changes of all kinds, for the properties.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Zones with changes of all kinds, and one without.
pub(super) const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Asuncion",
    "Asia/Kolkata",
];

pub(super) fn windows() -> impl Strategy<Value = SendWindow> {
    let days = btree_set(select(&Weekday::ALL[..]), 1..=7);
    // Most changes of clocks are in the first hours of a day.
    let minutes = prop_oneof![0..=240_u16, 0..=1440_u16];
    let pair = (minutes.clone(), minutes).prop_filter("a window that opens", |(a, b)| a != b);
    (days, pair).prop_map(|(days, (one, other))| SendWindow {
        days,
        from: LocalTime::from_minutes(one.min(other)).unwrap(),
        to: LocalTime::from_minutes(one.max(other)).unwrap(),
    })
}

/// Texts with merge fields that are right.
fn written() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-z <&]{1,8}",
        select(&MergeField::ALL[..]).prop_map(|field| format!("{{{{{field}}}}}")),
        select(&MergeField::ALL[..]).prop_map(|field| format!("{{{{ {field} }}}}")),
    ];
    vec(part, 1..6).prop_map(|parts| format!("x{}", parts.concat()))
}

fn templates() -> impl Strategy<Value = TemplateDraft> {
    let format = option::of(select(&TemplateFormat::ALL[..]));
    (written(), written(), format).prop_map(|(subject, body, format)| TemplateDraft {
        subject,
        body,
        format,
    })
}

fn steps() -> impl Strategy<Value = StepDraft> {
    let delays = prop_oneof![0..=90_i64, 0..=3 * 86_400_i64];
    let channels = select(&Channel::ALL[..]);
    (channels, delays, templates()).prop_map(|(channel, delay_s, template)| StepDraft {
        step_id: String::new(),
        channel: Some(channel),
        delay_s,
        template: (channel != Channel::Wait).then_some(template),
    })
}

pub(super) fn cadences() -> impl Strategy<Value = Cadence> {
    let of = (
        "[A-Z][a-z]{0,9}",
        select(&CadenceStatus::ALL[..]),
        select(&ZONES[..]),
        option::of(windows()),
        vec(steps(), 1..8),
    );
    of.prop_map(|(name, status, timezone, send_window, steps)| {
        complete(CadenceDraft {
            cadence_id: String::new(),
            name,
            status: Some(status),
            timezone: timezone.to_owned(),
            send_window,
            ..of_steps(steps)
        })
    })
}

/// The draft of a step that is there already.
pub(super) fn again(step: &Step) -> StepDraft {
    StepDraft {
        step_id: step.step_id.to_string(),
        channel: Some(step.channel),
        delay_s: step.delay_s,
        template: step.template.clone().map(|template| TemplateDraft {
            subject: template.subject,
            body: template.body,
            format: Some(template.format),
        }),
    }
}

/// The change of steps in their places that makes them what they are.
fn to_steps(steps: &[Step]) -> Vec<StepPatch> {
    let texts = |template: &Template| TemplatePatch {
        subject: Some(template.subject.clone()),
        body: Some(template.body.clone()),
        format: Some(template.format),
    };
    let patch = |step: &Step| StepPatch {
        step_id: step.step_id.to_string(),
        channel: Some(step.channel),
        delay_s: Some(step.delay_s),
        template: step.template.as_ref().map(texts),
    };
    steps.iter().map(patch).collect()
}

/// The change that makes any cadence this one: by replacing all steps, or each in its place.
pub(super) fn to(cadence: &Cadence, replace: bool) -> CadencePatch {
    CadencePatch {
        name: Some(cadence.name.clone()),
        status: Some(cadence.status),
        timezone: Some(cadence.timezone.clone()),
        send_window: Some(cadence.send_window.clone()),
        steps: replace.then(|| cadence.steps.iter().map(again).collect()),
        step_patches: if replace { Vec::new() } else { to_steps(&cadence.steps) },
    }
}
