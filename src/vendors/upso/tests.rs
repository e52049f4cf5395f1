//! Upso as a vendor against the stand-in, and against answers that no stand-in gives.

mod answers;
mod listing;
mod sandbox;

use zeroize::Zeroizing;

use super::*;
use crate::clock::SystemClock;
use crate::domain::cadence::{LocalTime, SendWindow, StepDraft, TemplateDraft, Weekday};
use crate::domain::{Cadence, CadenceDraft, Effect, ResourceId, ResourceKind};
use crate::vendors::{Account, Call, FailureScope, Target};

const KEY: &str = "key-of-a-test";

fn upso() -> Upso {
    Upso::new(Arc::default(), SystemClock::shared()).unwrap()
}

fn open(base_url: &str) -> Arc<dyn Account> {
    let access = Access {
        base_url: base_url.parse().unwrap(),
        credential: Zeroizing::new(KEY.to_owned()),
        keeper: None,
        account_id: None,
        limits: Default::default(),
        call_timeout: Duration::from_secs(4),
        window: None,
    };
    upso().open(access).unwrap()
}

/// A cadence of every kind of step.
fn cadence(name: &str) -> Cadence {
    let texts = |subject: &str| TemplateDraft {
        subject: subject.to_owned(),
        body: "Hello {{ first_name }},\nhow are you?".to_owned(),
        format: None,
    };
    let step = |channel, delay_s, template| StepDraft {
        channel,
        delay_s,
        template,
        ..StepDraft::default()
    };
    use crate::domain::cadence::Channel::{Email, Task, Wait};
    let draft = CadenceDraft {
        name: name.to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        send_window: Some(SendWindow {
            days: [Weekday::Friday, Weekday::Monday].into(),
            from: LocalTime::parse("09:00").unwrap(),
            to: LocalTime::END_OF_DAY,
        }),
        steps: vec![
            step(Some(Email), 0, Some(texts("Hello {{first_name}}"))),
            step(Some(Wait), 86_400, None),
            step(Some(Task), 3_600, Some(texts("Call {{last_name}}"))),
        ],
        ..CadenceDraft::new(VendorKind::Upso)
    };
    draft.complete_for_vendor(ResourceId::from_trusted("cadence-2")).unwrap()
}

fn desired(cadence: &Cadence) -> Attributes {
    upso().desired(&Resource::Cadence(cadence.clone()))
}

fn target(key: &str) -> Target {
    Target { kind: ResourceKind::Cadence, name: key.to_owned(), expected: Attributes::new() }
}

fn call(key: &str, effect: Effect, held: Option<&Attributes>) -> Call {
    Call { target: target(key), effect, held: held.cloned(), allow_loss: false }
}
