//! The one call of etcd that is compared with, by the numbers of its `rpc.proto`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::bytes::Bytes;
use gomark::bench::Caller;
use prost::Message as _;
use tonic::transport::Channel;

use crate::bytes::BytesCaller;

/// `etcdserverpb.PutRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// Makes clients that put `value` under ever new keys.
pub(crate) fn callers(channels: &[Channel], count: usize, value: &[u8]) -> Vec<Box<dyn Caller>> {
    let keys = Arc::new(AtomicU64::new(0));
    let caller = |number: usize| {
        let (keys, value) = (keys.clone(), value.to_vec());
        let next = move || {
            let key = format!("bench/{}", keys.fetch_add(1, Ordering::Relaxed)).into_bytes();
            Bytes::from(PutRequest { key, value: value.clone() }.encode_to_vec())
        };
        let channel = channels[number % channels.len()].clone();
        Box::new(BytesCaller::new(channel, "/etcdserverpb.KV/Put", "put", next)) as Box<dyn Caller>
    };
    (0..count).map(caller).collect()
}
