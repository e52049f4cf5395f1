//! Reflection, which needs no token.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use tonic::transport::{Channel, Endpoint};
use tonic_reflection::pb::{v1, v1alpha};

use crate::world::World;

const SERVICES: [&str; 6] = [
    "gomark.v1.CompanyService",
    "gomark.v1.ConfigService",
    "gomark.v1.DriftService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

async fn channel(world: &World) -> Channel {
    Endpoint::from_shared(world.address.clone()).unwrap().connect().await.unwrap()
}

macro_rules! ask {
    ($world:expr, $version:ident, $question:expr) => {{
        use $version::server_reflection_client::ServerReflectionClient;
        use $version::server_reflection_request::MessageRequest;
        #[allow(unused_imports)]
        use $version::server_reflection_response::MessageResponse;
        let question: fn(&str) -> MessageRequest = $question;
        let request = $version::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question("gomark.v1.ConfigService")),
        };
        let mut client = ServerReflectionClient::new(channel($world).await);
        let answer = client.server_reflection_info(stream::iter([request])).await.unwrap();
        answer.into_inner().next().await.unwrap().unwrap().message_response.unwrap()
    }};
}

#[tokio::test]
async fn both_versions_list_the_services_without_a_token() {
    let world = World::with_tokens(&["acme"]).await;
    let wanted: BTreeSet<_> = SERVICES.into_iter().map(str::to_owned).collect();
    let ours = |names: &BTreeSet<String>| wanted.iter().take(4).all(|name| names.contains(name));
    let answer = ask!(&world, v1, |_| MessageRequest::ListServices(String::new()));
    let v1::server_reflection_response::MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    let names: BTreeSet<_> = list.service.into_iter().map(|service| service.name).collect();
    assert!(ours(&names) && names.is_subset(&wanted), "{names:?}");
    let answer = ask!(&world, v1alpha, |_| MessageRequest::ListServices(String::new()));
    let v1alpha::server_reflection_response::MessageResponse::ListServicesResponse(list) = answer
    else {
        panic!("{answer:?}")
    };
    let names: BTreeSet<_> = list.service.into_iter().map(|service| service.name).collect();
    assert!(ours(&names) && names.is_subset(&wanted), "{names:?}");
    assert!(world.stop().await);
}

#[tokio::test]
async fn a_service_is_described_without_a_token() {
    let world = World::with_tokens(&["acme"]).await;
    let answer = ask!(&world, v1, |name| MessageRequest::FileContainingSymbol(name.to_owned()));
    let v1::server_reflection_response::MessageResponse::FileDescriptorResponse(files) = answer
    else {
        panic!("{answer:?}")
    };
    let answer =
        ask!(&world, v1alpha, |name| MessageRequest::FileContainingSymbol(name.to_owned()));
    let v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(old) = answer
    else {
        panic!("{answer:?}")
    };
    for file in files.file_descriptor_proto.iter().chain(&old.file_descriptor_proto) {
        let file: prost_types::FileDescriptorProto = prost::Message::decode(&**file).unwrap();
        assert_eq!(file.name(), "gomark/v1/config_service.proto");
    }
    assert!(!files.file_descriptor_proto.is_empty() && !old.file_descriptor_proto.is_empty());
    assert!(world.stop().await);
}
