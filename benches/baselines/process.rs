//! Processes that a measurement starts, and ends again.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gomark::vault::Key;
use gomark_sdk::{Client, Code, RetryPolicy};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::Outcome;
use crate::schema::Schema;

/// How long a process may take to answer.
const READY: Duration = Duration::from_secs(30);

/// Settings of GoMark that have the usual names.
const ELSEWHERE: [&str; 4] = ["DATABASE_URL", "REDIS_URL", "REDIS_HOST", "AMQP_URL"];

/// A process that serves on a port of loopback. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// What it keeps its data in, where that is not a folder. Dropped after it has ended.
    _schema: Option<Schema>,
}

impl Server {
    /// Starts GoMark with its data in a folder, and waits until it answers.
    pub(crate) async fn gomark(folder: &Path) -> Outcome<Self> {
        let server = Self::spawn_gomark(folder, None)?;
        server.answers().await?;
        Ok(server)
    }

    /// Starts GoMark on a Postgres, with more settings, and waits until it answers.
    pub(crate) async fn gomark_on(
        schema: Schema,
        settings: &[(&str, &str)],
        folder: &Path,
    ) -> Outcome<Self> {
        let server = Self::spawn(folder, Some(schema), settings)?;
        server.answers().await?;
        Ok(server)
    }

    /// Starts GoMark and does not wait.
    pub(crate) fn spawn_gomark(folder: &Path, schema: Option<Schema>) -> Outcome<Self> {
        Self::spawn(folder, schema, &[])
    }

    fn spawn(folder: &Path, schema: Option<Schema>, settings: &[(&str, &str)]) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_gomark"));
        // Settings of whoever runs this must not count.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("GOMARK_") || ELSEWHERE.contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        command
            .args(["serve", "--log=error"])
            .arg(format!("--listen=127.0.0.1:{port}"))
            .env("DATABASE_URL", schema.as_ref().map_or("sqlite:gomark.db".to_owned(), Schema::url))
            .envs(settings.iter().copied())
            .current_dir(folder);
        if schema.is_some() {
            // Processes on one server share a key: it makes none itself.
            command.env("GOMARK_KEY", Key::generate()?.to_text().as_str());
        }
        Ok(Self { child: spawn(command, Stdio::null())?, port, _schema: schema })
    }

    /// Starts a bare gRPC server that answers every call with the same bytes.
    pub(crate) async fn echo(answer: &[u8]) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(format!("--echo={port}"));
        let mut child = spawn(command, Stdio::piped())?;
        let mut input = child.stdin.take().ok_or("the echo has no input")?;
        input.write_all(answer).await?;
        drop(input);
        let server = Self { child, port, _schema: None };
        server.listens().await?;
        Ok(server)
    }

    /// Starts etcd with its data in a folder.
    pub(crate) async fn etcd(program: &Path, folder: &Path) -> Outcome<Self> {
        let (port, peers) = (free_port()?, free_port()?);
        let (url, peer_url) =
            (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peers}"));
        let mut command = Command::new(program);
        command
            .arg("--data-dir")
            .arg(folder.join("etcd"))
            .args(["--logger", "zap", "--log-level", "error"])
            .args(["--initial-cluster", &format!("default={peer_url}")])
            .args(["--listen-client-urls", &url, "--advertise-client-urls", &url])
            .args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
        let server = Self { child: spawn(command, Stdio::null())?, port, _schema: None };
        server.listens().await?;
        Ok(server)
    }

    /// Returns where it serves.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Asks GoMark until it answers.
    pub(crate) async fn answers(&self) -> Outcome<()> {
        let began_at = Instant::now();
        loop {
            let client = Client::builder(self.endpoint()).retry(RetryPolicy::none());
            let asked = async { client.connect().await?.get_config("nobody").await };
            match asked.await {
                Err(error) if error.code() == Some(Code::NotFound) => return Ok(()),
                Err(error) if began_at.elapsed() > READY => return Err(error.into()),
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Connects until somebody listens.
    async fn listens(&self) -> Outcome<()> {
        let began_at = Instant::now();
        loop {
            match tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await {
                Ok(_) => return Ok(()),
                Err(error) if began_at.elapsed() > READY => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// Ends it and waits until it has ended.
    pub(crate) async fn end(mut self) -> Outcome<()> {
        Ok(self.child.kill().await?)
    }
}

fn spawn(mut command: Command, input: Stdio) -> Outcome<Child> {
    command.stdin(input).stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.spawn().map_err(|error| format!("{program} cannot be started: {error}").into())
}

/// Returns a port that nobody listens on.
fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
