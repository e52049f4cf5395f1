//! HAProxy before the processes that serve, as `docker/haproxy.cfg` says.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::fleet::{Process, free_address};
use crate::wait::until;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docker/haproxy.cfg");

/// A balancer that runs.
pub(crate) struct Balancer {
    address: SocketAddr,
    _child: Child,
}

impl Balancer {
    pub(crate) async fn start(apis: &[Process], folder: &Path) -> Self {
        let (address, http_address) = (free_address(), free_address());
        // Where the system keeps programs of its administrator, which are not on everybody's PATH.
        let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap());
        let log = File::create(folder.join("haproxy.log")).unwrap();
        let mut command = Command::new("haproxy");
        command
            .args(["-db", "-f", CONFIGURATION])
            .env("PATH", path)
            .env("GOMARK_GRPC_BIND", address.to_string())
            .env("GOMARK_HTTP_BIND", http_address.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        for (number, api) in (1..).zip(apis) {
            command.env(format!("GOMARK_API_{number}"), api.address.to_string());
            command.env(format!("GOMARK_HTTP_{number}"), api.http_address.to_string());
        }
        let balancer = Self { address, _child: command.spawn().unwrap() };
        until(async || TcpStream::connect(address).await.is_ok(), "HAProxy listens").await;
        balancer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}
