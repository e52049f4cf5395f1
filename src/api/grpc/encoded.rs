//! An answer that was encoded before.

use ::bytes::{Buf, BufMut, Bytes};
use prost::encoding::{DecodeContext, WireType};
use prost::{DecodeError, Message};

/// Takes the place of the response of a method in the server's trait: what goes over the wire is the
/// bytes as they are. They MUST be an encoded response of that method.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Encoded(pub(super) Bytes);

impl Message for Encoded {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        buffer.put_slice(&self.0);
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    /// Nothing decodes a response here: whatever comes is skipped, as a field that is not known.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        prost::encoding::skip_field(wire_type, tag, buffer, context)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use gomark_sdk::v1 as pb;

    use super::*;

    #[test]
    fn it_is_encoded_as_the_response_itself() {
        let field = pb::Field { name: "size".to_owned(), ..pb::Field::default() };
        let config = pb::Config { revision: 300, fields: vec![field; 9], ..pb::Config::default() };
        for config in [None, Some(config)] {
            let response = pb::GetConfigResponse { config };
            let encoded = Encoded(response.encode_to_vec().into());
            assert_eq!(encoded.encoded_len(), response.encoded_len());
            assert_eq!(encoded.encode_to_vec(), response.encode_to_vec());
            assert_eq!(
                encoded.encode_length_delimited_to_vec(),
                response.encode_length_delimited_to_vec()
            );
        }
    }
}
