//! Registers a company, connects its HubSpot portal, adds a field, follows it, reads the audit log
//! and goes back.
//!
//! `GOMARK_ENDPOINT` (default `http://127.0.0.1:50051`) and `GOMARK_TOKEN` say where GoMark is;
//! `HUBSPOT_ACCESS_TOKEN` and `HUBSPOT_BASE_URL` where HubSpot is. Without an access token the job
//! of the field waits for a connection, and so nothing is waited for here.

use std::env;

use gomark_sdk::v1::ErrorReason;
use gomark_sdk::{Client, Error, Result, fields};

#[tokio::main]
async fn main() -> Result<()> {
    let client = connect().await?;

    match client.register_company("acme").display_name("Acme").await {
        Ok(change) => println!("registered acme at revision {}", change.revision),
        Err(error) if error.reason() == Some(ErrorReason::CompanyExists) => {
            println!("acme is registered already");
        }
        Err(error) => return Err(error),
    }

    let access_token = env::var("HUBSPOT_ACCESS_TOKEN").ok();
    if let Some(access_token) = &access_token {
        let base_url = env::var("HUBSPOT_BASE_URL").unwrap_or_default();
        let change = client.connect_hubspot("acme", access_token).base_url(base_url).await?;
        println!("connected at revision {}", change.revision);
    }

    let before = client.get_company("acme").await?.revision;
    let field = fields::select("Priority", [("High", "high"), ("Low", "low")]);
    let change = match client.add_field("acme", field).reason("the quickstart").await {
        Err(error) if error.reason() == Some(ErrorReason::FieldExists) => {
            println!("the field is there already: roll it back or remove it, and come again");
            return Ok(());
        }
        other => other?,
    };
    println!("decided at revision {}", change.revision);

    if let (Some(job), Some(_)) = (&change.job, &access_token) {
        let done = job
            .wait_with(|event| {
                println!("  {}/{} {} {}", event.done, event.total, event.unit, event.message);
            })
            .await;
        match done {
            Ok(job) => println!("carried out: {}", job.state().as_str_name()),
            Err(Error::JobFailed { job }) => println!("HubSpot refused it: {:?}", job.error),
            Err(error) => return Err(error),
        }
    }

    let config = client.get_config("acme").min_revision(change.revision).await?;
    println!("{} fields at revision {}", config.fields.len(), config.revision);

    let mut audit = client.list_audit("acme").newest_first();
    while let Some(entry) = audit.next().await.transpose()? {
        let action = entry.action().as_str_name();
        println!("  {:>4} {action} by {} ({})", entry.revision, entry.actor, entry.reason);
    }

    let back = client.rollback("acme", before).reason("the quickstart is over").await?;
    println!("back at what revision {before} held, as revision {}", back.revision);
    Ok(())
}

async fn connect() -> Result<Client> {
    let endpoint =
        env::var("GOMARK_ENDPOINT").unwrap_or_else(|_| "http://127.0.0.1:50051".to_owned());
    let mut builder = Client::builder(endpoint);
    if let Ok(token) = env::var("GOMARK_TOKEN") {
        builder = builder.token(token);
    }
    builder.connect().await
}
