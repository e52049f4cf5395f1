//! HubSpot as a vendor against the stand-in: the same rules, seen from both sides.

use super::*;
use crate::domain::field::FieldDetails;
use crate::domain::{Effect, Field, FieldDraft, Observed, OptionDraft, PropertyType, Resource};
use crate::domain::{FieldType, ResourceId};
use crate::sandbox::{Config, Running, Sandbox};
use crate::supervisor::Supervisor;
use crate::vendors::{Answer, Call, Entry, Target};

pub(super) struct Portal {
    running: Running,
    account: Arc<dyn Account>,
    _supervisor: Supervisor,
}

impl Portal {
    pub(super) async fn open(config: Config) -> Self {
        let supervisor = Supervisor::new();
        let clock = SystemClock::shared();
        let running = Sandbox::start(config, &supervisor, clock).await.unwrap();
        let account = open(access(&running.base_url()));
        Self { running, account, _supervisor: supervisor }
    }

    pub(super) async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        self.account.admit(Lane::Change).await;
        self.account.carry_out(calls).await
    }

    pub(super) async fn one(&self, name: &str, effect: Effect) -> Result<Answer, Failure> {
        self.carry_out(&[call(name, effect)]).await.pop().unwrap()
    }

    pub(super) async fn list(&self, with: &[String]) -> Vec<Entry> {
        self.account.admit(Lane::Background).await;
        self.account.list(with).await.unwrap()
    }

    async fn read(&self, names: &[&str]) -> Vec<Observed> {
        let targets: Vec<_> = names.iter().map(|name| target(name)).collect();
        self.read_all(&targets).await
    }

    pub(super) async fn read_all(&self, targets: &[Target]) -> Vec<Observed> {
        self.account.admit(Lane::Change).await;
        self.account.read(targets).await.unwrap()
    }

    pub(super) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/_sandbox/{path}", self.running.base_url());
        let request = http.request(method.parse().unwrap(), url).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

/// One field of every kind.
pub(super) fn fields() -> Vec<Field> {
    let every = PropertyType::ALL
        .into_iter()
        .flat_map(|kind| kind.field_types().iter().map(move |field_type| (kind, *field_type)));
    every.map(|(kind, field_type)| field(kind, field_type)).collect()
}

fn field(kind: PropertyType, field_type: FieldType) -> Field {
    let option = |n: i32| OptionDraft {
        label: format!("Option {n}"),
        value: format!("o{n}"),
        description: "Why".repeat(usize::try_from(n % 2).unwrap()),
        hidden: n == 3,
        display_order: Some(10 - n),
    };
    let draft = FieldDraft {
        name: format!("a_{kind}_{field_type}"),
        label: "A field".to_owned(),
        property_type: Some(kind),
        field_type: Some(field_type),
        group_name: "sales_ops".to_owned(),
        description: "What it is for".to_owned(),
        options: match kind {
            PropertyType::Enumeration => (0..4).map(option).collect(),
            _ => Vec::new(),
        },
        details: match field_type {
            FieldType::CalculationEquation => FieldDetails {
                calculation_formula: "IF(amount > 0, AMOUNT * 2, 0)".to_owned(),
                ..FieldDetails::default()
            },
            _ => FieldDetails::default(),
        },
        ..FieldDraft::default()
    };
    draft.complete(ResourceId::from_trusted("r")).unwrap()
}

pub(super) fn desired(field: &Field) -> Attributes {
    hubspot().desired(&Resource::Field(field.clone()))
}

