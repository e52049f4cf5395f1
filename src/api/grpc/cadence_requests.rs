//! Reads what callers sent about cadences into the domain.

use std::collections::{BTreeMap, HashMap};

use gomark_sdk::v1 as pb;
use pb::preview_cadence_request::Which;

use super::mask::Mask;
use crate::domain::cadence::{
    CadencePatch, Change, Channel, LocalTime, Samples, SendWindow, ShortForm, StepDraft, StepPatch,
    TemplateDraft, TemplateFormat, TemplatePatch,
};
use crate::domain::{
    CadenceDraft, CadenceStatus, Intent, Timestamp, VendorKind, Violation, Violations,
};
use crate::engine::Previewed;
use crate::wire::{self, Unreadable};

/// The first and the last second that `google.protobuf.Timestamp` can tell.
const MOMENT_S_MIN: i64 = -62_135_596_800;
const MOMENT_S_MAX: i64 = 253_402_300_799;

const PATHS: [&str; 11] = [
    "name",
    "status",
    "timezone",
    "send_window",
    "steps",
    "steps.channel",
    "steps.delay",
    "steps.template",
    "steps.template.subject",
    "steps.template.body",
    "steps.template.format",
];

/// Reads AddCadence.
pub(super) fn add_cadence(cadence: Option<pb::Cadence>) -> Result<Intent, Violations> {
    let Some(cadence) = cadence else {
        return Err(Violation::new("cadence", "must be given").into());
    };
    Ok(Intent::AddCadence(draft(cadence)?))
}

/// Reads a cadence that is to be. The paths of what is found begin with `cadence`.
pub(super) fn draft(cadence: pb::Cadence) -> Result<CadenceDraft, Violations> {
    let mut found = Violations::new();
    let rule = "must not be given: GoMark gives it";
    found.require(cadence.resource_id.is_empty(), "resource_id", rule);
    let vendor = found.take(wire::vendor(cadence.vendor).map_err(fault("vendor"))).flatten();
    let draft = CadenceDraft {
        vendor: vendor.unwrap_or_else(VendorKind::of_cadences),
        status: status(&mut found, cadence.status),
        send_window: cadence.send_window.and_then(|window| send_window(&mut found, window)),
        steps: steps(&mut found, cadence.steps),
        cadence_id: cadence.cadence_id,
        name: cadence.name,
        timezone: cadence.timezone,
    };
    found.within("cadence").or(draft)
}

/// Reads ModifyCadence.
pub(super) fn modify_cadence(request: pb::ModifyCadenceRequest) -> Result<Intent, Violations> {
    let pb::ModifyCadenceRequest {
        cadence_id, cadence, update_mask, template, delay_hours, ..
    } = request;
    let long = cadence.is_some() || update_mask.as_ref().is_some_and(|mask| !mask.paths.is_empty());
    let change = match (template.is_some() || delay_hours.is_some(), long) {
        (true, false) => Change::Short(ShortForm { template, delay_hours }),
        (true, true) => {
            let path = if template.is_some() { "template" } else { "delay_hours" };
            return Err(Violation::new(path, "must not be given together with cadence").into());
        }
        (false, false) => {
            let rule = "must be given, or template or delay_hours in its place";
            return Err(Violation::new("cadence", rule).into());
        }
        (false, true) => {
            let mut found = Violations::new();
            let mask = Mask::read(update_mask.as_ref(), &PATHS, &mut found);
            let mut in_cadence = Violations::new();
            let patch = patch(&mut in_cadence, &cadence_id, cadence.unwrap_or_default(), &mask);
            found.take_all(in_cadence.within("cadence").or(()));
            Change::Patch(found.or(patch)?)
        }
    };
    Ok(Intent::ModifyCadence { cadence_id, change })
}

/// Reads what PreviewCadence is to show.
pub(super) fn previewed(which: Option<Which>) -> Result<Previewed, Violations> {
    match which {
        Some(Which::CadenceId(cadence_id)) if !cadence_id.is_empty() => {
            Ok(Previewed::Decided(cadence_id))
        }
        Some(Which::Cadence(cadence)) => Ok(Previewed::Draft(draft(cadence)?)),
        Some(Which::CadenceId(_)) | None => {
            Err(Violation::new("cadence_id", "must be given, or cadence in its place").into())
        }
    }
}

/// Reads when somebody starts a cadence: `None` for now.
pub(super) fn start(
    found: &mut Violations,
    start: Option<&prost_types::Timestamp>,
) -> Option<Timestamp> {
    let start = start?;
    let in_calendar = (MOMENT_S_MIN..=MOMENT_S_MAX).contains(&start.seconds);
    let right = in_calendar && (0..1_000_000_000).contains(&start.nanos);
    found.require(right, "start", "must be a moment of the years 1 to 9999");
    right.then(|| wire::moment(start))
}

/// Reads values of merge fields.
pub(super) fn samples(found: &mut Violations, samples: &HashMap<String, String>) -> Samples {
    // In an order, so that what is found is told the same every time.
    let pairs: BTreeMap<_, _> =
        samples.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let read = Samples::parse(pairs).map_err(|found| found.within("samples"));
    found.take_all(read).unwrap_or_default()
}

