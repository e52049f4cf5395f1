//! The composition, started on this machine: the processes of docker-compose.yml with the commands and
//! the environment that stand there, on ports of their own, behind HAProxy with the file that is
//! mounted there, and the line of the README through it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use gomark_sdk::Client;
use gomark_sdk::v1::JobState;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::calls;
use crate::composition::{Composition, command, environment, waits_for};
use crate::image::Image;
use crate::program::Environment;
use crate::schema::Schema;
use crate::servers::Servers;
use crate::service::{Run, Service};

const BOUND: Duration = Duration::from_secs(60);
const ADD: &str = "/hubspot/fields/add";

/// The services that run, and where each can be reached.
struct Composed {
    composition: Composition,
    image: Image,
    folder: TempDir,
    ports: BTreeMap<(String, u16), u16>,
    /// What stands for services that are servers.
    urls: HashMap<&'static str, String>,
    running: HashMap<String, Service>,
    over: HashSet<String>,
}

impl Composed {
    /// Starts all services in an order that their conditions allow.
    async fn start(composition: Composition, schema: &Schema, servers: &Servers) -> Self {
        let urls = HashMap::from([
            ("DATABASE_URL", schema.url()),
            ("REDIS_URL", servers.redis().to_owned()),
            ("AMQP_URL", servers.rabbitmq().to_owned()),
        ]);
        let mut composed = Self {
            composition,
            image: Image::read(),
            folder: tempfile::tempdir().unwrap(),
            ports: BTreeMap::new(),
            urls,
            running: HashMap::new(),
            over: ["postgres", "redis", "rabbitmq"].map(ToOwned::to_owned).into(),
        };
        let services: Vec<(String, Value)> =
            composed.composition.services().map(|(name, one)| (name.into(), one.clone())).collect();
        let mut waiting = services;
        while !waiting.is_empty() {
            let (ready, others): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(_, service)| {
                    waits_for(service).all(|(other, _)| composed.over.contains(other))
                });
            assert!(!ready.is_empty(), "these wait for each other: {others:?}");
            for (name, service) in ready {
                if composed.over.insert(name.clone()) {
                    composed.begin(&name, &service).await;
                }
            }
            waiting = others;
        }
        composed
    }

    /// Starts a service and waits until it is what others may wait for.
    async fn begin(&mut self, name: &str, service: &Value) {
        if service["image"].as_str().unwrap().contains("grpcurl") {
            let address = self.at("balancer", 50051);
            let client = Client::builder(format!("http://{address}")).connect().await.unwrap();
            let words = command(service, &self.image);
            let words: Vec<_> = words.iter().map(|word| self.translated(word)).collect();
            calls::make(&client, &words).await;
            return;
        }
        let run = self.run(name, service);
        let started = run.start(name, self.folder.path());
        if service["restart"].as_str().unwrap().starts_with("on-failure") {
            started.completes().await;
            return;
        }
        self.running.insert(name.to_owned(), started);
        if let Some(words) = self.health_of(service) {
            Run { words, ..run }.succeeds().await;
        } else {
            self.answers(name, service).await;
        }
    }

    /// What is run for a service.
    fn run(&mut self, name: &str, service: &Value) -> Run {
        if name == "balancer" {
            let mut environment = environment(service);
            environment.values_mut().for_each(|value| *value = self.translated(value));
            for (variable, port) in [("GOMARK_GRPC_BIND", 50051), ("GOMARK_HTTP_BIND", 8080)] {
                environment.insert(variable.to_owned(), self.at("balancer", port));
            }
            let words = ["-db", "-f", "docker/haproxy.cfg"].map(ToOwned::to_owned).to_vec();
            return Run { program: haproxy(), words, environment };
        }
        let mut told = match service["command"][0].as_str() {
            Some("sandbox") => Environment::new(),
            _ => self.image.environment.clone(),
        };
        told.extend(environment(service));
        for (variable, value) in &mut told {
            *value = match self.urls.get(variable.as_str()) {
                Some(url) => url.clone(),
                None => self.translated(&value.replace("0.0.0.0:", &format!("{name}:"))),
            };
        }
        let words = command(service, &self.image);
        Run { program: env!("CARGO_BIN_EXE_gomark").into(), words, environment: told }
    }

    fn health_of(&self, service: &Value) -> Option<Vec<String>> {
        let asks = service["image"] == "gomark" && service["healthcheck"]["disable"] != true;
        asks.then(|| self.image.health[1..].to_vec())
    }

    /// Waits until somebody listens where a service does.
    async fn answers(&mut self, name: &str, service: &Value) {
        let ports = service["ports"].as_array().unwrap().iter();
        let inside = ports.map(|port| port.as_str().unwrap().rsplit(':').next().unwrap().parse());
        if name == "balancer" {
            // As its health check asks there.
            let url = format!("http://{}/health", self.at(name, 8080));
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let ask = async || http.get(&url).send().await.ok().filter(|told| told.status() == 200);
            eventually(ask).await;
        }
        for port in inside.collect::<Result<Vec<u16>, _>>().unwrap() {
            let address = self.at(name, port);
            eventually(async || tokio::net::TcpStream::connect(&address).await.ok()).await;
        }
    }

    /// Where a port of a service is found here.
    fn at(&mut self, name: &str, port: u16) -> String {
        let here = *self.ports.entry((name.to_owned(), port)).or_insert_with(|| {
            TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
        });
        format!("127.0.0.1:{here}")
    }

    /// A value in which other services are named, with where they are found here.
    fn translated(&mut self, value: &str) -> String {
        let names: Vec<_> = self.composition.services().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let Some((before, after)) = value.split_once(&format!("{name}:")) else { continue };
            let ends = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (port, rest) = after.split_at(ends);
            if let Ok(port) = port.parse() {
                return format!("{before}{}{rest}", self.at(&name, port));
            }
        }
        value.to_owned()
    }

    async fn post(&mut self, path: &str, body: Value) -> Option<(u16, Value)> {
        let url = format!("http://{}{path}", self.at("balancer", 8080));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(url).json(&body).send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }

    fn logs(&self) -> String {
        self.running.iter().map(|(name, one)| format!("== {name}\n{}\n", one.log())).collect()
    }
}

