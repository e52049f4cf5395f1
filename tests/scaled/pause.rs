//! An executor that stands still for longer than its lease, and then goes on.

use gomark::supervisor::Supervisor;
use gomark_sdk::v1::{Field, JobState};
use gomark_sdk::{Client, fields};

use crate::MACHINE;
use crate::changes::BOUND;
use crate::changes::vendors::HubSpot;
use crate::fleet::{Common, Process};
use crate::logs;
use crate::schema::Schema;
use crate::wait::until;
use crate::way::Way;

const TOKEN: &str = "portal-of-acme";

fn label(label: &str) -> Field {
    Field { label: label.to_owned(), ..Field::default() }
}

async fn label_at(hubspot: &HubSpot, portal: &str) -> String {
    hubspot.properties_of(portal).await["tier"].label.clone()
}

/// It is stopped while a call of it is on the way, for so long that somebody else carries that change
/// out, and a newer one. Then the call arrives after all.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_executor_sent_before_a_pause_and_came_late_is_found_and_repaired() {
    let _machine = MACHINE.lock().await;
    let Some(schema) = Schema::make().await else { return };
    let supervisor = Supervisor::new();
    let hubspot = HubSpot::start(1, &supervisor).await;
    let portal = hubspot.portal(TOKEN).await;
    let way = Way::to(&hubspot.url, &supervisor).await;
    let folder = tempfile::tempdir().unwrap();
    let common = Common::new(&schema.url(), folder.path());
    let api = Process::start(&common, "api", 1);
    let paused = Process::start(&common, "executor", 1);
    api.is_ready().await;
    let client = Client::builder(api.url()).connect().await.unwrap();
    client.register_company("acme").await.unwrap();
    client.connect_hubspot("acme", TOKEN).base_url(&way.url).await.unwrap();
    let field = Field { name: "tier".to_owned(), ..fields::text("first") };
    let first = client.add_field("acme", field).await.unwrap();
    first.job.unwrap().wait().await.unwrap();

    way.hold_up();
    let late = client.modify_field("acme", "tier", label("late")).await.unwrap().job.unwrap();
    until(async || way.holds_something(), "a call is on the way").await;
    paused.pause().await;
    way.let_new_ones_pass();
    let other = Process::start(&common, "executor", 2);
    late.wait().await.unwrap();
    let right = client.modify_field("acme", "tier", label("right")).await.unwrap();
    right.job.unwrap().wait().await.unwrap();
    assert_eq!(label_at(&hubspot, &portal).await, "right");

    way.let_all_pass();
    let wrong = async || label_at(&hubspot, &portal).await == "late";
    until(wrong, "the call arrives").await;
    paused.resume().await;
    let repaired = async || label_at(&hubspot, &portal).await == "right";
    until(repaired, "the vendor comes to hold what was decided").await;

    let counts = logs::counts(folder.path());
    assert!(counts["sessions that lost their lease"] > 0, "{counts:?}");
    assert!(counts["late calls of a lost lease"] > 0, "{counts:?}");
    let config = client.get_config("acme").await.unwrap();
    assert_eq!((config.revision, config.fields[0].label.as_str()), (5, "right"));
    for job in client.list_jobs("acme").all().await.unwrap() {
        assert_eq!(job.state(), JobState::Succeeded, "{job:?}");
    }
    drop((paused, other, api));
    supervisor.shutdown(BOUND).await;
}
