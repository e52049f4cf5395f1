//! Processes that are started, measured and ended, and the machine they run on.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::Outcome;

/// How long a process may take to end when it is asked to.
const END: Duration = Duration::from_secs(30);
/// Settings that have the usual names.
const ELSEWHERE: [&str; 4] = ["DATABASE_URL", "REDIS_URL", "REDIS_HOST", "AMQP_URL"];

/// A process. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts one whose settings come from `command` alone.
    pub(crate) fn start(mut command: Command, settings: &[(&str, &str)]) -> Outcome<Self> {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("GOMARK_") || ELSEWHERE.contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        command.envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.kill_on_drop(true).spawn();
        let child = child.map_err(|error| format!("{name} cannot be started: {error}"))?;
        Ok(Self { child, name })
    }

    /// Fails when it has ended by itself.
    pub(crate) fn runs(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("{} ended early: {status}", self.name).into()),
        }
    }

    /// Returns the processor time that it has used, in seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.child.id().and_then(stat).map_or(0.0, |stat| stat.own_s)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(mut self) -> Outcome<()> {
        let Some(id) = self.child.id() else { return Ok(()) };
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        match timeout(END, self.child.wait()).await {
            Ok(_) => Ok(()),
            Err(_) => Ok(self.child.kill().await?),
        }
    }
}

/// What Linux tells of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub(crate) parent: u32,
    /// Its processor time.
    pub(crate) own_s: f64,
    /// That of its children that have ended.
    pub(crate) children_s: f64,
}

/// Reads it; `None` where there is no such process, or no `/proc`.
pub(crate) fn stat(process: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; state and parent come next.
    let (_, rest) = text.rsplit_once(')')?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    // Linux counts in hundredths of a second here.
    let seconds = |index: usize| {
        words.get(index).and_then(|word| word.parse::<u64>().ok()).map(|ticks| ticks as f64 / 100.0)
    };
    Some(Stat {
        parent: words.get(1)?.parse().ok()?,
        own_s: seconds(11)? + seconds(12)?,
        children_s: seconds(13)? + seconds(14)?,
    })
}

/// Returns the processes there are.
pub(crate) fn all() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Returns a port that nobody listens on.
pub(crate) fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

pub(crate) fn cores() -> Outcome<usize> {
    Ok(std::thread::available_parallelism()?.get())
}

/// Returns how many processes want to run, on average over the last minute.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}
