//! More at once than there may be.

use std::time::Duration;

use gomark::supervisor::Supervisor;
use gomark_sdk::RetryPolicy;
use gomark_sdk::v1::{GetCompanyRequest, WatchConfigRequest};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_types::StatusExt as _;

use crate::process::Process;
use crate::raw::{Raw, reason};
use crate::world::{World, within};

const GET_COMPANY: &str = "gomark.v1.CompanyService/GetCompany";
const WATCH_CONFIG: &str = "gomark.v1.ConfigService/WatchConfig";
const HEALTH: &str = "grpc.health.v1.Health/Check";

fn get_company() -> GetCompanyRequest {
    GetCompanyRequest { company_id: "acme".to_owned() }
}

#[tokio::test]
async fn more_calls_than_there_may_be_are_refused_at_once_and_health_is_not() {
    let world = World::with(|settings| settings.serving.calls_max = 2).await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    // Two calls whose messages have not come yet are under way.
    let mut held = [raw.begin(GET_COMPANY, &[]).await, raw.begin(GET_COMPANY, &[]).await];
    let refused = within(raw.call(GET_COMPANY, &[], &get_company())).await;
    assert_eq!(reason(&refused), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    let again = refused.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(again.is_some_and(|again| again <= Duration::from_secs(1)), "{again:?}");
    let ask = HealthCheckRequest::default();
    assert_eq!(within(raw.call(HEALTH, &[], &ask)).await.code(), Code::Ok);
    // A client that repeats gets through as soon as there is room.
    let patient = world.client(RetryPolicy::default()).await;
    let (answer, ()) = within(async {
        tokio::join!(patient.get_company("acme"), async {
            held.iter_mut().for_each(|open| open.send(&get_company()));
            for open in held {
                assert_eq!(open.status().await.code(), Code::Ok);
            }
        })
    })
    .await;
    answer.unwrap();
    assert_eq!(raw.call(GET_COMPANY, &[], &get_company()).await.code(), Code::Ok);
    drop((raw, patient));
    world.stop().await;
}

#[tokio::test]
async fn a_process_that_may_open_few_files_asks_for_more() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("gomark.db").display());
    let mut few = tokio::process::Command::new("sh");
    few.args(["-c", "ulimit -S -n 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_gomark")]);
    let process = Process::start_by(few, &database, &[]).await;
    let supervisor = Supervisor::new();
    let mut connections = Vec::new();
    for _ in 0..200 {
        let mut raw = within(Raw::connect(process.address, &supervisor)).await;
        let status = within(raw.call(HEALTH, &[], &HealthCheckRequest::default())).await;
        assert_eq!(status.code(), Code::Ok);
        connections.push(raw);
    }
    process.tell_to_end().await;
    assert!(process.ended().await.success());
}

#[tokio::test]
async fn more_streams_than_there_may_be_are_refused_until_one_ends() {
    let world = World::with(|settings| settings.serving.streams_max = 1).await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let watch = WatchConfigRequest { company_id: "acme".to_owned(), after_revision: 0 };
    let mut first = raw.begin(WATCH_CONFIG, &[]).await;
    first.send(&watch);
    let answer = within(first.answer).await.unwrap();
    let refused = within(raw.call(WATCH_CONFIG, &[], &watch)).await;
    assert_eq!(reason(&refused), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    assert_eq!(raw.call(GET_COMPANY, &[], &get_company()).await.code(), Code::Ok);
    drop((answer, first.request));
    let room = async {
        loop {
            let mut next = raw.begin(WATCH_CONFIG, &[]).await;
            next.send(&watch);
            let answer = next.answer.await.unwrap();
            if !answer.headers().contains_key("grpc-status") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    within(room).await;
    drop(raw);
    world.stop().await;
}
