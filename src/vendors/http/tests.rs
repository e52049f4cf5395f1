use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const TOKEN: &str = "pat-na1-secret";

fn client(hosts: &[&str]) -> Client {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let policy = Arc::new(HostPolicy::parse(&hosts).unwrap());
    Client::new(policy, Duration::from_secs(1)).unwrap()
}

async fn get(client: &Client, url: &str) -> Result<Reply, Error> {
    let request = Request {
        method: Method::GET,
        url: url.parse().unwrap(),
        bearer: Some(&Bearer::new(TOKEN).unwrap()),
        headers: HeaderMap::new(),
        body: Body::Empty,
        timeout: Duration::from_secs(3),
    };
    client.send(request).await
}

/// Serves one connection: reads a request, writes this, and closes.
async fn answer_with(answer: Vec<u8>) -> (String, impl Future<Output = String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serve = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        // The client may have hung up before the end of a long answer.
        let _ = stream.write_all(&answer).await;
        String::from_utf8_lossy(&request[..read]).into_owned()
    };
    (url, serve)
}

#[tokio::test]
async fn a_call_says_who_asks_and_what_asks() {
    let (url, serve) = answer_with(b"HTTP/1.1 207 X\r\ncontent-length: 2\r\n\r\nhi".to_vec()).await;
    let client = client(&[]);
    let (reply, request) = tokio::join!(get(&client, &url), serve);
    let reply = reply.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (207, b"hi".as_slice()));
    assert!(request.contains("authorization: Bearer pat-na1-secret"), "{request}");
    assert!(request.contains(concat!("user-agent: gomark/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let answer = b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (url, serve) = answer_with(answer.to_vec()).await;
    let client = client(&[]);
    let (reply, _) = tokio::join!(get(&client, &url), serve);
    assert_eq!(reply.unwrap().status, 302);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    for answer in ["", "HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhalf"] {
        let (url, serve) = answer_with(answer.into()).await;
        let client = client(&[]);
        let (reply, _) = tokio::join!(get(&client, &url), serve);
        assert!(matches!(reply, Err(Error::Lost(_))), "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = |head: &str| {
        let mut answer = head.as_bytes().to_vec();
        answer.resize(BODY_BYTES_MAX + 4096, b'x');
        answer
    };
    let announced = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n", u64::MAX / 2);
    for answer in [endless("HTTP/1.1 200 X\r\n\r\n"), announced.into_bytes()] {
        let (url, serve) = answer_with(answer).await;
        let client = client(&[]);
        let (reply, _) = tokio::join!(get(&client, &url), serve);
        assert!(matches!(reply, Err(Error::TooLong)), "{reply:?}");
    }
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = get(&client(&[]), &url).await.unwrap_err();
    assert!(matches!(error, Error::NotConnected(_)), "{error:?}");
    assert!(!format!("{error:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_vendor_that_does_not_speak_tls_was_sent_nothing() {
    let (url, serve) = answer_with(b"HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let url = url.replace("http://", "https://");
    let client = client(&[]);
    let (reply, request) = tokio::join!(get(&client, &url), serve);
    assert!(matches!(reply, Err(Error::NotConnected(_))), "{reply:?}");
    assert!(!request.contains(TOKEN));
}

#[tokio::test]
async fn a_handshake_that_hangs_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let reply = get(&client(&[]), &url).await;
    assert!(matches!(reply, Err(Error::NotConnected(_))), "{reply:?}");
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let reply = get(&client(&[]), &url).await;
    assert!(matches!(reply, Err(Error::TimedOut)), "{reply:?}");
}

#[tokio::test]
async fn addresses_outside_the_policy_are_not_called() {
    let client = client(&["stub.internal"]);
    for url in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "https://evil.example/",
        "http://stub.internal/",
        "http://api.hubapi.com/",
    ] {
        let reply = get(&client, url).await;
        assert!(matches!(reply, Err(Error::Forbidden)), "{url}: {reply:?}");
    }
}

#[test]
fn neither_a_bearer_nor_a_request_shows_its_token() {
    let bearer = Bearer::new(TOKEN).unwrap();
    let url = "http://127.0.0.1/".parse().unwrap();
    let timeout = Duration::ZERO;
    let request = Request {
        method: Method::GET,
        url,
        bearer: Some(&bearer),
        headers: HeaderMap::new(),
        body: Body::Form(&[("client_secret", "a-secret")]),
        timeout,
    };
    assert!(!format!("{bearer:?} {request:?}").contains("secret"));
    assert!(Bearer::new("line\nbreak").is_none());
}
