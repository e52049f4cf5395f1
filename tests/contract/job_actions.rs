//! What is done to jobs: RPCs that take a `job_id` and a `request_id`.

use gomark_sdk::v1::JobEvent;
use gomark_sdk::{Code, Error, is_terminal};
use prost_reflect::Value;

use crate::calls::{Rpc, job_id, text};
use crate::cases::{Target, case};
use crate::refusals::refused;
use crate::world::World;

fn actions() -> Vec<Rpc> {
    Rpc::all().into_iter().filter(Rpc::is_job_action).collect()
}

/// Acts, and answers the job's id.
async fn act(
    world: &World,
    rpc: &Rpc,
    request: &[u8],
    fields: &[(&str, Value)],
) -> Result<String, Box<Error>> {
    let answer = world.wire.send(&rpc.name(), rpc.with(request, fields)).await?;
    Ok(job_id(&rpc.read(answer)))
}

/// All events of a job, which is cancelled for that if it goes on.
async fn events(world: &World, job: &str) -> Vec<JobEvent> {
    if !is_terminal(world.client.get_job(job).await.unwrap().state()) {
        world.client.cancel_job(job).await.unwrap();
    }
    let mut watch = world.client.job(job).watch(0);
    let mut events = Vec::new();
    while let Some(event) = watch.next().await {
        events.push(event.unwrap());
    }
    events
}

#[tokio::test]
async fn a_request_id_stands_for_one_action() {
    let world = World::start().await;
    for rpc in actions() {
        let name = rpc.name();
        let target = case(&name).target(&world, "act").await;
        let request = (case(&name).valid)(&target);
        let fields = |why: &str| [("request_id", text("a-1")), ("reason", text(why))];
        let job = act(&world, &rpc, &request, &fields("as told")).await.unwrap();
        let before = world.state(&target.company).await;

        assert_eq!(act(&world, &rpc, &request, &fields("as told")).await.unwrap(), job, "{name}");
        let other = act(&world, &rpc, &request, &fields("for another reason")).await;
        is_reused(other);
        for other in actions().into_iter().filter(|other| other.name() != name) {
            let request = rpc.with(&request, &fields("as told"));
            let answer = world.wire.send(&other.name(), request).await;
            is_reused(answer.map(|_| String::new()));
        }
        // Without the id it is another action, for which the job is no longer in the right state.
        let error = act(&world, &rpc, &request, &[]).await;
        let error = refused(error, Code::FailedPrecondition, "JOB_STATE");
        assert!(error.metadata().contains_key("state"), "{name}");
        assert_eq!(world.state(&target.company).await, before, "{name}");

        let events = events(&world, &job).await;
        let mut told = events.iter().filter(|event| event.request_id == "a-1");
        let event = told.next().unwrap();
        assert!(told.next().is_none(), "{name}: {events:?}");
        assert_eq!((event.actor.as_str(), event.reason.as_str()), ("local", "as told"), "{name}");
        let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..).take(seqs.len()).collect::<Vec<_>>(), "{name}");
    }
    assert!(world.stop().await);
}

fn is_reused(answer: Result<String, Box<Error>>) {
    let error = refused(answer, Code::InvalidArgument, "REQUEST_ID_REUSED");
    assert_eq!(error.field_violations()[0].field, "request_id");
}

#[tokio::test]
async fn an_action_is_no_revision() {
    let world = World::start().await;
    for rpc in actions() {
        let name = rpc.name();
        let target = case(&name).target(&world, "norev").await;
        let before = world.state(&target.company).await.unwrap();
        act(&world, &rpc, &(case(&name).valid)(&target), &[]).await.unwrap();
        let after = world.state(&target.company).await.unwrap();
        assert_eq!((after.company, after.entries), (before.company, before.entries), "{name}");
        assert_ne!(after.jobs, before.jobs, "{name}");
    }
    assert!(world.stop().await);
}

#[tokio::test]
async fn jobs_that_never_were_are_not_found() {
    let world = World::start().await;
    let company = "acme";
    let known = Target::prepare(&world, crate::cases::Stage::Registered, company).await;
    let before = world.state(company).await;
    let never = [
        "acme.1",
        "acme.4",
        "acme.99",
        "acme.0",
        "acme.-2",
        "acme.02",
        "acme.+2",
        "acme.2.2",
        "acme",
        "acme.",
        ".2",
        "ACME.2",
        "nobody.2",
        "2",
        " acme.2",
        "acme.2 ",
        "acme.9223372036854775808",
        "ä",
        "a\nb",
    ];
    let jobs = ["GetJob", "CancelJob", "RetryJob", "WatchJob"];
    for rpc in Rpc::all().into_iter().filter(|rpc| jobs.iter().any(|j| rpc.name().ends_with(j))) {
        for id in never {
            let request = (case(&rpc.name()).valid)(&known);
            let request = rpc.with(&request, &[("job_id", text(id))]);
            let answer = world.wire.send(&rpc.name(), request).await;
            let error = refused(answer, Code::NotFound, "JOB_NOT_FOUND");
            let job = error.resource().unwrap();
            assert_eq!((job.kind.as_str(), job.name.as_str()), ("job", id), "{}", rpc.name());
        }
    }
    assert_eq!(world.state(company).await, before);
    assert!(world.stop().await);
}
