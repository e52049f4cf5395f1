//! Connecting and disconnecting vendors.

use super::versions::part;
use super::{ConnectionWrite, Context, Decision, Writes};
use crate::domain::{
    Action, Change, Connection, ConnectionId, ConnectionStatus, NewConnection, Refusal, Sync,
    Tracked, VendorKind, Version,
};

pub(super) fn connect(context: &Context<'_>, new: &NewConnection) -> Result<Decision, Refusal> {
    if context.situation.account_taken {
        return Err(Refusal::AccountTaken(new.vendor));
    }
    // The same account keeps its connection, and with it what is known to be confirmed there.
    let known = context.situation.connections.iter().find(|connection| {
        connection.vendor == new.vendor
            && connection.account_id == new.account_id
            && connection.base_url == new.base_url
    });
    let id = known.map_or_else(
        || ConnectionId::from_trusted(format!("connection-{}", context.revision())),
        |connection| connection.id.clone(),
    );
    let connection = Connection {
        id: id.clone(),
        vendor: new.vendor,
        base_url: new.base_url.clone(),
        account_id: new.account_id.clone(),
        burst_per_10s: new.burst_per_10s,
        reserve_percent: new.reserve_percent,
        status: ConnectionStatus::Connected,
        credential_id: new.credential_id.clone(),
    };
    if known == Some(&connection) {
        return Ok(context.unchanged());
    }
    // The connection in use before, if it is another one, ends with this revision; its row is
    // closed by the store, which allows one in use per vendor.
    let replaced = context.connection(new.vendor).filter(|old| old.id != id);
    let mut changes: Vec<_> = replaced.map(ended).into_iter().collect();
    changes.push(Change::Connection {
        id,
        before: known.cloned(),
        after: Some(connection.clone()),
    });
    // What is tracked for the connection in use says nothing about another one: there all that is
    // decided is still to be confirmed.
    let confirmed_here = known.is_some_and(|known| known.status == ConnectionStatus::Connected);
    let unconfirmed = context.situation.latest.iter().filter(|tracked| {
        let wanted = tracked.version.resource.is_some();
        let behind = tracked.sync.applied_rev < tracked.version.from_rev;
        let parked = tracked.sync.is_parked_at(tracked.version.from_rev);
        tracked.version.kind.vendor() == new.vendor
            && if confirmed_here { behind && !parked } else { wanted }
    });
    let touched: Vec<_> = unconfirmed
        .map(|tracked| Tracked {
            version: tracked.version.clone(),
            sync: if confirmed_here { tracked.sync.clone() } else { Sync::default() },
            fill: None,
        })
        .collect();
    let versions: Vec<&Version> = touched.iter().map(|tracked| &tracked.version).collect();
    let parts =
        part(new.vendor, Some(connection.clone()), &versions, Vec::new()).into_iter().collect();
    Ok(Decision::Change(Box::new(Writes {
        entry: context.entry(Action::ConnectVendor, changes),
        display_name: None,
        versions: Vec::new(),
        connection: Some(ConnectionWrite { connection, sealed: new.sealed.clone() }),
        parts,
        touched,
        drift: super::DriftWrites::default(),
    })))
}

pub(super) fn disconnect(context: &Context<'_>, vendor: VendorKind) -> Result<Decision, Refusal> {
    let Some(connection) = context.connection(vendor) else {
        let company_id = context.company_id().clone();
        return Err(Refusal::NotConnected { company_id, vendor });
    };
    let change = ended(connection);
    let connection = Connection { status: ConnectionStatus::Disconnected, ..connection.clone() };
    Ok(Decision::Change(Box::new(Writes {
        entry: context.entry(Action::DisconnectVendor, vec![change]),
        display_name: None,
        versions: Vec::new(),
        connection: Some(ConnectionWrite { connection, sealed: Vec::new() }),
        parts: Vec::new(),
        touched: Vec::new(),
        drift: super::DriftWrites::default(),
    })))
}

fn ended(connection: &Connection) -> Change {
    let after = Connection { status: ConnectionStatus::Disconnected, ..connection.clone() };
    Change::Connection {
        id: connection.id.clone(),
        before: Some(connection.clone()),
        after: Some(after),
    }
}
