//! Health, for load balancers: without a token, by service, and as shutdown begins.

use std::time::Instant;

use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::calls::Rpc;
use crate::world::{BOUND, World};

async fn client(world: &World) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(world.address.clone()).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

/// The names that health is told under: none, and each of our services.
fn names() -> Vec<String> {
    let rpcs = Rpc::all().into_iter().map(|rpc| rpc.name());
    let services = rpcs.map(|name| format!("gomark.v1.{}", name.split_once('/').unwrap().0));
    let mut names: Vec<_> = services.chain([String::new()]).collect();
    names.sort();
    names.dedup();
    names
}

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

#[tokio::test]
async fn every_service_serves_and_no_token_is_needed_to_hear_it() {
    let world = World::with_tokens(&["acme"]).await;
    let mut health = client(&world).await;
    assert_eq!(names().len(), 4);
    for name in names() {
        let answer = health.check(about(&name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name:?}");
    }
    for unknown in ["gomark.v1.NoService", "ConfigService", "gomark.v1.configservice", " "] {
        let answer = health.check(about(unknown)).await.unwrap_err();
        assert_eq!(answer.code(), Code::NotFound, "{unknown}");
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_server_that_shuts_down_says_so_and_is_not_held_up_by_those_who_listen() {
    let world = World::with_tokens(&["acme"]).await;
    let mut health = client(&world).await;
    let mut watches = Vec::new();
    for name in names() {
        let mut watch = health.watch(about(&name)).await.unwrap().into_inner();
        let first = watch.message().await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving, "{name:?}");
        watches.push((name, watch));
    }
    let begun = Instant::now();
    let listened = async {
        for (name, watch) in &mut watches {
            // The end of the connection says the same.
            if let Ok(Some(next)) = watch.message().await {
                assert_eq!(next.status(), ServingStatus::NotServing, "{name:?}");
            }
        }
    };
    let (in_time, ()) =
        tokio::time::timeout(BOUND, async { tokio::join!(world.stop(), listened) }).await.unwrap();
    assert!(in_time, "stopping took {:?}", begun.elapsed());
    drop(watches);
    assert!(health.check(about("")).await.is_err());
}
