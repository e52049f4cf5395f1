//! Waiting for something to come true.

use std::time::Duration;

use crate::changes::BOUND;

/// Waits until something holds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool, what: &str) {
    let reached = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(BOUND, reached).await.unwrap_or_else(|_| panic!("{what}"));
}
