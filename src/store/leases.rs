//! Who may talk to a vendor account, and since when nobody else.

use std::time::Duration;

use super::rows::{LeaseRow, Rows};
use super::{Backlog, Claimed, Doorbell, Error, Lease};
use crate::domain::{ConnectionStatus, Timestamp};

/// How long a gate may still be closed for a connection to be due: whoever claims it waits.
const GATE_SLACK: Duration = Duration::from_secs(1);

/// Takes the lease of a connection, if nobody holds it.
pub(super) async fn claim<R: Rows>(
    rows: &mut R,
    doorbell: Doorbell,
    holder: String,
    period: Duration,
) -> Result<Claimed, Error> {
    rows.lock(std::slice::from_ref(&doorbell.company_id)).await?;
    let now = rows.now().await?;
    let sealed = rows.connection(&doorbell).await?;
    let in_use =
        sealed.is_some_and(|sealed| sealed.connection.status == ConnectionStatus::Connected);
    let before = rows.lease(&doorbell).await?;
    if !in_use {
        return Ok(Claimed::Unused);
    }
    if let Some(before) = before.as_ref().filter(|before| before.is_held(now)) {
        return Ok(Claimed::Held(before.holder.clone()));
    }
    let epoch = before.as_ref().map_or(1, |before| before.epoch + 1);
    let taken_over = before.as_ref().is_some_and(|before| !before.released);
    let row = LeaseRow {
        holder: holder.clone(),
        epoch,
        expires_at: now.plus(period),
        released: false,
        window: before.as_ref().and_then(|before| before.window.clone()),
        gate: before.and_then(|before| before.gate),
    };
    rows.write_lease(&doorbell, &row).await?;
    Ok(Claimed::Taken(Lease { doorbell, holder, epoch, period, taken_over }))
}

/// Prolongs a lease.
pub(super) async fn renew<R: Rows>(
    rows: &mut R,
    lease: Lease,
    period: Duration,
) -> Result<Lease, Error> {
    let (row, now) = check_locked(rows, &lease).await?;
    rows.write_lease(&lease.doorbell, &LeaseRow { expires_at: now.plus(period), ..row }).await?;
    Ok(Lease { period, ..lease })
}

/// Gives a lease back.
pub(super) async fn release<R: Rows>(
    rows: &mut R,
    lease: Lease,
    window: Option<String>,
) -> Result<(), Error> {
    let (row, now) = check_locked(rows, &lease).await?;
    let window = window.or_else(|| row.window.clone());
    let row = LeaseRow { expires_at: now, released: true, window, ..row };
    rows.write_lease(&lease.doorbell, &row).await
}

/// Lists connections for which there may be something to do.
pub(super) async fn due<R: Rows>(
    rows: &mut R,
    limit: usize,
    scans: bool,
) -> Result<Vec<Doorbell>, Error> {
    let now = rows.now().await?;
    rows.due(now, now.plus(GATE_SLACK), scans, limit).await
}

/// Counts what is left to do.
pub(super) async fn backlog<R: Rows>(rows: &mut R) -> Result<Backlog, Error> {
    rows.backlog().await
}

/// Locks the company and checks a lease; answers its row and the database's time.
pub(super) async fn check_locked<R: Rows>(
    rows: &mut R,
    lease: &Lease,
) -> Result<(LeaseRow, Timestamp), Error> {
    rows.lock(std::slice::from_ref(&lease.doorbell.company_id)).await?;
    check(rows, lease).await
}

/// Checks that a lease is the present one and not over.
pub(super) async fn check<R: Rows>(
    rows: &mut R,
    lease: &Lease,
) -> Result<(LeaseRow, Timestamp), Error> {
    let now = rows.now().await?;
    let row = rows.lease(&lease.doorbell).await?.ok_or(Error::Fenced)?;
    if row.is_held(now) && row.epoch == lease.epoch && row.holder == lease.holder {
        Ok((row, now))
    } else {
        Err(Error::Fenced)
    }
}

/// Lets a connection be used at once, whatever closed it.
pub(super) async fn open_gate<R: Rows>(rows: &mut R, at: &Doorbell) -> Result<(), Error> {
    match rows.lease(at).await? {
        Some(row) if row.gate.is_some() => {
            rows.write_lease(at, &LeaseRow { gate: None, ..row }).await
        }
        _ => Ok(()),
    }
}
