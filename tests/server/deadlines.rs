//! Callers who stop waiting.

use std::time::{Duration, Instant};

use gomark_sdk::v1::connect_vendor_request::Settings;
use gomark_sdk::v1::hub_spot_settings::Credential;
use gomark_sdk::v1::{
    AddFieldRequest, ConnectVendorRequest, Field, GetCompanyRequest, HubSpotSettings, Vendor,
    WatchConfigRequest,
};
use tokio::io::AsyncReadExt as _;
use tonic::Code;

use crate::raw::{Raw, reason};
use crate::world::{World, within};

const ADD_FIELD: &str = "gomark.v1.ConfigService/AddField";
const CONNECT_VENDOR: &str = "gomark.v1.CompanyService/ConnectVendor";
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
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    let request = GetCompanyRequest { company_id: "acme".to_owned() };
    assert_eq!(raw.call(GET_COMPANY, &[], &request).await.code(), Code::Ok);
    drop(raw);
    world.stop().await;
}

#[tokio::test]
async fn a_vendor_is_not_waited_for_longer_than_the_caller_waits() {
    let world = World::with(|settings| settings.call_timeout = Duration::from_secs(9)).await;
    // Somebody is there, and says nothing.
    let vendor = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let credential = Some(Credential::AccessToken("a-token-1".to_owned()));
    let connect = ConnectVendorRequest {
        company_id: "acme".to_owned(),
        vendor: Vendor::Hubspot.into(),
        base_url: format!("http://{}", vendor.local_addr().unwrap()),
        settings: Some(Settings::Hubspot(HubSpotSettings {
            credential,
            ..HubSpotSettings::default()
        })),
        ..ConnectVendorRequest::default()
    };
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let begun = Instant::now();
    let asking = raw.call(CONNECT_VENDOR, &[("grpc-timeout", "600m")], &connect);
    let asked = async {
        let (mut stream, _) = vendor.accept().await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    };
    let (status, heard) = within(async { tokio::join!(asking, asked) }).await;
    assert_eq!(reason(&status), late(), "{status:?}");
    assert!(heard.starts_with(b"GET ") || heard.starts_with(b"POST "), "{heard:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(world.client.get_company("acme").await.unwrap().revision, 1);
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
