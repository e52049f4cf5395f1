//! Calls whose messages are bytes, so that one test serves every RPC, and so that what no client
//! would send can be sent; and the descriptors that say which RPCs there are.

use bytes::{Buf, BufMut, Bytes};
use gomark::api::grpc::DESCRIPTORS;
use gomark_sdk::Error;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, Value};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// The largest answer that is taken.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection, and the token that its calls carry.
#[derive(Clone)]
pub(crate) struct Wire {
    channel: Channel,
    authorization: Option<MetadataValue<Ascii>>,
}

impl Wire {
    pub(crate) fn connect(address: &str) -> Self {
        let channel = Endpoint::from_shared(address.to_owned()).unwrap().connect_lazy();
        Self { channel, authorization: None }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with_authorization(&format!("Bearer {token}"))
    }

    pub(crate) fn with_authorization(&self, header: &str) -> Self {
        Self { authorization: Some(header.parse().unwrap()), ..self.clone() }
    }

    pub(crate) fn without_token(&self) -> Self {
        Self { authorization: None, ..self.clone() }
    }

    /// Makes a call and answers the first message of the answer; a stream is not followed further.
    pub(crate) async fn send(
        &self,
        rpc: &str,
        message: impl Into<Bytes>,
    ) -> Result<Bytes, Box<Error>> {
        self.try_send(rpc, message.into()).await.map_err(|status| Box::new(status.into()))
    }

    async fn try_send(&self, rpc: &str, message: Bytes) -> Result<Bytes, Status> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(message);
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        let path = format!("/gomark.v1.{rpc}").parse().unwrap();
        let mut answer = grpc.server_streaming(request, path, Raw).await?.into_inner();
        answer.message().await?.ok_or_else(|| Status::unknown("the stream had no message"))
    }
}

/// Leaves messages as they are.
#[derive(Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length)))
    }
}

/// The descriptors that reflection serves.
pub(crate) fn descriptors() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTORS).unwrap()
}

/// An RPC, by its descriptor.
#[derive(Clone)]
pub(crate) struct Rpc(MethodDescriptor);

impl Rpc {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let pool = descriptors();
        let services = pool.services().filter(|service| service.package_name() == "gomark.v1");
        services.flat_map(|service| service.methods().map(Self).collect::<Vec<_>>()).collect()
    }

    /// Its name, as in `ConfigService/AddField`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.0.parent_service().name(), self.0.name())
    }

    fn takes(&self, field: &str) -> bool {
        self.0.input().get_field_by_name(field).is_some()
    }

    /// Whether it changes what a company is or decides.
    pub(crate) fn is_mutation(&self) -> bool {
        has(&self.0.output(), &["revision", "job", "plan"])
    }

    /// Whether it does something to a job.
    pub(crate) fn is_job_action(&self) -> bool {
        has(&self.0.input(), &["job_id", "request_id"])
    }

    /// Whether it is about one company or one job, and not about all that a caller may see.
    pub(crate) fn is_about_one(&self) -> bool {
        ["company_id", "company", "job_id"].into_iter().any(|field| self.takes(field))
    }

    /// A request with some of its fields set.
    pub(crate) fn with(&self, request: &[u8], fields: &[(&str, Value)]) -> Bytes {
        use prost::Message as _;
        let mut message = DynamicMessage::decode(self.0.input(), request).unwrap();
        for (name, value) in fields {
            message.set_field_by_name(name, value.clone());
        }
        message.encode_to_vec().into()
    }

    /// Reads the answer.
    pub(crate) fn read(&self, answer: Bytes) -> DynamicMessage {
        DynamicMessage::decode(self.0.output(), answer).unwrap()
    }
}

fn has(message: &MessageDescriptor, fields: &[&str]) -> bool {
    fields.iter().all(|field| message.get_field_by_name(field).is_some())
}

/// What a mutation answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) revision: i64,
    pub(crate) job_id: Option<String>,
    /// What is to be done at the vendors, in the words of the plan.
    pub(crate) plan: Option<Vec<String>>,
}

/// Makes a mutation with some fields set.
pub(crate) async fn mutate(
    wire: &Wire,
    rpc: &Rpc,
    request: &[u8],
    fields: &[(&str, Value)],
) -> Result<Answer, Box<Error>> {
    let answer = rpc.read(wire.send(&rpc.name(), rpc.with(request, fields)).await?);
    let job = answer.has_field_by_name("job").then(|| job_id(&answer));
    Ok(Answer {
        revision: answer.get_field_by_name("revision").unwrap().as_i64().unwrap(),
        job_id: job,
        plan: answer.has_field_by_name("plan").then(|| planned(&answer)),
    })
}

/// The id of the job in an answer.
pub(crate) fn job_id(answer: &DynamicMessage) -> String {
    let job = answer.get_field_by_name("job").unwrap();
    let id = job.as_message().unwrap().get_field_by_name("job_id").unwrap();
    id.as_str().unwrap().to_owned()
}

/// The operations of the plan in an answer.
fn planned(answer: &DynamicMessage) -> Vec<String> {
    let plan = answer.get_field_by_name("plan").unwrap();
    let operations = plan.as_message().unwrap().get_field_by_name("operations").unwrap();
    let summary = |operation: &Value| {
        let summary = operation.as_message().unwrap().get_field_by_name("summary").unwrap();
        summary.as_str().unwrap().to_owned()
    };
    operations.as_list().unwrap().iter().map(summary).collect()
}

/// A text, as the value of a field.
pub(crate) fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}
