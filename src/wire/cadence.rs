//! Cadences.

use gomark_sdk::v1 as pb;

use super::{Unreadable, company::vendor, timestamp};
use crate::domain::cadence::{CadenceStatus, Channel};
use crate::domain::cadence::{
    LocalTime, PreviewStep, Rendered, SendWindow, Step, Template, TemplateFormat, Weekday,
};
use crate::domain::{Cadence, CadenceId, ResourceId, StepId};

/// Writes and reads an enumeration whose values have the same names on both sides.
macro_rules! enumeration {
    ($($read:ident $kind:ident { $($value:ident),+ })+) => {$(
        impl From<$kind> for pb::$kind {
            fn from(value: $kind) -> Self {
                match value {
                    $($kind::$value => Self::$value,)+
                }
            }
        }

        #[doc = concat!("Reads a `", stringify!($kind), "`: `None` when it was not said.")]
        pub(crate) fn $read(number: i32) -> Result<Option<$kind>, Unreadable> {
            match pb::$kind::try_from(number) {
                Ok(pb::$kind::Unspecified) => Ok(None),
                $(Ok(pb::$kind::$value) => Ok(Some($kind::$value)),)+
                Err(_) => {
                    Err(Unreadable::new(concat!("is not a value of ", stringify!($kind))))
                }
            }
        }
    )+};
}

enumeration! {
    cadence_status CadenceStatus { Draft, Active, Paused }
    channel Channel { Email, Task, Wait }
    template_format TemplateFormat { Text, Html }
    weekday Weekday { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday }
}

impl From<&Cadence> for pb::Cadence {
    fn from(cadence: &Cadence) -> Self {
        let step = |(step, position): (&Step, i32)| pb::Step { position, ..step.into() };
        Self {
            cadence_id: cadence.cadence_id.to_string(),
            name: cadence.name.clone(),
            vendor: pb::Vendor::from(cadence.vendor) as i32,
            status: pb::CadenceStatus::from(cadence.status) as i32,
            timezone: cadence.timezone.clone(),
            send_window: cadence.send_window.as_ref().map(Into::into),
            steps: cadence.steps.iter().zip(1..).map(step).collect(),
            resource_id: cadence.id.to_string(),
        }
    }
}

impl From<&SendWindow> for pb::SendWindow {
    fn from(window: &SendWindow) -> Self {
        Self {
            days: window.days.iter().map(|day| pb::Weekday::from(*day) as i32).collect(),
            from: window.from.to_string(),
            to: window.to.to_string(),
        }
    }
}

impl From<&Step> for pb::Step {
    fn from(step: &Step) -> Self {
        Self {
            step_id: step.step_id.to_string(),
            position: 0,
            channel: pb::Channel::from(step.channel) as i32,
            delay: Some(prost_types::Duration { seconds: step.delay_s, nanos: 0 }),
            template: step.template.as_ref().map(Into::into),
        }
    }
}

impl From<&Template> for pb::Template {
    fn from(template: &Template) -> Self {
        Self {
            subject: template.subject.clone(),
            body: template.body.clone(),
            format: pb::TemplateFormat::from(template.format) as i32,
        }
    }
}

impl From<&Rendered> for pb::Template {
    fn from(rendered: &Rendered) -> Self {
        Self {
            subject: rendered.subject.clone(),
            body: rendered.body.clone(),
            format: pb::TemplateFormat::from(rendered.format) as i32,
        }
    }
}

impl From<&PreviewStep> for pb::PreviewedStep {
    fn from(step: &PreviewStep) -> Self {
        let missing = step.rendered.iter().flat_map(|rendered| &rendered.missing);
        Self {
            step_id: step.step_id.to_string(),
            position: i32::try_from(step.position).unwrap_or(i32::MAX),
            channel: pb::Channel::from(step.channel) as i32,
            at: Some(timestamp(step.at.at)),
            local: step.at.to_string(),
            moved_by: prost_types::Duration::try_from(step.moved_by).ok(),
            rendered: step.rendered.as_ref().map(Into::into),
            missing: missing.map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<pb::Cadence> for Cadence {
    type Error = Unreadable;

    fn try_from(cadence: pb::Cadence) -> Result<Self, Unreadable> {
        Ok(Self {
            id: ResourceId::from_trusted(cadence.resource_id),
            cadence_id: CadenceId::from_trusted(cadence.cadence_id),
            vendor: said(vendor(cadence.vendor)?, "vendor")?,
            status: said(cadence_status(cadence.status)?, "status")?,
            name: cadence.name,
            timezone: cadence.timezone,
            send_window: cadence.send_window.map(TryInto::try_into).transpose()?,
            steps: cadence.steps.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<pb::SendWindow> for SendWindow {
    type Error = Unreadable;

    fn try_from(window: pb::SendWindow) -> Result<Self, Unreadable> {
        let day = |number: &i32| said(weekday(*number)?, "day");
        Ok(Self {
            days: window.days.iter().map(day).collect::<Result<_, _>>()?,
            from: said(LocalTime::parse(&window.from), "time")?,
            to: said(LocalTime::parse(&window.to), "time")?,
        })
    }
}

impl TryFrom<pb::Step> for Step {
    type Error = Unreadable;

    fn try_from(step: pb::Step) -> Result<Self, Unreadable> {
        Ok(Self {
            step_id: StepId::from_trusted(step.step_id),
            channel: said(channel(step.channel)?, "channel")?,
            delay_s: said(step.delay, "delay")?.seconds,
            template: step.template.map(TryInto::try_into).transpose()?,
        })
    }
}

impl TryFrom<pb::Template> for Template {
    type Error = Unreadable;

    fn try_from(template: pb::Template) -> Result<Self, Unreadable> {
        Ok(Self {
            format: said(template_format(template.format)?, "format")?,
            subject: template.subject,
            body: template.body,
        })
    }
}

fn said<T>(value: Option<T>, what: &str) -> Result<T, Unreadable> {
    value.ok_or_else(|| Unreadable::new(format!("a cadence lacks a {what}")))
}
