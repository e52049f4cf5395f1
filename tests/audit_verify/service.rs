//! The program as a service of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use gomark_sdk::Client;

/// A service that runs as a process; it is killed when this is dropped.
pub(crate) struct Service {
    process: Child,
    address: String,
}

impl Service {
    /// Starts it on a free port and waits until it says where.
    pub(crate) fn start(folder: &Path, tokens: &str) -> Self {
        std::fs::write(folder.join("tokens.toml"), tokens).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_gomark"))
            .args(["serve", "--listen=127.0.0.1:0", "--tokens=tokens.toml", "--log-format=json"])
            .env_clear()
            .current_dir(folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = log.by_ref().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            line["address"].as_str().map(ToOwned::to_owned)
        });
        // Whoever writes to a closed pipe fails: the log is read to its end.
        std::thread::spawn(move || log.for_each(drop));
        Self { process, address: address.unwrap() }
    }

    pub(crate) async fn client(&self, token: &str) -> Client {
        let builder = Client::builder(format!("http://{}", self.address)).token(token);
        builder.connect().await.unwrap()
    }

    /// Ends it the hard way.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to end.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