fn patch(
    found: &mut Violations,
    cadence_id: &str,
    cadence: pb::Cadence,
    mask: &Mask,
) -> CadencePatch {
    let renames = !cadence.cadence_id.is_empty() && cadence.cadence_id != cadence_id;
    found.require(!renames, "cadence_id", "cannot be changed");
    let vendor = found.take(wire::vendor(cadence.vendor).map_err(fault("vendor"))).flatten();
    let same = vendor.is_none_or(|vendor| vendor == VendorKind::of_cadences());
    found.require(same, "vendor", "cannot be changed");
    let status = status(found, cadence.status);
    let window = cadence.send_window.and_then(|window| send_window(found, window));
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let step_patches = step_patches(found, &cadence.steps, mask);
    let steps = match step_patches.is_empty() || mask.names("steps") {
        true => steps(found, cadence.steps),
        false => Vec::new(),
    };
    CadencePatch {
        name: mask.take("name", text(cadence.name)),
        status: mask.take_set("status", "status", status, found),
        timezone: mask.take("timezone", text(cadence.timezone)),
        send_window: mask.take("send_window", window.map(Some)),
        steps: mask.take("steps", Some(steps).filter(|steps| !steps.is_empty())),
        step_patches,
    }
}

/// Reads what a mask takes of single steps.
fn step_patches(found: &mut Violations, steps: &[pb::Step], mask: &Mask) -> Vec<StepPatch> {
    const OF_STEPS: [&str; 6] = [
        "steps.channel",
        "steps.delay",
        "steps.template",
        "steps.template.subject",
        "steps.template.body",
        "steps.template.format",
    ];
    if !OF_STEPS.into_iter().any(|path| mask.names(path)) {
        return Vec::new();
    }
    found.require(!steps.is_empty(), "steps", "must be given, as the mask names parts of them");
    let patch = |(index, step): (usize, &pb::Step)| {
        let mut in_step = Violations::new();
        let channel = channel(&mut in_step, step.channel);
        let delay_s = delay_s(&mut in_step, step.delay.as_ref());
        let patch = StepPatch {
            step_id: step.step_id.clone(),
            channel: mask.take_set("steps.channel", "channel", channel, &mut in_step),
            delay_s: mask.names("steps.delay").then_some(delay_s),
            template: template_patch(&mut in_step, step.template.as_ref(), mask),
        };
        found.take_all(in_step.within(&format!("steps[{index}]")).or(()));
        patch
    };
    steps.iter().enumerate().map(patch).collect()
}

fn template_patch(
    found: &mut Violations,
    template: Option<&pb::Template>,
    mask: &Mask,
) -> Option<TemplatePatch> {
    let whole = mask.names("steps.template");
    let takes = |name: &str| whole || mask.names(&format!("steps.template.{name}"));
    if !["subject", "body", "format"].into_iter().any(takes) {
        return None;
    }
    let given = template.cloned().unwrap_or_default();
    let format = format(found, "template.format", given.format);
    Some(TemplatePatch {
        subject: takes("subject").then_some(given.subject),
        body: takes("body").then_some(given.body),
        format: takes("format").then_some(format.unwrap_or(TemplateFormat::Text)),
    })
}

fn steps(found: &mut Violations, steps: Vec<pb::Step>) -> Vec<StepDraft> {
    let step = |(index, step): (usize, pb::Step)| {
        let mut in_step = Violations::new();
        let draft = StepDraft {
            channel: channel(&mut in_step, step.channel),
            delay_s: delay_s(&mut in_step, step.delay.as_ref()),
            template: step.template.map(|template| TemplateDraft {
                format: format(&mut in_step, "template.format", template.format),
                subject: template.subject,
                body: template.body,
            }),
            step_id: step.step_id,
        };
        found.take_all(in_step.within(&format!("steps[{index}]")).or(()));
        draft
    };
    steps.into_iter().enumerate().map(step).collect()
}

fn send_window(found: &mut Violations, window: pb::SendWindow) -> Option<SendWindow> {
    let mut in_window = Violations::new();
    let mut days = BTreeMap::new();
    for (index, number) in window.days.iter().enumerate() {
        let path = format!("days[{index}]");
        match wire::weekday(*number) {
            Ok(Some(day)) => {
                if let Some(before) = days.insert(day, index) {
                    in_window.add(path, format!("must differ from days[{before}]"));
                }
            }
            Ok(None) => in_window.add(path, "must be given"),
            Err(error) => in_window.add(path, error.to_string()),
        }
    }
    let mut time = |name: &str, text: &str| {
        let rule = || Violation::new(name, "must be a time such as 09:30, from 00:00 to 24:00");
        in_window.take(LocalTime::parse(text).ok_or_else(rule))
    };
    let (from, to) = (time("from", &window.from), time("to", &window.to));
    found.take_all(in_window.within("send_window").or(()));
    Some(SendWindow { days: days.into_keys().collect(), from: from?, to: to? })
}

fn delay_s(found: &mut Violations, delay: Option<&prost_types::Duration>) -> i64 {
    let Some(delay) = delay else { return 0 };
    found.require(delay.nanos == 0, "delay", "must be whole seconds");
    delay.seconds
}

fn status(found: &mut Violations, number: i32) -> Option<CadenceStatus> {
    found.take(wire::cadence_status(number).map_err(fault("status"))).flatten()
}

fn channel(found: &mut Violations, number: i32) -> Option<Channel> {
    found.take(wire::channel(number).map_err(fault("channel"))).flatten()
}

fn format(found: &mut Violations, path: &'static str, number: i32) -> Option<TemplateFormat> {
    found.take(wire::template_format(number).map_err(fault(path))).flatten()
}

fn fault(path: &'static str) -> impl Fn(Unreadable) -> Violation {
    move |error| Violation::new(path, error.to_string())
}
