//! The calls that the composition makes with grpcurl, made as it would make them.

use gomark_sdk::Client;
use gomark_sdk::v1 as pb;
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

/// Makes the call of a command line of grpcurl.
pub(crate) async fn make(client: &Client, words: &[String]) {
    let [plaintext, with, json, _address, method] = words else { panic!("{words:?}") };
    assert_eq!((plaintext.as_str(), with.as_str()), ("-plaintext", "-d"));
    let (mut config, mut company) = (client.raw_config(), client.raw_company());
    let called = match method.as_str() {
        "gomark.v1.CompanyService/RegisterCompany" => {
            let request: pb::RegisterCompanyRequest = read("RegisterCompanyRequest", json);
            company.register_company(request).await.map(drop)
        }
        "gomark.v1.CompanyService/ConnectVendor" => {
            let request: pb::ConnectVendorRequest = read("ConnectVendorRequest", json);
            company.connect_vendor(request).await.map(drop)
        }
        "gomark.v1.ConfigService/AddCadence" => {
            let request: pb::AddCadenceRequest = read("AddCadenceRequest", json);
            config.add_cadence(request).await.map(drop)
        }
        other => panic!("{other}"),
    };
    called.unwrap_or_else(|status| panic!("{words:?}: {status}"));
}

/// Reads a message as grpcurl does, by the descriptors that the service has: a name that is not known
/// is an error.
fn read<M: Message + Default>(name: &str, json: &str) -> M {
    let pool = DescriptorPool::decode(gomark::api::grpc::DESCRIPTORS).unwrap();
    let message = pool.get_message_by_name(&format!("gomark.v1.{name}")).unwrap();
    let mut given = serde_json::Deserializer::from_str(json);
    let read = DynamicMessage::deserialize(message, &mut given).unwrap_or_else(|error| {
        panic!("{name}: {error}: {json}");
    });
    given.end().unwrap();
    M::decode(&*read.encode_to_vec()).unwrap()
}
