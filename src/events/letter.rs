//! News as it goes from process to process.

use gomark_sdk::v1 as pb;
use prost::{Message, Oneof};
use uuid::Uuid;

use super::News;
use crate::domain::{CompanyId, Revision};

/// The version that is written. Readers pass over others.
const VERSION: u32 = 1;

/// News with where it came from.
#[derive(Clone, PartialEq, Message)]
struct Letter {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    origin: Vec<u8>,
    #[prost(oneof = "Content", tags = "3, 4")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    #[prost(message, tag = "3")]
    Job(pb::JobEvent),
    #[prost(message, tag = "4")]
    Reached(Reached),
}

#[derive(Clone, PartialEq, Message)]
struct Reached {
    #[prost(string, tag = "1")]
    company_id: String,
    #[prost(int64, tag = "2")]
    revision: i64,
}

pub(super) fn write(origin: Uuid, news: &News) -> Vec<u8> {
    let content = match news {
        News::Job(event) => Content::Job(event.into()),
        News::Revision(id, revision) => {
            Content::Reached(Reached { company_id: id.to_string(), revision: revision.get() })
        }
    };
    let origin = origin.as_bytes().to_vec();
    Letter { version: VERSION, origin, content: Some(content) }.encode_to_vec()
}

/// Reads news with its origin; `None` for what another version or somebody else wrote.
pub(super) fn read(bytes: &[u8]) -> Option<(Uuid, News)> {
    let letter = Letter::decode(bytes).ok().filter(|letter| letter.version == VERSION)?;
    let origin = Uuid::from_slice(&letter.origin).ok()?;
    let news = match letter.content? {
        Content::Job(event) => News::Job(event.try_into().ok()?),
        Content::Reached(reached) => {
            let company_id = CompanyId::parse(&reached.company_id).ok()?;
            News::Revision(company_id, Revision::new(reached.revision))
        }
    };
    Some((origin, news))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{job, reached};

    #[test]
    fn news_is_read_as_it_was_written() {
        let origin = Uuid::new_v4();
        for news in [job(7), reached(9)] {
            assert_eq!(read(&write(origin, &news)), Some((origin, news)));
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_passed_over() {
        let good = write(Uuid::new_v4(), &reached(9));
        let other = |change: fn(&mut Letter)| {
            let mut letter = Letter::decode(&*good).unwrap();
            change(&mut letter);
            letter.encode_to_vec()
        };
        let nobody = |company_id: &str| Reached { company_id: company_id.into(), revision: 1 };
        assert!(read(&other(|_| {})).is_some());
        for bad in [
            Vec::new(),
            b"something else".to_vec(),
            good[..good.len() - 1].to_vec(),
            other(|letter| letter.version += 1),
            other(|letter| letter.origin.clear()),
            other(|letter| letter.content = None),
            other(|letter| letter.content = Some(Content::Job(pb::JobEvent::default()))),
            Letter {
                content: Some(Content::Reached(nobody("No such company"))),
                ..Letter::decode(&*good).unwrap()
            }
            .encode_to_vec(),
        ] {
            assert_eq!(read(&bad), None, "{bad:?}");
        }
    }
}
