//! Where RabbitMQ is, as the AMQP library takes it.

use lapin::uri::AMQPUri;
use url::{Host, Url};

/// After how many seconds of silence a heartbeat is due; after twice that a server is taken for
/// gone. The library's default is whatever the server says, usually a minute.
const HEARTBEAT_S: u16 = 10;
/// The largest frame, in bytes: doorbells are small, and the library keeps 64 frames of memory.
const FRAME_MAX: u32 = 8 * 1024;

/// Reads a URL. What it says about heartbeats and frames counts; what is wrong is told without the
/// URL, which holds a password.
pub(super) fn read(url: &Url) -> Result<AMQPUri, &'static str> {
    let mut address: AMQPUri = url
        .as_str()
        .parse()
        .map_err(|_| "it is no AMQP URL, or has a parameter that is no number")?;
    // The library takes an address in brackets for no host at all, and goes to this machine.
    if let Some(Host::Ipv6(ip)) = url.host() {
        address.authority.host = ip.to_string();
    }
    address.query.heartbeat = address.query.heartbeat.or(Some(HEARTBEAT_S));
    address.query.frame_max = address.query.frame_max.or(Some(FRAME_MAX));
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AMQPUri, &'static str> {
        super::read(&Url::parse(text).unwrap())
    }

    #[test]
    fn a_url_says_where_the_server_is() {
        let address = read("amqps://ada:p%40ss@mq.example/go%2fmark").unwrap();
        assert_eq!((address.authority.host.as_str(), address.authority.port), ("mq.example", 5671));
        assert_eq!(address.authority.userinfo.password, "p@ss");
        assert_eq!(address.vhost, "go/mark");
        assert_eq!(read("amqp://mq.example").unwrap().vhost, "/");
    }

    #[test]
    fn an_address_in_brackets_is_a_host() {
        let address = read("amqp://[fe80::1]:5673/%2f").unwrap();
        assert_eq!((address.authority.host.as_str(), address.authority.port), ("fe80::1", 5673));
    }

    #[test]
    fn heartbeats_are_frequent_unless_the_url_says_otherwise() {
        assert_eq!(read("amqp://mq.example").unwrap().query.heartbeat, Some(10));
        assert_eq!(read("amqp://mq.example?heartbeat=3").unwrap().query.heartbeat, Some(3));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        let fault = read("amqp://ada:se-cret@mq.example?heartbeat=often").unwrap_err();
        assert!(!fault.contains("se-cret"), "{fault}");
    }
}
