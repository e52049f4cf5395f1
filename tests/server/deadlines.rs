//! Callers who stop waiting.

use std::time::{Duration, Instant};

use gomark_sdk::v1::{AddFieldRequest, Field, GetCompanyRequest, WatchConfigRequest};
use tonic::Code;

use crate::raw::{Raw, reason};
use crate::world::{World, within};

const ADD_FIELD: &str = "gomark.v1.ConfigService/AddField";
const GET_COMPANY: &str = "gomark.v1.CompanyService/GetCompany";
const WATCH_CONFIG: &str = "gomark.v1.ConfigService/WatchConfig";

fn late() -> (Code, String) {
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned())
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_not_begun() {
    let world = World::start().await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let add = AddFieldRequest {
        company_id: "acme".to_owned(),
        field: Some(Field { label: "Size".to_owned(), ..Field::default() }),
        ..AddFieldRequest::default()
    };
    for timeout in ["0S", "1n"] {
        let status = raw.call(ADD_FIELD, &[("grpc-timeout", timeout)], &add).await;
        assert_eq!(reason(&status), late(), "{status:?}");
    }
    assert_eq!(world.client.get_company("acme").await.unwrap().revision, 1);
    for malformed in ["1", "S", "1s", "123456789S", "-1S"] {
        let status = raw.call(ADD_FIELD, &[("grpc-timeout", malformed)], &add).await;
        let wanted = (Code::InvalidArgument, "MALFORMED_MESSAGE".to_owned());
        assert_eq!(reason(&status), wanted, "{malformed}: {status:?}");
    }
    assert_eq!(world.client.get_company("acme").await.unwrap().revision, 1);
    assert_eq!(raw.call(ADD_FIELD, &[("grpc-timeout", "9S")], &add).await.code(), Code::Ok);
    drop(raw);
    world.stop().await;
}

#[tokio::test]
async fn a_call_whose_message_does_not_come_is_given_up_in_time() {
    let world = World::start().await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let begun = Instant::now();
    let open = raw.begin(GET_COMPANY, &[("grpc-timeout", "300m")]).await;
    let status = within(open.status()).await;
    assert_eq!(reason(&status), late(), "{status:?}");
    let took = begun.elapsed();
    assert!((300..3_000).contains(&took.as_millis()), "{took:?}");
    let request = GetCompanyRequest { company_id: "acme".to_owned() };
    assert_eq!(raw.call(GET_COMPANY, &[], &request).await.code(), Code::Ok);
    drop(raw);
    world.stop().await;
}

#[tokio::test]
async fn a_stream_lasts_as_long_as_its_caller_says() {
    let world = World::start().await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let watch = WatchConfigRequest { company_id: "acme".to_owned(), after_revision: 0 };
    let begun = Instant::now();
    let status = within(raw.call(WATCH_CONFIG, &[("grpc-timeout", "700m")], &watch)).await;
    assert_eq!(reason(&status), late(), "{status:?}");
    assert!(begun.elapsed() >= Duration::from_millis(700));
    drop(raw);
    world.stop().await;
}
