//! Two services on one database.

use gomark::app::App;
use gomark::config::Checked;
use gomark_sdk::{Client, fields};

use crate::database::Fresh;
use crate::settings::settings;
use crate::world::BOUND;

pub(crate) struct Service {
    pub(crate) app: App,
    pub(crate) client: Client,
}

/// Starts two services; none without a server.
async fn two(fresh: &Fresh) -> Option<[Service; 2]> {
    if let Fresh::File(_) = fresh {
        eprintln!("SKIPPED: two services need a server");
        return None;
    }
    let settings = settings(fresh.database());
    Some([start(settings.clone()).await, start(settings).await])
}

pub(crate) async fn start(settings: Checked) -> Service {
    let app = App::start(settings).await.unwrap();
    let client = Client::builder(format!("http://{}", app.local_addr())).connect().await.unwrap();
    Service { app, client }
}

pub(crate) async fn stop(services: [Service; 2]) {
    for service in services {
        assert!(service.app.stop().await, "everything ends in time");
    }
}

#[tokio::test]
async fn what_one_service_answered_is_read_through_the_other() {
    let fresh = Fresh::make().await;
    let Some(services) = two(&fresh).await else { return };
    services[0].client.register_company("acme").await.unwrap();
    for number in 0..40 {
        let (writer, reader) = (&services[number % 2].client, &services[1 - number % 2].client);
        // Both know then what is the latest.
        for client in [writer, reader] {
            client.get_config("acme").await.unwrap();
        }
        let field = fields::text(format!("Number {number}"));
        let least = writer.add_field("acme", field).await.unwrap().revision;
        let read = reader.get_config("acme").min_revision(least).await.unwrap();
        assert_eq!((read.revision, read.fields.len()), (least, number + 1));
        let own = writer.get_config("acme").await.unwrap();
        assert_eq!((own.revision, own.fields.len()), (least, number + 1));
    }
    stop(services).await;
}

#[tokio::test]
async fn what_one_service_answered_is_found_by_the_other_in_a_while() {
    let fresh = Fresh::make().await;
    let Some(services) = two(&fresh).await else { return };
    let [one, other] = &services;
    one.client.register_company("acme").await.unwrap();
    assert_eq!(other.client.get_config("acme").await.unwrap().revision, 1);
    one.client.add_field("acme", fields::text("Size")).await.unwrap();
    let found = async {
        while other.client.get_config("acme").await.unwrap().revision < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, found).await.expect("it is found in time");
    stop(services).await;
}