fn haproxy() -> PathBuf {
    let folders = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
    let found = folders.map(|folder| PathBuf::from(folder).join("haproxy"));
    found.into_iter().find(|path| path.exists()).expect("haproxy")
}

/// Asks again and again, until there is something.
async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(BOUND, asking).await.expect("it comes to be in time")
}

#[tokio::test]
async fn the_composition_takes_the_line_of_the_readme_and_a_process_less() {
    let Some(composition) = Composition::read().await else { return };
    let Some(schema) = Schema::make().await else { return };
    let Some(servers) = Servers::start() else { return };
    let mut composed = Composed::start(composition, &schema, &servers).await;

    let line = json!({ "company_id": "123", "name": "Deal Stage", "type": "string",
                       "value": "Negotiation" });
    let readme = include_str!("../../README.md");
    assert!(readme.contains(r#"{"company_id":"123", "name":"Deal Stage", "type":"string", "#));
    let (status, answer) = composed.post(ADD, line).await.unwrap();
    assert_eq!(status, 202, "{answer}\n{}", composed.logs());
    let client = format!("http://{}", composed.at("balancer", 50051));
    let client = Client::builder(client).connect().await.unwrap();
    let job_id = answer["job"]["job_id"].as_str().unwrap();
    // An executor does it, which is another process.
    let job = eventually(async || {
        let job = client.get_job(job_id).await.unwrap();
        (job.state() == JobState::Succeeded).then_some(job)
    });
    assert_eq!(job.await.company_id, "123");

    composed.running.remove("api-1").unwrap().kill().await;
    composed.running.remove("executor-1").unwrap().kill().await;
    let mut number = 0;
    let answer = eventually(async || {
        number += 1;
        let body = json!({ "company_id": "123", "name": format!("Field {number}") });
        composed.post(ADD, body).await.filter(|(status, _)| *status == 202)
    });
    let (_, answer) = answer.await;
    let job_id = answer["job"]["job_id"].as_str().unwrap();
    eventually(async || {
        let job = client.get_job(job_id).await.ok()?;
        (job.state() == JobState::Succeeded).then_some(())
    })
    .await;
}
