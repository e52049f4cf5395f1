//! A server that answers what a test tells it to, and notes what it was asked.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::clock::SystemClock;
use crate::domain::{
    Attributes, Effect, FieldDraft, OptionDraft, PropertyType, Resource, ResourceId, ResourceKind,
};
use crate::supervisor::Supervisor;
use crate::vendors::{Answer, Call, Entry, Lane, Target};

use super::*;

pub(super) const TOKEN: &str = "pat-na1-of-a-test";
pub(super) const DEALS: &str = "/crm/properties/2026-09/deals";

/// What is answered: status, headers, body.
#[derive(Clone)]
pub(super) struct Script(pub(super) u16, Vec<(&'static str, String)>, pub(super) String);

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) body: Value,
}

#[derive(Default)]
struct Stage {
    scripts: Mutex<VecDeque<Script>>,
    /// What the exchange of a grant is answered.
    exchanges: Mutex<VecDeque<Script>>,
    asked: Mutex<Vec<Asked>>,
    /// The tokens that were shown.
    tokens: Mutex<Vec<String>>,
}

/// A scripted HubSpot, and an account there.
pub(super) struct Scene {
    pub(super) account: Arc<dyn Account>,
    stage: Arc<Stage>,
    base_url: Url,
    _supervisor: Supervisor,
}

pub(super) fn json(status: u16, body: Value) -> Script {
    Script(status, Vec::new(), body.to_string())
}

pub(super) fn empty(status: u16) -> Script {
    Script(status, Vec::new(), String::new())
}

pub(super) fn html(status: u16) -> Script {
    Script(status, Vec::new(), "<html><body>No.</body></html>".to_owned())
}

/// An error as HubSpot writes it.
pub(super) fn error(status: u16, category: &str, message: &str) -> Script {
    let body = json!({
        "status": "error", "message": message, "category": category, "correlationId": "c-1"
    });
    json(status, body)
}

impl Script {
    pub(super) fn with(mut self, header: &'static str, value: impl ToString) -> Self {
        self.1.push((header, value.to_string()));
        self
    }
}

impl Scene {
    /// Answers these in turn; 500 when there are no more.
    pub(super) async fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        let stage = Arc::new(Stage::default());
        stage.scripts.lock().unwrap().extend(scripts);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&stage));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let supervisor = Supervisor::new();
        supervisor.spawn("scripted", async move { axum::serve(listener, router).await });
        let account = open(access(&base_url));
        let base_url = base_url.parse().unwrap();
        Self { account, stage, base_url, _supervisor: supervisor }
    }

    /// Answers these in turn when a grant is exchanged.
    pub(super) fn exchanges(&self, scripts: impl IntoIterator<Item = Script>) {
        self.stage.exchanges.lock().unwrap().extend(scripts);
    }

    pub(super) fn base_url(&self) -> Url {
        self.base_url.clone()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.stage.asked.lock().unwrap().clone()
    }

    /// The tokens that were shown, one for each call.
    pub(super) fn tokens(&self) -> Vec<String> {
        self.stage.tokens.lock().unwrap().clone()
    }

    /// What was asked, as method and path.
    pub(super) fn asked_lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    pub(super) async fn carry_out(&self, calls: &[Call]) -> Vec<Result<Answer, Failure>> {
        self.account.admit(Lane::Change).await;
        self.account.carry_out(calls).await
    }

    pub(super) async fn carry_out_one(&self, call: Call) -> Result<Answer, Failure> {
        self.carry_out(&[call]).await.pop().unwrap()
    }

    pub(super) async fn read(
        &self,
        names: &[&str],
    ) -> Result<Vec<crate::domain::Observed>, Failure> {
        let targets: Vec<_> = names.iter().map(|name| target(name)).collect();
        self.read_targets(&targets).await
    }

    pub(super) async fn list(&self, with: &[&str]) -> Result<Vec<Entry>, Failure> {
        self.account.admit(Lane::Background).await;
        let with: Vec<_> = with.iter().map(|name| (*name).to_owned()).collect();
        self.account.list(&with).await
    }

    pub(super) async fn read_targets(
        &self,
        targets: &[Target],
    ) -> Result<Vec<crate::domain::Observed>, Failure> {
        self.account.admit(Lane::Change).await;
        self.account.read(targets).await
    }
}

async fn answer(State(stage): State<Arc<Stage>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let token = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    stage.tokens.lock().unwrap().push(token.unwrap_or_default().to_owned());
    let body = to_bytes(body, usize::MAX).await.unwrap();
    stage.asked.lock().unwrap().push(Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        body: serde_json::from_slice(&body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into()),
    });
    let answers = match parts.uri.path().ends_with("/token") {
        true => &stage.exchanges,
        false => &stage.scripts,
    };
    let script = answers.lock().unwrap().pop_front();
    let Script(status, headers, body) = script.unwrap_or_else(|| html(500));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

pub(in crate::vendors::hubspot) fn hubspot() -> HubSpot {
    let config =
        HubSpotConfig { connect_timeout: Duration::from_secs(1), ..HubSpotConfig::default() };
    HubSpot::new(config, Arc::default(), SystemClock::shared()).unwrap()
}

pub(super) fn access(base_url: &str) -> Access {
    Access {
        base_url: base_url.parse().unwrap(),
        credential: Zeroizing::new(TOKEN.to_owned()),
        keeper: None,
        account_id: None,
        limits: Default::default(),
        call_timeout: Duration::from_secs(2),
        window: None,
    }
}

pub(super) fn open(access: Access) -> Arc<dyn Account> {
    hubspot().open(access).unwrap()
}

pub(super) fn target(name: &str) -> Target {
    Target { kind: ResourceKind::Field, name: name.to_owned(), expected: Attributes::new() }
}

/// A call after which what it sends is expected.
pub(super) fn call(name: &str, effect: Effect) -> Call {
    let expected = match &effect {
        Effect::Create(sent) | Effect::Update(sent) => sent.clone(),
        _ => Attributes::new(),
    };
    Call { target: Target { expected, ..target(name) }, effect, held: None, allow_loss: true }
}

/// A group of which these attributes are expected.
pub(super) fn group_target(name: &str, expected: &Attributes) -> Target {
    Target { kind: ResourceKind::Group, name: name.to_owned(), expected: expected.clone() }
}

/// The canonical form of an enumeration, or of a text in a group of its own.
pub(super) fn attributes(draft: FieldDraft) -> Attributes {
    let draft = FieldDraft { name: "x".to_owned(), ..draft };
    let field = draft.complete(ResourceId::from_trusted("r")).unwrap();
    hubspot().desired(&Resource::Field(field))
}

pub(super) fn text_attributes() -> Attributes {
    attributes(FieldDraft { label: "Tier".to_owned(), ..FieldDraft::default() })
}

pub(super) fn choice_attributes() -> Attributes {
    let option = |value: &str| OptionDraft {
        label: value.to_uppercase(),
        value: value.to_owned(),
        ..OptionDraft::default()
    };
    attributes(FieldDraft {
        property_type: Some(PropertyType::Enumeration),
        options: vec![option("gold"), option("silver")],
        ..FieldDraft::default()
    })
}

pub(super) fn grouped(group: &str) -> Attributes {
    attributes(FieldDraft { group_name: group.to_owned(), ..FieldDraft::default() })
}

/// The property that HubSpot answers once it holds these attributes.
pub(super) fn property(name: &str, attributes: &Attributes) -> Value {
    let mut body = canonical::create_body(name, attributes);
    body["hubspotDefined"] = json!(false);
    body["archived"] = json!(false);
    body
}
