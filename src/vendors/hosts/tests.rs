use super::*;

fn policy(hosts: &[&str]) -> HostPolicy {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    HostPolicy::parse(&hosts).unwrap()
}

fn checked(policy: &HostPolicy, base_url: &str) -> Option<String> {
    policy.check(base_url).ok().map(|url| as_text(&url))
}

#[test]
fn hubspot_and_this_machine_are_allowed_from_the_start() {
    let policy = HostPolicy::default();
    for (given, kept) in [
        ("https://api.hubapi.com", "https://api.hubapi.com"),
        ("https://api.hubapi.com/", "https://api.hubapi.com"),
        ("HTTPS://API.HubAPI.com:443", "https://api.hubapi.com"),
        ("http://127.0.0.1:7777", "http://127.0.0.1:7777"),
        ("http://127.8.9.10:7777/", "http://127.8.9.10:7777"),
        ("https://localhost", "https://localhost"),
        ("http://LOCALHOST:80", "http://localhost"),
        ("http://[::1]:7777", "http://[::1]:7777"),
        ("http://2130706433:1", "http://127.0.0.1:1"),
        ("http://0x7f.1:1", "http://127.0.0.1:1"),
    ] {
        assert_eq!(checked(&policy, given).as_deref(), Some(kept), "{given}");
    }
}

#[test]
fn whatever_only_looks_like_an_allowed_address_is_refused() {
    let policy = HostPolicy::default();
    for bad in [
        "",
        "api.hubapi.com",
        "http://api.hubapi.com",
        "https://api.hubapi.com:8443",
        "https://api.hubapi.com.",
        "https://api.hubapi.com.evil.example",
        "https://api.hubapi.com@evil.example",
        "https://api.hubapi.com:443@evil.example",
        "https://evil.example/api.hubapi.com",
        "https://evil.example#api.hubapi.com",
        "https://evil.example\\@api.hubapi.com",
        "https://api.hubapi.com\\.evil.example",
        "https://apı.hubapi.com",
        "https://api-hubapi.com",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1.nip.io:80",
        "http://localhost.evil.example",
        "http://localhost.",
        "http://localhost@evil.example",
        "http://user:secret@localhost",
        "http://@localhost",
        "http://[::ffff:127.0.0.1]:80",
        "http://[::ffff:10.0.0.1]",
        "http://[::]",
        "http://0.0.0.0:80",
        "http://0:80",
        "http://10.0.0.1",
        "http://169.254.169.254",
        "http://3232235777",
        "http://[fe80::1]",
        "ftp://localhost",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//api.hubapi.com",
        "http:localhost",
        "https://api.hubapi.com/crm",
        "https://api.hubapi.com/?",
        "https://api.hubapi.com/?a=b",
        "https://api.hubapi.com/#",
        "https://api.hub\napi.com",
        " https://api.hubapi.com",
        "https://api.hubapi.com\t",
        "https://api.hubapi.com:99999",
    ] {
        assert!(policy.check(bad).is_err(), "{bad}");
    }
}

#[test]
fn full_width_letters_are_kept_in_their_plain_spelling() {
    let policy = HostPolicy::default();
    assert_eq!(
        checked(&policy, "https://ａｐｉ.hubapi.com").as_deref(),
        Some("https://api.hubapi.com")
    );
}

#[test]
fn an_operators_host_is_reached_by_https_unless_http_was_written() {
    let policy =
        policy(&["stub.internal", "stub.internal:8443", "http://plain.internal:8080", "10.0.0.5"]);
    for good in [
        "https://stub.internal",
        "https://STUB.internal:8443",
        "http://plain.internal:8080",
        "https://10.0.0.5",
    ] {
        assert!(policy.check(good).is_ok(), "{good}");
    }
    for bad in [
        "http://stub.internal",
        "https://stub.internal:9000",
        "https://a.stub.internal",
        "http://plain.internal",
        "https://plain.internal:8080",
        "http://10.0.0.5",
        "https://10.0.0.6",
    ] {
        assert!(policy.check(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_fault_of_the_operators_hosts_is_told_at_once() {
    let hosts = ["*.internal", "ftp://a", "good.internal", "a/b", "u@a", "a.", ""];
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let faults = HostPolicy::parse(&hosts).unwrap_err();
    assert_eq!(faults.len(), hosts.len() - 1, "{faults:?}");
    assert!(faults.first().unwrap().starts_with("\"*.internal\" must name a host"), "{faults:?}");
}

#[test]
fn a_name_leads_only_where_it_may() {
    let policy = policy(&["stub.internal"]);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let hubspot = policy.reach_of_name("API.hubapi.com").unwrap();
    for private in [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ] {
        assert!(!hubspot.includes(address(private)), "{private}");
    }
    assert!(hubspot.includes(address("104.16.1.1")));
    assert!(hubspot.includes(address("2606:4700::1")));
    assert!(!policy.reach_of_name("localhost").unwrap().includes(address("10.0.0.1")));
    assert!(policy.reach_of_name("stub.internal").unwrap().includes(address("10.0.0.1")));
    assert_eq!(policy.reach_of_name("evil.example"), None);
}
