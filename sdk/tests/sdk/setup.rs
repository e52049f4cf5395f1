//! Setting up a client.

use gomark_sdk::{Client, Error};

fn problem_of(endpoint: &str) -> String {
    match Client::builder(endpoint).connect_lazy() {
        Err(Error::InvalidEndpoint { problem, .. }) => problem.to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_says_why() {
    for (endpoint, problem) in [
        ("", "it is not a URI"),
        ("http://a b", "it is not a URI"),
        ("localhost:50051", "it does not begin with http:// or https://"),
        ("127.0.0.1:50051", "it does not begin with http:// or https://"),
        ("/var/run/gomark", "it does not begin with http:// or https://"),
        ("ftp://gomark.example.com", "its scheme is neither http nor https"),
        ("http://gomark.example.com/api", "it may have no path and no query"),
        ("http://gomark.example.com/?a=b", "it may have no path and no query"),
    ] {
        assert_eq!(problem_of(endpoint), problem, "{endpoint}");
    }
}

#[tokio::test]
async fn usual_endpoints_are_taken() {
    for endpoint in
        ["http://127.0.0.1:50051", "http://gomark/", "http://[::1]:50051", "https://gomark"]
    {
        let client = Client::builder(endpoint).connect_lazy().unwrap();
        assert_eq!(client.endpoint(), endpoint);
    }
}

#[test]
fn a_client_outside_a_runtime_is_refused() {
    let error = Client::builder("http://127.0.0.1:50051").connect_lazy().unwrap_err();
    assert!(matches!(error, Error::NoRuntime));
}

#[tokio::test]
async fn a_user_agent_that_cannot_be_sent_is_refused() {
    let builder = Client::builder("http://127.0.0.1:50051").user_agent("a\nb");
    assert!(matches!(builder.connect_lazy(), Err(Error::InvalidUserAgent)));
}

#[tokio::test]
async fn a_certificate_authority_or_name_that_is_none_is_a_tls_error() {
    let nonsense = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    for builder in [
        Client::builder("https://gomark").ca_certificate(nonsense),
        Client::builder("https://gomark").domain_name("not a name"),
    ] {
        let error = builder.connect_lazy().unwrap_err();
        assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_certificate_authority_that_holds_no_certificate_is_refused() {
    let builder = Client::builder("https://gomark").ca_certificate("not PEM at all");
    assert!(matches!(builder.connect_lazy(), Err(Error::InvalidCertificate)));
}

#[tokio::test]
async fn tls_settings_that_would_not_be_used_are_refused() {
    let builder = Client::builder("http://gomark").domain_name("gomark.example.com");
    assert!(matches!(builder.connect_lazy(), Err(Error::InvalidEndpoint { .. })));
}

#[test]
fn clients_can_be_shared() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    shared::<Client>();
    shared::<gomark_sdk::JobHandle>();
    shared::<gomark_sdk::Change>();
    shared::<gomark_sdk::Preview>();
}
