//! The Redis for tests, which GOMARK_TEST_REDIS_URL names.

use url::Url;

const SERVER: &str = "GOMARK_TEST_REDIS_URL";

/// The server for all tests; `None` where there is none.
pub(crate) fn shared() -> Option<Url> {
    let url = std::env::var(SERVER).ok();
    if url.is_none() {
        skip(&format!("{SERVER} is not set"));
    }
    url.map(|url| url.parse().unwrap())
}

/// Says that a test is left out; in CI none may be.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}, and it must be had in CI");
    eprintln!("SKIPPED: nothing was tried on Redis, {why}");
}
