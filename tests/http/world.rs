//! A service with both doors, each on a free port.

use gomark::app::App;
use gomark::auth::{Policy, Tokens};
use gomark::config::{Checked, Database};
use gomark_sdk::Client;
use gomark_sdk::v1::Field;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::settings::settings;

/// The tokens of [`World::with_tokens`]: who may do everything, and who only something.
pub(crate) const ROOT: &str = "the-token-of-root-0000";
pub(crate) const ADA: &str = "the-token-of-ada-00000";

pub(crate) struct World {
    /// Over gRPC; may do everything.
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) app: App,
    http: reqwest::Client,
    _folder: TempDir,
}

impl World {
    /// Starts with the company `acme`.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with `root`, who may do everything, and `ada`, who has the company `of-ada`.
    pub(crate) async fn with_tokens() -> Self {
        let text = format!(
            "[[caller]]\nactor = \"root\"\ncompanies = [\"*\"]\ntoken = \"{ROOT}\"\n\
             [[caller]]\nactor = \"ada\"\ncompanies = [\"of-ada\"]\ntoken = \"{ADA}\"\n"
        );
        let tokens = Tokens::parse(&text).unwrap();
        let world = Self::with(|settings| settings.auth = Policy::Tokens(tokens)).await;
        world.client.register_company("of-ada").await.unwrap();
        world
    }

    /// Starts with settings of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut Checked)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(Database::Sqlite(folder.path().join("gomark.db")));
        settings.http_listen = Some("127.0.0.1:0".parse().unwrap());
        change(&mut settings);
        let app = App::start(settings).await.unwrap();
        let grpc = format!("http://{}", app.local_addr());
        let client = Client::builder(grpc).token(ROOT).connect().await.unwrap();
        client.register_company("acme").await.unwrap();
        let url = format!("http://{}", app.http_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, url, app, http, _folder: folder }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Prepares a call with a JSON body.
    pub(crate) fn call(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path).json(body)
    }

    pub(crate) async fn add(&self, body: Value) -> Answer {
        answer(self.call(Method::POST, "/hubspot/fields/add", &body)).await
    }

    /// Changes the label of a field of `acme`.
    pub(crate) async fn modify(&self, old_name: &str, new_name: &str) -> Answer {
        let path = format!("/hubspot/fields/modify/acme/{old_name}");
        answer(self.call(Method::PUT, &path, &serde_json::json!({ "new_name": new_name }))).await
    }

    /// The field of `acme` with this internal name.
    pub(crate) async fn field(&self, name: &str) -> Field {
        let fields = self.client.get_config("acme").await.unwrap().fields;
        fields.into_iter().find(|field| field.name == name).expect("the field")
    }

    pub(crate) async fn revision(&self) -> i64 {
        self.client.get_company("acme").await.unwrap().revision
    }
}

/// An answer, read to its end.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) kind: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// Checks that this is a problem document of a status; answers its reason, empty without one.
    pub(crate) fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], "about:blank");
        assert!(!self.body["title"].as_str().unwrap().is_empty());
        assert!(!self.body["detail"].as_str().unwrap().is_empty());
        self.body.get("reason").map_or("", |reason| reason.as_str().unwrap())
    }

    /// Checks that this is a refusal of wrong input; answers the path and the rule of the first
    /// violation.
    pub(crate) fn violation(&self) -> (&str, &str) {
        assert_eq!(self.problem(400), "VALIDATION", "{self:?}");
        let (path, rule) = (&self.body["errors"][0]["path"], &self.body["errors"][0]["rule"]);
        (path.as_str().unwrap(), rule.as_str().unwrap())
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let text = response.text().await.unwrap();
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), kind, headers }
}
