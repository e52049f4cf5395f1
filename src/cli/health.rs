//! `gomark health`: asks a running service how it is, for the checks of containers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::Exit;
use crate::config::parse_duration;
use crate::telemetry;

/// Where `gomark serve` listens unless it is told otherwise.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50051);

/// Asks a running service how it is: exit code 0 if it serves, 1 if not
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Where the service is reached [default: GOMARK_LISTEN on this machine, else 127.0.0.1:50051]
    #[arg(long, value_name = "HOST:PORT")]
    pub address: Option<String>,

    /// What is asked about: nothing for the whole, a service such as gomark.v1.ConfigService, or
    /// gomark.live for whether the process is alive, whatever its database does
    #[arg(long, value_name = "NAME", default_value = "")]
    pub service: String,

    /// Longest wait for the answer
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_duration)]
    pub timeout: Duration,

    /// Print an object instead of a line
    #[arg(long)]
    pub json: bool,

    /// What the service listens on.
    #[arg(long, env = "GOMARK_LISTEN", hide = true, hide_env = true)]
    pub listen: Option<String>,
}

const AFTER: &str = "\
Examples:
  gomark health
  gomark health --address gomark.internal:50051 --service gomark.live --json";

/// Asks, and says what was answered.
pub async fn run(args: Args) -> Exit {
    let address = args.address.clone().unwrap_or_else(|| here(args.listen.as_deref()).to_string());
    let answer = match tokio::time::timeout(args.timeout, ask(&address, &args.service)).await {
        Ok(answer) => answer,
        Err(_) => Err("no answer in time".to_owned()),
    };
    let (status, problem) = match &answer {
        Ok(status) => (status.as_str_name(), None),
        Err(problem) => ("UNREACHABLE", Some(problem)),
    };
    if args.json {
        let service = &args.service;
        let told =
            json!({ "address": address, "service": service, "status": status, "error": problem });
        println!("{told}");
    } else {
        println!("{status}");
        if let Some(problem) = problem {
            eprintln!("gomark health: {address}: {problem}");
        }
    }
    match answer {
        Ok(ServingStatus::Serving) => Exit::Done,
        _ => Exit::Failed,
    }
}

async fn ask(address: &str, service: &str) -> Result<ServingStatus, String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"));
    let endpoint = endpoint.map_err(|_| "it is no HOST:PORT".to_owned())?;
    let channel = endpoint.connect().await.map_err(|error| telemetry::chain(&error))?;
    let request = HealthCheckRequest { service: service.to_owned() };
    match HealthClient::new(channel).check(request).await {
        Ok(answer) => Ok(answer.into_inner().status()),
        Err(status) if status.code() == Code::NotFound => Ok(ServingStatus::ServiceUnknown),
        Err(status) => Err(format!("{:?}: {}", status.code(), status.message())),
    }
}

/// Where a service on this machine is reached that listens there; `0.0.0.0` is everywhere, which is no
/// address to connect to.
fn here(listen: Option<&str>) -> SocketAddr {
    let Some(mut address) = listen.and_then(|text| text.trim().parse::<SocketAddr>().ok()) else {
        return USUAL;
    };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_reached_on_this_machine() {
        for (listen, wanted) in [
            (None, "127.0.0.1:50051"),
            (Some(""), "127.0.0.1:50051"),
            (Some("0.0.0.0:7000"), "127.0.0.1:7000"),
            (Some("[::]:7000"), "[::1]:7000"),
            (Some("192.0.2.7:50051"), "192.0.2.7:50051"),
        ] {
            assert_eq!(here(listen).to_string(), wanted, "{listen:?}");
        }
    }
}
