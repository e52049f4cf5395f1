//! What every broker must do: one named test per case, a fresh broker for each.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;

use super::Broker;
use crate::domain::{CompanyId, ConnectionId};
use crate::store::Doorbell;

/// How long a test waits for something before it says that it did not happen.
const BOUND: Duration = Duration::from_secs(30);

/// Brokers of two processes, or of one, and what keeps them alive.
pub(super) struct Given {
    rings: Arc<dyn Broker>,
    hears: Arc<dyn Broker>,
    _kept: Box<dyn std::any::Any + Send>,
}

impl Given {
    /// One process that rings and hears.
    pub(super) fn alone(broker: impl Broker + 'static) -> Self {
        let broker: Arc<dyn Broker> = Arc::new(broker);
        Self { rings: Arc::clone(&broker), hears: broker, _kept: Box::new(()) }
    }

    /// One process that rings, and one that hears.
    pub(super) fn apart(
        rings: impl Broker + 'static,
        hears: impl Broker + 'static,
        kept: impl std::any::Any + Send,
    ) -> Self {
        Self { rings: Arc::new(rings), hears: Arc::new(hears), _kept: Box::new(kept) }
    }

    /// Rings, and fails if that is not done at once.
    fn ring(&self, doorbell: &Doorbell) {
        let done = self.rings.ring(doorbell).now_or_never();
        assert!(done.is_some(), "ringing for {doorbell} waits");
    }

    async fn next(&self) -> Doorbell {
        heard(&*self.hears).await
    }
}

/// Waits for the next doorbell of a broker.
pub(super) async fn heard(broker: &dyn Broker) -> Doorbell {
    tokio::time::timeout(BOUND, broker.next()).await.expect("no doorbell was heard")
}

/// The doorbell of a company.
pub(super) fn of(company: &str) -> Doorbell {
    Doorbell {
        company_id: CompanyId::parse(company).unwrap(),
        connection_id: ConnectionId::from_trusted("connection-2"),
    }
}

/// Expands to one test per case. `$fresh` makes a [`Given`], or none where a server is not to be had
/// and that is no failure.
macro_rules! conformance {
    ($fresh:path) => {
        crate::broker::conformance::cases! { $fresh;
            a_doorbell_is_heard,
            a_doorbell_rung_while_one_is_handled_is_heard_too,
            a_wait_that_is_given_up_loses_no_doorbell,
            ringing_does_not_wait_however_many_doorbells_nobody_takes,
            a_company_that_rings_a_thousand_times_holds_up_no_other,
            a_holder_that_is_gone_is_no_failure,
        }
    };
}

macro_rules! cases {
    ($fresh:path; $($case:ident),* $(,)?) => {
        mod suite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(given) = $fresh().await {
                        crate::broker::conformance::$case(&given).await;
                    }
                }
            )*
        }
    };
}

pub(super) use {cases, conformance};

pub(super) async fn a_doorbell_is_heard(given: &Given) {
    given.ring(&of("acme"));
    assert_eq!(given.next().await, of("acme"));
}

pub(super) async fn a_doorbell_rung_while_one_is_handled_is_heard_too(given: &Given) {
    for _ in 0..3 {
        given.ring(&of("acme"));
        assert_eq!(given.next().await, of("acme"));
    }
}

pub(super) async fn a_wait_that_is_given_up_loses_no_doorbell(given: &Given) {
    assert!(given.hears.next().now_or_never().is_none());
    given.ring(&of("acme"));
    assert_eq!(given.next().await, of("acme"));
}

/// More than any broker keeps for one who does not listen. What is rung for later is heard.
pub(super) async fn ringing_does_not_wait_however_many_doorbells_nobody_takes(given: &Given) {
    (0..50_000).for_each(|n| given.ring(&of(&format!("company-{n}"))));
    tokio::time::timeout(BOUND, async {
        loop {
            // It may be dropped as often as the doorbells before it are not taken yet.
            given.ring(&of("acme"));
            if given.hears.next().await == of("acme") {
                return;
            }
        }
    })
    .await
    .expect("what was rung for at last was never heard");
}

pub(super) async fn a_company_that_rings_a_thousand_times_holds_up_no_other(given: &Given) {
    for _ in 0..1_000 {
        given.ring(&of("loud"));
        // Whatever carries doorbells on gets its turn in between.
        tokio::task::yield_now().await;
    }
    given.ring(&of("quiet"));
    let mut before = 0;
    while given.next().await != of("quiet") {
        before += 1;
    }
    // One waits, and a few may have been on their way.
    assert!(before <= 20, "{before} doorbells of another company were heard before");
}

pub(super) async fn a_holder_that_is_gone_is_no_failure(given: &Given) {
    let handed_on = given.rings.ring_at("gone", &of("acme")).now_or_never();
    assert!(handed_on.is_some(), "handing on waits");
    given.ring(&of("globex"));
    assert_eq!(given.next().await, of("globex"));
}