#[tokio::test]
async fn every_kind_of_field_is_held_as_it_was_desired() {
    let portal = Portal::open(Config::default()).await;
    let fields = fields();
    let calls: Vec<_> =
        fields.iter().map(|field| call(&field.name, Effect::Create(desired(field)))).collect();
    let answers = portal.carry_out(&calls).await;
    let targets: Vec<_> = calls.into_iter().map(|call| call.target).collect();
    let read = portal.read_all(&targets).await;
    for ((field, answer), observed) in fields.iter().zip(answers).zip(read) {
        let attributes = desired(field);
        assert_eq!(answer, Ok(Answer::Holds(attributes.clone())), "{}", field.name);
        assert_eq!(observed, Observed::Present { attributes, protected: false });
    }
    // The groups, the missing group, the batch, the list.
    let calls = portal.control("GET", "calls", Value::Null).await;
    assert_eq!(calls["total"], 4, "{calls}");
}

#[tokio::test]
async fn every_kind_of_field_becomes_every_other() {
    let portal = Portal::open(Config { burst_limit: 1_000, ..Config::default() }).await;
    let fields = fields();
    for (n, (before, after)) in
        fields.iter().flat_map(|before| fields.iter().map(move |after| (before, after))).enumerate()
    {
        let (name, before, after) = (format!("f{n}"), desired(before), desired(after));
        portal.one(&name, Effect::Create(before.clone())).await.unwrap();
        let changes = after.differing_from(&before);
        let target = Target { expected: after.clone(), ..target(&name) };
        let change = Call { target, effect: Effect::Update(changes), held: None, allow_loss: true };
        let answer = portal.carry_out(&[change]).await.remove(0);
        assert_eq!(answer, Ok(Answer::Holds(after)), "{name} from {before:?}");
    }
}

#[tokio::test]
async fn a_life_from_create_to_archive() {
    let portal = Portal::open(Config::default()).await;
    let text = text_attributes();
    assert_eq!(portal.account.identify().await.unwrap().account_id.len(), 9);
    assert_eq!(portal.read(&["tier"]).await, [Observed::Absent]);
    let held = Ok(Answer::Holds(text.clone()));
    assert_eq!(portal.one("tier", Effect::Create(text.clone())).await, held);
    assert_eq!(portal.one("tier", Effect::Create(text.clone())).await, Ok(Answer::Unexpected));
    let read = portal.read(&["tier", "amount"]).await;
    assert_eq!(read[0], Observed::Present { attributes: text, protected: false });
    assert!(matches!(read[1], Observed::Present { protected: true, .. }));
    assert_eq!(portal.one("tier", Effect::Archive).await, Ok(Answer::Gone));
    assert_eq!(portal.one("tier", Effect::Archive).await, Ok(Answer::Gone));
    let changes = Attributes::from([("label", json!("New"))]);
    assert_eq!(portal.one("tier", Effect::Update(changes)).await, Ok(Answer::Gone));
}

#[tokio::test]
async fn a_lost_answer_is_never_taken_for_no_effect() {
    let portal = Portal::open(Config::default()).await;
    for (kind, took_effect) in [("drop_answer", true), ("drop_request", false), ("hang", false)] {
        let fault = json!({ "kind": kind, "method": "POST", "count": 1 });
        portal.control("POST", "faults", fault).await;
        let failure = portal.one(kind, Effect::Create(text_attributes())).await.unwrap_err();
        assert!(failure.effect_unknown, "{kind}: {failure:?}");
        let observed = portal.read(&[kind]).await;
        assert_eq!(observed != [Observed::Absent], took_effect, "{kind}");
    }
}

#[tokio::test]
async fn a_backlog_is_worked_off_without_a_refusal() {
    let config = Config { burst_limit: 20, burst_window_ms: 500, ..Config::default() };
    let portal = Portal::open(config).await;
    let work = (0..5).map(|worker| {
        let portal = &portal;
        async move {
            for n in 0..20 {
                let name = format!("w{worker}_{n}");
                portal.one(&name, Effect::Create(text_attributes())).await.unwrap();
            }
        }
    });
    futures::future::join_all(work).await;
    let refused = portal.control("GET", "calls?status=429", Value::Null).await;
    assert_eq!(refused["calls"], json!([]));
}
