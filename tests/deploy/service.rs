//! A service of the composition as a process of this machine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::program::Environment;

/// How long anything may take to become what is waited for.
const BOUND: Duration = Duration::from_secs(60);

/// What is run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) program: PathBuf,
    pub(crate) words: Vec<String>,
    pub(crate) environment: Environment,
}

/// A service that runs; it is killed with this.
pub(crate) struct Service {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Run {
    /// Starts it with nothing else in its environment, and its log in a folder.
    pub(crate) fn start(&self, name: &str, folder: &Path) -> Service {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).unwrap();
        let child = self.command().stdout(file.try_clone().unwrap()).stderr(file).spawn();
        Service { name: name.to_owned(), log, child: child.unwrap() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.words).env_clear().envs(&self.environment);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs it until it ends well.
    pub(crate) async fn succeeds(&self) {
        let begun = Instant::now();
        loop {
            let ended = self.command().output().await.unwrap();
            if ended.status.success() {
                return;
            }
            let told = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(begun.elapsed() < BOUND, "{:?}: {told}", self.words);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Service {
    /// Waits until it ends by itself, and well.
    pub(crate) async fn completes(mut self) {
        let ended = tokio::time::timeout(BOUND, self.child.wait()).await;
        let ended = ended.expect("it ends").unwrap();
        assert!(ended.success(), "{}: {}", self.name, self.log());
    }

    /// Ends it the hard way.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}
