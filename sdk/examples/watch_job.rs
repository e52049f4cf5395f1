//! Follows a job to its end: `watch_job JOB_ID [AFTER_SEQ]`.
//!
//! `GOMARK_ENDPOINT` (default `http://127.0.0.1:50051`) and `GOMARK_TOKEN` say where GoMark is.
//! The server may be restarted meanwhile: the events go on where they stopped.

use std::env;
use std::error::Error;

use gomark_sdk::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let job_id = arguments.next().ok_or("usage: watch_job JOB_ID [AFTER_SEQ]")?;
    let after_seq = arguments.next().map_or(Ok(0), |given| given.parse())?;

    let endpoint =
        env::var("GOMARK_ENDPOINT").unwrap_or_else(|_| "http://127.0.0.1:50051".to_owned());
    let mut builder = Client::builder(endpoint);
    if let Ok(token) = env::var("GOMARK_TOKEN") {
        builder = builder.token(token);
    }
    let job = builder.connect().await?.job(job_id);

    let mut events = job.watch(after_seq);
    while let Some(event) = events.next().await.transpose()? {
        let state = event.state().as_str_name();
        println!("{:>4} {state} {}/{} {}", event.seq, event.done, event.total, event.message);
    }
    let job = job.get().await?;
    println!("ended: {}", job.state().as_str_name());
    if let Some(error) = &job.error {
        println!("{}: {}", error.reason().as_str_name(), error.message);
    }
    Ok(())
}
