//! Connections that are refused, before anything is sent anywhere.

use gomark_sdk::Code;
use gomark_sdk::v1::*;
use serde_json::json;

use crate::cases::hubspot;
use crate::refusals::{Bad, all_are_refused, bad, fits_into_headers, reason, refused};
use crate::world::World;

const CONNECT: &str = "CompanyService/ConnectVendor";
const TOKEN: &str = "a-token-of-somebody";
const NOT_ALLOWED: &str = "must be https://api.hubapi.com, an address of this machine such as \
                           http://127.0.0.1:8080, or a host that the operator allows \
                           (--vendor-host)";
const NO_URL: &str = "must be a URL such as https://api.hubapi.com";
const SCHEME: &str = "must begin with https:// or http://";
const CHARACTERS: &str = "must not contain white space, control characters or backslashes";
const HOST: &str = "must name a host without wildcards and without a dot at its end";
const USER: &str = "must not contain a user name or password";
const PATH: &str = "must not have a path";
const QUERY: &str = "must not have a query or fragment";

fn connect(base_url: &str) -> ConnectVendorRequest {
    ConnectVendorRequest {
        company_id: "acme".to_owned(),
        vendor: Vendor::Hubspot.into(),
        base_url: base_url.to_owned(),
        settings: Some(hubspot(TOKEN.to_owned())),
        ..ConnectVendorRequest::default()
    }
}

fn to(base_url: &str, rule: &str) -> Bad {
    bad(base_url, CONNECT, &connect(base_url), "base_url", rule)
}

#[tokio::test]
async fn a_base_url_leads_to_the_vendor_or_to_this_machine() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let not_allowed = [
        "http://api.hubapi.com",
        "https://api.hubapi.com:8443",
        "https://api.hubapi.com.example.org",
        "https://example.org",
        "https://hubapi.com",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://10.0.0.1",
        "http://192.168.0.1:8080",
        "http://169.254.169.254",
        "http://0.0.0.0",
        "http://[::]",
        "http://[fe80::1]",
        "http://[::ffff:10.0.0.1]",
        "https://10.0.0.1",
    ];
    let mut rows: Vec<_> = not_allowed.into_iter().map(|url| to(url, NOT_ALLOWED)).collect();
    let others = [
        ("api.hubapi.com", NO_URL),
        ("127.0.0.1:8080", NO_URL),
        ("//127.0.0.1", NO_URL),
        ("https://", NO_URL),
        ("http://[::1", NO_URL),
        ("http://127.0.0.1:99999", NO_URL),
        ("ftp://localhost", SCHEME),
        ("file:///etc/passwd", SCHEME),
        ("javascript:alert(1)", SCHEME),
        ("localhost:8080", SCHEME),
        ("https:127.0.0.1", SCHEME),
        ("https://user@127.0.0.1", USER),
        ("https://user:word@127.0.0.1", USER),
        ("https://@127.0.0.1", USER),
        ("http://127.0.0.1@example.org", USER),
        ("http://127.0.0.1/crm", PATH),
        ("http://127.0.0.1//", PATH),
        ("http://127.0.0.1?a=b", QUERY),
        ("http://127.0.0.1/?", QUERY),
        ("http://127.0.0.1#a", QUERY),
        ("http://127.0.0.1\\@example.org", CHARACTERS),
        (" http://127.0.0.1", CHARACTERS),
        ("http://127.0.\n0.1", CHARACTERS),
        ("http://localhost\u{0}", CHARACTERS),
        ("http://localhost.", HOST),
        ("https://*.hubapi.com", HOST),
    ];
    rows.extend(others.into_iter().map(|(url, rule)| to(url, rule)));
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

/// Whoever is let through is asked; nothing listens there.
async fn reaches_nobody(world: &World, base_url: &str) {
    let answer = world.client.connect_hubspot("acme", TOKEN).base_url(base_url).await;
    let error = answer.expect_err(base_url);
    assert_eq!(reason(&error), "VENDOR_UNAVAILABLE", "{base_url}: {error}");
    assert_eq!(error.code(), Some(Code::Unavailable), "{base_url}");
    assert!(error.retry_after().is_some(), "{base_url}");
    assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
}

