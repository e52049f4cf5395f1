//! Two hundred portals, one of which only says that it is called too often, and one of which hangs.

use std::time::{Duration, Instant};

use futures::future::join_all;
use gomark::app::App;
use gomark::config::{Checked, Database};
use gomark::store::postgres::PostgresUrl;
use gomark::supervisor::Supervisor;
use gomark::vault::{Key, Vault};
use gomark_sdk::v1::JobState;
use gomark_sdk::{Client, JobHandle, fields};
use serde_json::json;

use crate::MACHINE;
use crate::changes::BOUND;
use crate::changes::vendors::HubSpot;
use crate::schema::Schema;

const PORTALS: usize = 200;
/// One is limited without end, the next one hangs.
const BAD: usize = 2;
/// How often it is tried with and without them.
const PAIRS: usize = 2;

/// Decides a field everywhere; answers the jobs, and how long each of the good ones took.
async fn round(client: &Client, number: usize) -> (Vec<JobHandle>, Vec<Duration>) {
    let begun = Instant::now();
    let one = |portal: usize| async move {
        let field = fields::text(format!("Number {number}"));
        let change = client.add_field(company(portal), field).await.unwrap();
        let job = change.job.unwrap();
        if portal >= BAD {
            let ended = tokio::time::timeout(BOUND, job.wait()).await;
            ended.expect("the others do not hold it up").unwrap();
        }
        (job, begun.elapsed())
    };
    let mut all = join_all((0..PORTALS).map(one)).await;
    let good = all.split_off(BAD);
    (
        all.into_iter().map(|(job, _)| job).collect(),
        good.into_iter().map(|(_, took)| took).collect(),
    )
}

fn company(portal: usize) -> String {
    format!("company-{portal}")
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn portals_that_answer_nothing_do_not_hold_up_the_others() {
    let _machine = MACHINE.lock().await;
    let Some(schema) = Schema::make().await else { return };
    let supervisor = Supervisor::new();
    let hubspot = HubSpot::start(1, &supervisor).await;
    let database = Database::Postgres(PostgresUrl::parse(&schema.url()).unwrap());
    let settings = Checked {
        call_timeout: Duration::from_secs(2),
        lease: Duration::from_secs(6),
        scan_interval: None,
        ..Checked::local(database, Vault::new(&Key::generate().unwrap()))
    };
    let app = App::start(settings).await.unwrap();
    let client = Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap();
    let connect = |portal: usize| {
        let (client, url) = (client.clone(), hubspot.url.clone());
        async move {
            client.register_company(company(portal)).await.unwrap();
            let token = format!("portal-of-{}", company(portal));
            client.connect_hubspot(company(portal), token).base_url(&url).await.unwrap();
        }
    };
    join_all((0..PORTALS).map(connect)).await;
    let mut portals = Vec::new();
    for bad in 0..BAD {
        portals.push(hubspot.portal(&format!("portal-of-{}", company(bad))).await);
    }

    let (mut without, mut with) = (Vec::new(), Vec::new());
    round(&client, 0).await;
    for pair in 1..=PAIRS {
        let (jobs, times) = round(&client, 10 * pair).await;
        without.extend(times);
        for job in jobs {
            tokio::time::timeout(BOUND, job.wait()).await.expect("it ends").unwrap();
        }
        for (kind, portal) in ["rate_limited", "hang"].into_iter().zip(&portals) {
            let portal: i64 = portal.parse().unwrap();
            hubspot.fault(json!({ "kind": kind, "portal_id": portal })).await;
        }
        let (jobs, times) = round(&client, 10 * pair + 1).await;
        with.extend(times);
        for job in &jobs {
            let state = job.get().await.unwrap().state();
            let open = [JobState::Queued, JobState::Running, JobState::Waiting];
            assert!(open.contains(&state), "{}: {state:?}", job.id());
        }
        hubspot.no_more_trouble().await;
        for job in jobs {
            tokio::time::timeout(BOUND, job.wait()).await.expect("it ends").unwrap();
        }
    }
    let (without, with) = (median(&mut without), median(&mut with));
    eprintln!(
        "{} portals, from the decision to the end of the job: {without:.2?} without and {with:.2?} \
         with a portal that is limited and one that hangs, {:.2} times (medians of {PAIRS} rounds)",
        PORTALS - BAD,
        with.as_secs_f64() / without.as_secs_f64()
    );
    assert!(app.stop().await, "everything ends in time");
    supervisor.shutdown(BOUND).await;
}
