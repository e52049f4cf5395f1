//! Reads of companies with a long history: they should cost what they answer, not what there was.

use ::bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use gomark::bench::{Arm, Caller, field};
use gomark_sdk::Client;
use gomark_sdk::v1::{Field, GetConfigRequest, ListAuditRequest, RollbackRequest};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::transport::Channel;

use crate::Outcome;
use crate::bytes::{BytesCaller, channels};
use crate::process::Server;
use crate::sections::{GET_CONFIG, House, header};

/// Fields of each company.
const FIELDS: i64 = 20;
/// Changes under way while a history is made.
const AT_ONCE: usize = 64;

const LIST_AUDIT: &str = "/gomark.v1.ConfigService/ListAudit";
const ROLLBACK: &str = "/gomark.v1.ConfigService/Rollback";

type Request = Box<dyn Fn(&str, i64) -> Vec<u8>>;

/// Makes companies of several ages in one database and reads them in turn, with one client.
pub(crate) async fn measure(house: &House) -> Outcome<Value> {
    let folder = tempfile::tempdir()?;
    let gomark = Server::gomark(folder.path()).await?;
    let client = house.target(&gomark, 1).connect().await?.remove(0);
    for revisions in &house.args.revisions {
        let company = company(*revisions);
        tokio::select! {
            made = make(&client, &company, *revisions) => made?,
            () = house.stop.cancelled() => return Ok(Value::Null),
        }
    }
    let channel = channels(&gomark.endpoint(), 1).await?.remove(0);
    let list = |newest_first| -> Request {
        Box::new(move |company: &str, _| {
            let company_id = company.to_owned();
            ListAuditRequest { company_id, newest_first, ..Default::default() }.encode_to_vec()
        })
    };
    let config = |at: fn(i64) -> i64| -> Request {
        Box::new(move |company: &str, revisions| {
            let (company_id, revision) = (company.to_owned(), at(revisions));
            GetConfigRequest { company_id, revision, ..Default::default() }.encode_to_vec()
        })
    };
    // Configurations are kept in memory once they were read; this reads them from the database.
    let rollback: Request = Box::new(|company: &str, revisions| {
        let (company_id, to_revision) = (company.to_owned(), revisions / 2);
        let validate_only = true;
        let request =
            RollbackRequest { company_id, to_revision, validate_only, ..Default::default() };
        request.encode_to_vec()
    });
    let reads = [
        ("ListAudit, first page of the oldest", LIST_AUDIT, list(false)),
        ("ListAudit, first page of the newest", LIST_AUDIT, list(true)),
        ("GetConfig, the latest", GET_CONFIG, config(|_| 0)),
        ("GetConfig, half way back", GET_CONFIG, config(|revisions| revisions / 2)),
        ("Rollback half way back, checked only", ROLLBACK, rollback),
    ];
    let mut found = Vec::new();
    for (name, method, request) in &reads {
        println!("\n## {name}, by revisions\n");
        header();
        let mut arms: Vec<Box<dyn Arm>> = Vec::new();
        // The longest history first: its ratios to the others are shown.
        for revisions in house.args.revisions.iter().rev() {
            let request = request(&company(*revisions), *revisions);
            let caller = caller(&channel, method, request);
            arms.push(house.callers(format!("{revisions} revisions"), vec![caller], &gomark));
        }
        let compared = house.compare(&mut arms).await?;
        let shown = house.show(name, 1, &compared, 1);
        found.push(json!({ "read": name, "found": shown }));
    }
    gomark.end().await?;
    Ok(found.into())
}

fn company(revisions: i64) -> String {
    format!("history-{revisions}")
}

fn caller(channel: &Channel, method: &'static str, request: Vec<u8>) -> Box<dyn Caller> {
    let request = Bytes::from(request);
    Box::new(BytesCaller::new(channel.clone(), method, "history", move || request.clone()))
}

/// Registers a company, adds its fields and changes them until it has so many revisions.
async fn make(client: &Client, company: &str, revisions: i64) -> Outcome<()> {
    client.register_company(company).await?;
    for number in 0..FIELDS {
        client.add_field(company, field(number.unsigned_abs())).await?;
    }
    let changes = stream::iter(FIELDS + 1..revisions).map(Ok::<_, gomark_sdk::Error>);
    let changed = changes.try_for_each_concurrent(AT_ONCE, |number| async move {
        let changed = Field { label: format!("Changed {number}"), ..Field::default() };
        let name = format!("bench_{}", number % FIELDS);
        client.modify_field(company, name, changed).await?;
        Ok(())
    });
    changed.await?;
    let reached = client.get_company(company).await?.revision;
    match reached == revisions {
        true => Ok(()),
        false => Err(format!("{company} is at revision {reached} instead").into()),
    }
}
