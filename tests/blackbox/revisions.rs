//! Following a company: every revision once, in order, whatever happens to the service.

use std::collections::HashSet;

use futures::future::join_all;
use gomark::auth::{Policy, Tokens};
use gomark_sdk::v1::AuditEntry;
use gomark_sdk::{Client, Code, Revisions, cadences, fields};

use crate::world::{BOUND, World};

/// The next few entries of a watch.
async fn next(watch: &mut Revisions, count: usize) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    while entries.len() < count {
        let entry = tokio::time::timeout(BOUND, watch.next()).await.expect("an entry in time");
        entries.push(entry.expect("a company has no end").unwrap());
    }
    entries
}

async fn log(client: &Client) -> Vec<AuditEntry> {
    client.list_audit("acme").all().await.unwrap()
}

fn numbers(entries: &[AuditEntry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.revision).collect()
}

/// Changes acme as often, many times at once.
async fn change(client: &Client, name: &str, count: usize) {
    let add = |number| client.add_field("acme", fields::text(format!("{name} {number}")));
    for change in join_all((0..count).map(|number| add(number).into_future())).await {
        change.unwrap();
    }
}

#[tokio::test]
async fn what_was_decided_and_what_will_be_is_told_as_the_log_has_it() {
    let world = World::start().await;
    let client = &world.client;
    client.register_company("acme").await.unwrap();
    client.add_field("acme", fields::text("Tier")).reason("asked for").await.unwrap();
    let trial = cadences::cadence("Trial", [cadences::email("Hello", "Text")]);
    client.add_cadence("acme", trial).await.unwrap();
    let mut all = client.watch_config("acme", 0);
    let mut rest = client.watch_config("acme", 2);
    let past = next(&mut all, 3).await;
    assert_eq!(next(&mut rest, 1).await, past[2..]);

    client.modify_cadence("acme", "trial").delay_hours(48).await.unwrap();
    client.remove_field("acme", "tier").await.unwrap();
    client.rollback("acme", 3).await.unwrap();
    let to_come = next(&mut all, 3).await;
    assert_eq!(next(&mut rest, 3).await, to_come);
    assert_eq!([past, to_come].concat(), log(client).await);
    assert_eq!((all.last_revision(), rest.last_revision()), (6, 6));
    world.stop().await;
}

#[tokio::test]
async fn a_watch_outlives_the_service_and_goes_on_without_gap_or_repetition() {
    let mut world = World::start().await;
    world.client.register_company("acme").await.unwrap();
    change(&world.client, "Before", 3).await;
    let mut one = world.client.watch_config("acme", 0);
    let mut other = world.client.watch_config("acme", 2);
    let (mut by_one, mut by_other) = (next(&mut one, 4).await, next(&mut other, 2).await);
    for round in 0..2 {
        // Revisions that nobody has read yet when the service ends, and others after it began again.
        change(&world.client, &format!("Round {round}"), 5).await;
        by_one.extend(next(&mut one, 2).await);
        world.restart_in_place().await;
        change(&world.client, &format!("After {round}"), 5).await;
        by_one.extend(next(&mut one, 8).await);
        by_other.extend(next(&mut other, 10).await);
    }
    let log = log(&world.client).await;
    assert_eq!(numbers(&log), (1..=24).collect::<Vec<_>>());
    assert_eq!(by_one, log);
    assert_eq!(by_other, log[2..]);
    world.stop().await;
}

#[tokio::test]
async fn a_slow_reader_misses_nothing_and_holds_nobody_up() {
    let world = World::start().await;
    let client = &world.client;
    client.register_company("acme").await.unwrap();
    let mut slow = client.watch_config("acme", 0);
    let mut quick = client.watch_config("acme", 0);
    assert_eq!(numbers(&next(&mut slow, 1).await), [1]);
    // More than the server reads at a time, and than fits on the way to somebody who does not read.
    let description = "\u{e9}".repeat(2_000);
    for number in 0..600 {
        let field = gomark_sdk::v1::Field {
            description: description.clone(),
            ..fields::text(format!("Field {number}"))
        };
        client.add_field("acme", field).await.unwrap();
        if number % 100 == 99 {
            let read = next(&mut quick, if number == 99 { 101 } else { 100 }).await;
            assert_eq!(read.last().unwrap().revision, number + 2);
        }
    }
    let entries = next(&mut slow, 600).await;
    assert_eq!(numbers(&entries), (2..=601).collect::<Vec<_>>());
    world.stop().await;
}

#[tokio::test]
async fn a_watch_is_of_one_company_that_the_caller_may_see() {
    let tokens = "[[caller]]\nactor = \"ada\"\ncompanies = [\"acme\", \"other\"]\n\
                  token = \"the-token-of-ada-00000\"\n\
                  [[caller]]\nactor = \"eve\"\ncompanies = [\"of-eve\"]\n\
                  token = \"the-token-of-eve-00000\"\n";
    let tokens = Tokens::parse(tokens).unwrap();
    let world = World::with(|settings| settings.auth = Policy::Tokens(tokens)).await;
    let ada = world.client_of("the-token-of-ada-00000").await;
    for company in ["acme", "other"] {
        ada.register_company(company).await.unwrap();
    }
    let mut watch = ada.watch_config("acme", 0);
    assert_eq!(numbers(&next(&mut watch, 1).await), [1]);
    for number in 0..5 {
        ada.add_field("other", fields::text(format!("Field {number}"))).await.unwrap();
        ada.add_field("acme", fields::text(format!("Field {number}"))).await.unwrap();
    }
    let entries = next(&mut watch, 5).await;
    assert_eq!(entries, log(&ada).await[1..]);
    let actors: HashSet<_> = entries.iter().map(|entry| entry.actor.as_str()).collect();
    assert_eq!(actors, HashSet::from(["ada"]));

    let eve = world.client_of("the-token-of-eve-00000").await;
    for company in ["acme", "nobody"] {
        let error = eve.watch_config(company, 0).next().await.unwrap().unwrap_err();
        assert_eq!(error.code(), Some(Code::NotFound));
        assert_eq!(error.reason_str(), Some("COMPANY_NOT_FOUND"));
    }
    world.stop().await;
}
