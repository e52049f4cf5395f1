//! Clients that are up to no good, while a good one goes on. What a server without limits would do is
//! in RUSTSEC-2024-0003, CVE-2023-44487 and CVE-2024-27316.

use std::sync::atomic::{AtomicBool, Ordering};

use gomark_sdk::v1::GetConfigRequest;
use tonic::Code;

use crate::raw::{Raw, attack, frames, goodbye, reason};
use crate::world::{World, within};

const GET_CONFIG: &str = "/gomark.v1.ConfigService/GetConfig";
/// ENHANCE_YOUR_CALM
const CALM: u32 = 0xb;

/// Attacks over several connections at once, while a good client makes calls that all succeed.
/// Answers with what the attackers were closed, and how many good calls there were.
async fn meanwhile(
    world: &World,
    bytes: impl Fn(u32) -> Option<Vec<u8>> + Copy,
) -> Vec<Option<u32>> {
    let over = AtomicBool::new(false);
    let attacks = async {
        let address = world.app.local_addr();
        let attacks = (0..4).map(|_| attack(address, bytes));
        let heard = futures::future::join_all(attacks).await;
        over.store(true, Ordering::Relaxed);
        heard
    };
    let good = async {
        let mut calls = 0;
        while !over.load(Ordering::Relaxed) || calls == 0 {
            world.client.get_config("acme").await.unwrap();
            calls += 1;
            tokio::task::yield_now().await;
        }
        calls
    };
    let (heard, calls): (Vec<_>, u32) = within(async { tokio::join!(attacks, good) }).await;
    assert!(calls > 0);
    heard.iter().map(|heard| goodbye(heard)).collect()
}

fn stream(round: u32) -> u32 {
    round * 2 + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn who_resets_what_it_asks_for_is_sent_away() {
    let world = World::start().await;
    let said = meanwhile(&world, |round| {
        let one = |round| [frames::call(stream(round), GET_CONFIG), frames::reset(stream(round))];
        (round < 300).then(|| (round * 200..(round + 1) * 200).flat_map(one).flatten().collect())
    });
    for said in said.await {
        assert!(matches!(said, Some(CALM) | None), "{said:?}");
    }
    world.client.get_company("acme").await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_more_streams_than_it_may_is_sent_away() {
    let world = World::start().await;
    let said = meanwhile(&world, |round| {
        let one = |round| frames::call(stream(round), GET_CONFIG);
        (round < 300).then(|| (round * 200..(round + 1) * 200).flat_map(one).collect())
    });
    for said in said.await {
        assert!(matches!(said, Some(CALM) | None), "{said:?}");
    }
    world.client.get_company("acme").await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_an_end_is_not_read_to_its_end() {
    let world = World::start().await;
    let said = meanwhile(&world, |round| {
        let begun = frames::frame(1, 0, 1, &frames::head(GET_CONFIG));
        // A field of the head of 8 KiB: literal, without indexing.
        let mut more = b"\x00\x01a\x7f\x81\x3f".to_vec();
        more.extend([b'a'; 8_192]);
        let more = frames::frame(9, 0, 1, &more);
        (round < 20_000).then_some(if round == 0 { begun } else { more })
    });
    for said in said.await {
        assert!(matches!(said, Some(CALM) | None), "{said:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_the_connection_goes_on() {
    let world = World::start().await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let large = "a".repeat(20 * 1024);
    let open = raw.begin(&GET_CONFIG[1..], &[("x-large", &large)]).await;
    let answer = open.answer.await.unwrap();
    assert_eq!(answer.status(), http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let request = GetConfigRequest { company_id: "acme".to_owned(), ..Default::default() };
    assert_eq!(raw.call(&GET_CONFIG[1..], &[], &request).await.code(), Code::Ok);
    drop(raw);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_refused_before_it_is_read() {
    let world = World::start().await;
    let mut raw = Raw::connect(world.app.local_addr(), &world.supervisor).await;
    let request =
        GetConfigRequest { company_id: "a".repeat(5 * 1024 * 1024), ..Default::default() };
    let status = within(raw.call(&GET_CONFIG[1..], &[], &request)).await;
    assert_eq!(reason(&status), (Code::InvalidArgument, "MALFORMED_MESSAGE".to_owned()));
    // Of one that never comes only the length is needed.
    let mut open = raw.begin(&GET_CONFIG[1..], &[]).await;
    let length = [0, 0, 0x50, 0, 0];
    open.request.send_data(length.to_vec().into(), false).unwrap();
    let status = within(open.status()).await;
    assert_eq!(reason(&status), (Code::InvalidArgument, "MALFORMED_MESSAGE".to_owned()));
    drop(raw);
    world.stop().await;
}