#[tokio::test]
async fn this_machine_may_be_named_in_several_ways() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let before = world.state("acme").await;
    let port = free_port();
    let hosts = ["127.0.0.1", "localhost", "LOCALHOST", "127.1.2.3", "[::1]"];
    for host in hosts {
        reaches_nobody(&world, &format!("http://{host}:{port}")).await;
        reaches_nobody(&world, &format!("https://{host}:{port}/")).await;
    }
    assert_eq!(world.state("acme").await, before);
    assert!(world.stop().await);
}

#[tokio::test]
async fn hosts_that_the_operator_allows_pass_and_no_others_do() {
    let port = free_port();
    let allowed = ["stand-in.invalid".to_owned(), format!("http://other.invalid:{port}")];
    let world = World::with(|settings| settings.vendor_hosts = allowed.to_vec()).await;
    world.client.register_company("acme").await.unwrap();
    let before = world.state("acme").await;
    for url in ["https://stand-in.invalid", "https://STAND-IN.invalid:443/", &allowed[1]] {
        reaches_nobody(&world, url).await;
    }
    let https = format!("https://other.invalid:{port}");
    let others = [
        "http://stand-in.invalid",
        "https://stand-in.invalid:8443",
        "https://sub.stand-in.invalid",
        "http://other.invalid",
        &https,
    ];
    all_are_refused(&world, "acme", others.into_iter().map(|url| to(url, NOT_ALLOWED)).collect())
        .await;
    assert_eq!(world.state("acme").await, before);
    assert!(world.stop().await);
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn settings_are_of_the_vendor_and_within_their_bounds() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let hubspot_url = world.hubspot_url.clone();
    let settings = |credential: Option<&str>, burst| {
        let credential =
            credential.map(|token| hub_spot_settings::Credential::AccessToken(token.to_owned()));
        let settings = HubSpotSettings { credential, burst_per_10s: burst, ..Default::default() };
        Some(connect_vendor_request::Settings::Hubspot(settings))
    };
    let with = |settings| ConnectVendorRequest { settings, ..connect(&hubspot_url) };
    let (token_path, burst_path) = ("hubspot.access_token", "hubspot.burst_per_10s");
    let token_rule = "must be 8 to 2048 visible ASCII characters";
    let burst_rule = "must be from 0 to 10000";
    let row =
        |what: &str, request, path: &str, rule: &str| bad(what, CONNECT, &request, path, rule);
    let mut rows = vec![
        row("none", with(None), "hubspot", "must be given"),
        row("no token", with(settings(None, 0)), token_path, "must be given"),
        row("a low burst", with(settings(Some(TOKEN), -1)), burst_path, burst_rule),
        row("a high burst", with(settings(Some(TOKEN), 10_001)), burst_path, burst_rule),
    ];
    for reserve_percent in [-1, 91] {
        let Some(connect_vendor_request::Settings::Hubspot(whole)) = settings(Some(TOKEN), 0)
        else {
            unreachable!("they are HubSpot's");
        };
        let whole = HubSpotSettings { reserve_percent, ..whole };
        let request = with(Some(connect_vendor_request::Settings::Hubspot(whole)));
        rows.push(row("a reserve", request, "hubspot.reserve_percent", "must be from 0 to 90"));
    }
    let grant = |client_id: &str, client_secret: &str, refresh_token: &str| {
        let grant = HubSpotOAuth {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            refresh_token: refresh_token.to_owned(),
        };
        let credential = Some(hub_spot_settings::Credential::Oauth(grant));
        let settings = HubSpotSettings { credential, ..Default::default() };
        with(Some(connect_vendor_request::Settings::Hubspot(settings)))
    };
    let id_rule = "must be 1 to 200 visible ASCII characters";
    for (client_id, secret, refresh, path, rule) in [
        ("", TOKEN, TOKEN, "hubspot.oauth.client_id", id_rule),
        ("an app", TOKEN, TOKEN, "hubspot.oauth.client_id", id_rule),
        ("an-app", "short", TOKEN, "hubspot.oauth.client_secret", token_rule),
        ("an-app", TOKEN, "line\nbreak", "hubspot.oauth.refresh_token", token_rule),
    ] {
        rows.push(row("a grant", grant(client_id, secret, refresh), path, rule));
    }
    let long = "x".repeat(2_049);
    let tokens =
        ["", "7-chars", "with a blank", "line\nbreak", "umlaut-\u{e9}", "zero-\u{0}", &long];
    for token in tokens {
        rows.push(row(token, with(settings(Some(token), 0)), token_path, token_rule));
    }
    for (vendor, rule) in [(0, "must be given"), (99, "is not a value of Vendor")] {
        let request = ConnectVendorRequest { vendor, ..connect(&hubspot_url) };
        rows.push(row("a vendor", request, "vendor", rule));
    }
    // Which settings are missing, the vendor tells.
    let nothing = ConnectVendorRequest { vendor: 0, ..with(None) };
    rows.push(row("nothing", nothing, "vendor", "must be given"));
    let signed = |api_key: &str, secrets: &[&str]| {
        let webhook_secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
        let settings = UpsoSettings { api_key: api_key.to_owned(), webhook_secrets };
        Some(connect_vendor_request::Settings::Upso(settings))
    };
    let upso = |api_key: &str| signed(api_key, &[]);
    let at_upso = |settings| ConnectVendorRequest { vendor: Vendor::Upso.into(), ..with(settings) };
    rows.push(row("of Upso", with(upso(TOKEN)), "hubspot", "must be given"));
    rows.push(row("none", at_upso(None), "upso", "must be given"));
    rows.push(row("of HubSpot", at_upso(settings(Some(TOKEN), 0)), "upso", "must be given"));
    for api_key in tokens {
        rows.push(row(api_key, at_upso(upso(api_key)), "upso.api_key", token_rule));
    }
    let secrets_path = "upso.webhook_secrets";
    let good = "a-secret-of-a-test";
    let three = at_upso(signed(TOKEN, &[good; 3]));
    rows.push(row("three secrets", three, secrets_path, "must hold at most 2"));
    let secret_rule = "must be 16 to 128 printable ASCII characters without spaces";
    let long_secret = "x".repeat(129);
    for bad in
        ["", "15-characters--", "with a blank in it", "umlaut-\u{e9}-of-a-test", &long_secret]
    {
        let second = at_upso(signed(TOKEN, &[good, bad]));
        rows.push(row(bad, second, "upso.webhook_secrets[1]", secret_rule));
    }
    let neither = at_upso(signed("short", &["short"]));
    rows.push(
        row("neither", neither, "upso.api_key", token_rule)
            .and("upso.webhook_secrets[0]", secret_rule),
    );
    let both = ConnectVendorRequest {
        settings: settings(Some("short"), 10_001),
        ..connect("ftp://localhost")
    };
    rows.push(
        row("all at once", both, token_path, token_rule)
            .and(burst_path, burst_rule)
            .and("base_url", SCHEME),
    );
    all_are_refused(&world, "acme", rows).await;
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_vendor_that_says_much_is_quoted_briefly() {
    let world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    let before = world.state("acme").await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let said = json!({ "status": "error", "message": "\u{20ac}".repeat(100_000),
                       "correlationId": "c".repeat(100_000), "category": "VALIDATION_ERROR" });
    for (status, code, wanted) in [
        (400, Code::InvalidArgument, "CREDENTIAL_REFUSED"),
        (401, Code::InvalidArgument, "CREDENTIAL_REFUSED"),
        (503, Code::Unavailable, "VENDOR_UNAVAILABLE"),
    ] {
        let fault = json!({ "kind": "status", "status": status, "count": 1,
                            "body": said.to_string() });
        let faults = format!("{}/_sandbox/faults", world.hubspot_url);
        let asked = http.post(faults).json(&fault).send().await.unwrap();
        assert!(asked.status().is_success(), "{asked:?}");
        let connect = world.client.connect_hubspot("acme", TOKEN).base_url(&world.hubspot_url);
        fits_into_headers(&refused(connect.await, code, wanted));
    }
    assert_eq!(world.state("acme").await, before);
    assert!(world.stop().await);
}
