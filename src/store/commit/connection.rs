//! What connecting and disconnecting mean for the jobs that there are.

use crate::domain::decide::{ConnectionWrite, not_connected};
use crate::domain::{ConnectionId, ConnectionStatus, JobEvent, Timestamp, VendorKind};
use crate::store::progress::{Ledger, Trigger, of_no_resource};
use crate::store::rows::{Head, Rows};
use crate::store::{Doorbell, Error, drift, leases};

/// What the change of a connection means beside the rows of its revision.
pub(super) struct Change {
    at: Doorbell,
    vendor: VendorKind,
    status: ConnectionStatus,
    /// Whether it was not in use before.
    fresh: bool,
    replaced: Option<ConnectionId>,
    /// All others of the vendor, where this one is in use now.
    others: Vec<ConnectionId>,
}

impl Change {
    /// Takes a connection over into what is known of its company.
    pub(super) fn of(head: &mut Head, write: &ConnectionWrite) -> Self {
        let connection = &write.connection;
        let connected = connection.status == ConnectionStatus::Connected;
        let before = head.in_use(connection.vendor).cloned();
        let replaced = before.clone().filter(|id| connected && *id != connection.id);
        for other in &mut head.connections {
            if Some(&other.id) == replaced.as_ref() {
                other.status = ConnectionStatus::Disconnected;
            }
        }
        head.connections.retain(|other| other.id != connection.id);
        let others =
            head.connections.iter().filter(|it| connected && it.vendor == connection.vendor);
        let others = others.map(|other| other.id.clone()).collect();
        head.connections.push(connection.clone());
        Self {
            at: Doorbell {
                company_id: head.company.id.clone(),
                connection_id: connection.id.clone(),
            },
            vendor: connection.vendor,
            status: connection.status,
            fresh: connected && before.as_ref() != Some(&connection.id),
            replaced,
            others,
        }
    }

    /// Returns the connection that is no longer in use because of this one.
    pub(super) fn replaced(&self) -> Option<ConnectionId> {
        self.replaced.clone()
    }

    /// Lets the open jobs of the vendor go on with it, or wait without it. Answers their events,
    /// and the connection if there is something to do at it now.
    pub(super) async fn carry_over<R: Rows>(
        &self,
        rows: &mut R,
        now: Timestamp,
    ) -> Result<(Vec<JobEvent>, Option<Doorbell>), Error> {
        let company_id = &self.at.company_id;
        let jobs = rows.open_jobs(company_id, self.vendor, usize::MAX).await?;
        let any = !jobs.is_empty();
        for connection_id in self.others.clone() {
            let company_id = company_id.clone();
            drift::disconnected(rows, &Doorbell { company_id, connection_id }).await?;
        }
        let mut ledger = Ledger::new(self.vendor, now, jobs, Vec::new());
        match self.status {
            ConnectionStatus::Connected => {
                // A connection that comes into use takes up everything, also what was refused or
                // cancelled there before; a new credential only ends the waits.
                rows.reset_syncs(&self.at, self.fresh).await?;
                leases::open_gate(rows, &self.at).await?;
                ledger.all(&Trigger::Connected, &format!("connected to {}", self.vendor));
            }
            ConnectionStatus::Disconnected => {
                let problem = not_connected(self.vendor);
                let message = problem.message.clone();
                ledger.all(&Trigger::HeldUp(of_no_resource(problem), None), &message);
            }
        }
        let progress = ledger.close();
        rows.write_progress(company_id, &progress).await?;
        let ring = any && self.status == ConnectionStatus::Connected;
        Ok((progress.told(), ring.then(|| self.at.clone())))
    }
}
