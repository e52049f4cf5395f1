//! Connecting and disconnecting vendors.

use super::*;

fn with_fields() -> Ledger {
    let mut ledger = Ledger::registered();
    for intent in [add("a", "A"), add("b", "B"), add("gone", "Gone"), remove("gone")] {
        ledger.change(intent);
    }
    ledger
}

#[test]
fn a_first_connection_is_named_after_its_revision() {
    let mut ledger = Ledger::registered();
    let writes = ledger.change(connect("1"));
    assert_eq!(writes.entry.action, Action::ConnectVendor);
    let write = writes.connection.expect("a connection");
    assert_eq!(write.sealed, [1, 2, 3]);
    let expected = Connection {
        id: crate::domain::ConnectionId::from_trusted("connection-2"),
        vendor: VendorKind::HubSpot,
        base_url: "https://api.example.com/".to_owned(),
        account_id: "1".to_owned(),
        burst_per_10s: 100,
        reserve_percent: 0,
        status: ConnectionStatus::Connected,
        credential_id: "credential-a".to_owned(),
    };
    assert_eq!(write.connection, expected);
    let after = Some(expected.clone());
    assert_eq!(writes.entry.changes, [Change::Connection { id: expected.id, before: None, after }]);
    assert!(writes.parts.is_empty(), "there is nothing to do");
}

#[test]
fn what_was_decided_before_is_brought_to_a_new_connection() {
    let mut ledger = with_fields();
    let writes = ledger.change(connect("1"));
    assert_eq!(items(&writes), ["field-2", "field-3"], "and not what was removed");
    assert_eq!(writes.parts[0].state, JobState::Queued);
    assert!(writes.touched.iter().all(|tracked| tracked.sync == Sync::default()));
}

#[test]
fn connecting_the_same_again_changes_nothing() {
    let mut ledger = with_fields();
    ledger.change(connect("1"));
    ledger.same(connect("1"));
    let sealed_anew = NewConnection { sealed: vec![9], ..account("1") };
    ledger.same(Intent::ConnectVendor(sealed_anew));
}

#[test]
fn another_credential_keeps_the_connection_and_what_is_confirmed_there() {
    let mut ledger = with_fields();
    ledger.change(connect("1"));
    ledger.set_sync("field-2", confirmed(6));
    let mut parked = Sync::default();
    parked.cancel(rev(3));
    let id = ledger.connected().expect("connected").id.clone();
    for (sync, expected) in [(Sync::default(), vec!["field-3"]), (parked, Vec::new())] {
        let mut ledger = ledger.clone();
        ledger.set_sync("field-3", sync);
        ledger.set_sync("field-4", confirmed(6));
        let credential_id = "credential-b".to_owned();
        let other = NewConnection { credential_id, sealed: vec![9], ..account("1") };
        let writes = ledger.change(Intent::ConnectVendor(other));
        let write = writes.connection.as_ref().expect("a connection");
        assert_eq!((&write.connection.id, write.sealed.as_slice()), (&id, &[9][..]));
        assert_eq!(items(&writes), expected);
        assert_eq!(writes.entry.changes.len(), 1);
    }
}

#[test]
fn another_rate_keeps_the_connection() {
    let mut ledger = Ledger::registered();
    ledger.change(connect("1"));
    let faster = NewConnection { burst_per_10s: 190, ..account("1") };
    let writes = ledger.change(Intent::ConnectVendor(faster));
    let connection = writes.connection.expect("a connection").connection;
    assert_eq!((connection.id.as_str(), connection.burst_per_10s), ("connection-2", 190));
}

#[test]
fn another_account_is_another_connection_with_nothing_confirmed() {
    let mut ledger = with_fields();
    ledger.change(connect("1"));
    ledger.set_sync("field-2", confirmed(6));
    ledger.set_sync("field-3", confirmed(6));
    let moved = NewConnection { base_url: "https://other.example.com/".to_owned(), ..account("1") };
    for new in [account("2"), moved] {
        let mut ledger = ledger.clone();
        let old = ledger.connected().expect("connected").clone();
        let writes = ledger.change(Intent::ConnectVendor(new));
        assert_eq!(items(&writes), ["field-2", "field-3"]);
        assert!(writes.touched.iter().all(|tracked| tracked.sync == Sync::default()));
        let new = ledger.connected().expect("connected").clone();
        assert_eq!(new.id.as_str(), "connection-7");
        let ended = Connection { status: ConnectionStatus::Disconnected, ..old.clone() };
        let expected = [
            Change::Connection { id: old.id.clone(), before: Some(old), after: Some(ended) },
            Change::Connection { id: new.id.clone(), before: None, after: Some(new) },
        ];
        assert_eq!(writes.entry.changes, expected);
    }
}

#[test]
fn an_account_that_was_connected_before_keeps_its_connection() {
    let mut ledger = with_fields();
    ledger.change(connect("1"));
    ledger.change(connect("2"));
    ledger.change(connect("1"));
    assert_eq!(ledger.connected().expect("connected").id.as_str(), "connection-6");
    ledger.change(DISCONNECT);
    let writes = ledger.change(connect("1"));
    assert_eq!(ledger.connected().expect("connected").id.as_str(), "connection-6");
    assert_eq!(items(&writes), ["field-2", "field-3"]);
    let Some(Change::Connection { before, .. }) = writes.entry.changes.first() else {
        panic!("no connection was changed")
    };
    let status = before.as_ref().map(|before| before.status);
    assert_eq!(status, Some(ConnectionStatus::Disconnected));
}

#[test]
fn an_account_belongs_to_one_company() {
    let ledger = Ledger::registered();
    let intent = connect("1");
    let situation = Situation { account_taken: true, ..ledger.situation(&intent) };
    let refusal = decide(&situation, &mutation(intent)).map(|_| ());
    assert_eq!(refusal, Err(Refusal::AccountTaken(VendorKind::HubSpot)));
}

#[test]
fn disconnecting_forgets_the_credential_and_leaves_the_vendor_alone() {
    let mut ledger = with_fields();
    ledger.change(connect("1"));
    let before = ledger.connected().expect("connected").clone();
    let writes = ledger.change(DISCONNECT);
    assert_eq!(writes.entry.action, Action::DisconnectVendor);
    assert!(writes.parts.is_empty() && writes.versions.is_empty() && writes.touched.is_empty());
    let write = writes.connection.expect("a connection");
    assert!(write.sealed.is_empty());
    let ended = Connection { status: ConnectionStatus::Disconnected, ..before.clone() };
    assert_eq!(write.connection, ended);
    let change =
        Change::Connection { id: before.id.clone(), before: Some(before), after: Some(ended) };
    assert_eq!(writes.entry.changes, [change]);
    assert!(ledger.connected().is_none());
}

#[test]
fn what_is_not_connected_cannot_be_disconnected() {
    let mut ledger = Ledger::registered();
    let (company_id, vendor) = (company_id(), VendorKind::HubSpot);
    let refusal = Refusal::NotConnected { company_id, vendor };
    assert_eq!(ledger.refusal(DISCONNECT), refusal);
    ledger.change(connect("1"));
    ledger.change(DISCONNECT);
    assert_eq!(ledger.refusal(DISCONNECT), refusal);
}
