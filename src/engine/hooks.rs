//! Messages of vendors that something changed there: they ring for a scan and are no state.
//!
//! Of many messages few are passed on: for each company one at once, and what comes within a second
//! together at its end, so that the last change is never missed. What waits for that is lost when
//! the process dies; the next message, or the next scan, makes up for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Engine, Error};
use crate::domain::{CompanyId, Scope, VendorKind};
use crate::vendors::upso::{ApiKey, Signature};

/// How often messages of a company are passed on at the most.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the database is waited for: whoever sends a message waits for 5 s.
const PATIENCE: Duration = Duration::from_secs(4);

/// The companies of which a message was passed on within the last second, and whether another one
/// came since.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    running: Mutex<HashMap<CompanyId, bool>>,
}

impl Hooks {
    /// Notes a message; tells whether it is to be passed on now.
    fn begins(&self, id: &CompanyId) -> bool {
        match self.running().entry(id.clone()) {
            Entry::Occupied(mut waiting) => {
                waiting.insert(true);
                false
            }
            Entry::Vacant(free) => {
                free.insert(false);
                true
            }
        }
    }

    /// Ends a second; tells whether a message came in it, for which another one begins.
    fn goes_on(&self, id: &CompanyId) -> bool {
        let mut running = self.running();
        let waits = running.get_mut(id).is_some_and(std::mem::take);
        if !waits {
            running.remove(id);
        }
        waits
    }

    fn running(&self) -> MutexGuard<'_, HashMap<CompanyId, bool>> {
        // A map that is left whole by every method.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Takes a message of the Upso account that a company is connected to; tells whether it is one. A
    /// company that there is not is answered as one whose account sends no messages.
    pub async fn upso_says(
        &self,
        company_id: Option<&CompanyId>,
        signature: &Signature,
        body: &[u8],
    ) -> Result<bool, Error> {
        let key = match company_id {
            Some(id) => self.upso_key(id).await?,
            None => None,
        };
        let secrets = key.as_ref().map_or(&[][..], |key| &key.webhook_secrets);
        let is_signed = signature.is_of(secrets, body);
        let Some(id) = company_id.filter(|_| is_signed) else { return Ok(false) };
        if self.hooks.begins(id) {
            // Begun before anything is waited for: whoever sent the message may go away.
            let (engine, of) = (self.clone(), id.clone());
            self.supervisor.spawn("messages", async move { engine.pass_on_each_second(of).await });
            self.pass_on(id).await?;
        }
        Ok(true)
    }

    /// Passes on what comes, once in a second, until nothing comes for one.
    async fn pass_on_each_second(&self, id: CompanyId) {
        let stopping = self.supervisor.stopping();
        loop {
            tokio::select! {
                // What came is passed on all the same.
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
            if !self.hooks.goes_on(&id) {
                return;
            }
            if let Err(error) = self.pass_on(&id).await {
                tracing::debug!(company_id = %id, %error, "a message of upso waits");
                if !stopping.is_cancelled() {
                    self.hooks.begins(&id);
                }
            }
        }
    }

    /// Asks for a scan of a company's Upso account.
    async fn pass_on(&self, id: &CompanyId) -> Result<(), Error> {
        let store = self.parts.store.clone().until(Some(Instant::now() + PATIENCE));
        let asked = store.ask_for_scan(&Scope::All, id, Some(VendorKind::Upso)).await?;
        // Where it was disconnected meanwhile, there is nothing to scan.
        for view in asked.unwrap_or_default() {
            self.parts.broker.ring(&view.at).await;
        }
        Ok(())
    }

    /// The key of the Upso account that a company is connected to.
    async fn upso_key(&self, id: &CompanyId) -> Result<Option<ApiKey>, Error> {
        let store = self.parts.store.clone().until(Some(Instant::now() + PATIENCE));
        let Some(sealed) = store.sealed_connection(id, VendorKind::Upso).await? else {
            return Ok(None);
        };
        match self.parts.vault.open(id, VendorKind::Upso, &sealed.sealed) {
            Ok(credential) => Ok(Some(ApiKey::parse(&credential))),
            Err(error) => {
                tracing::debug!(company_id = %id, %error, "the secrets of messages cannot be read");
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_messages_one_is_passed_on_at_once_and_one_at_the_end() {
        let (hooks, id) = (Hooks::default(), CompanyId::parse("acme").unwrap());
        let other = CompanyId::parse("other").unwrap();
        assert!(hooks.begins(&id));
        assert!((0..500).all(|_| !hooks.begins(&id)));
        assert!(hooks.begins(&other), "each company has a second of its own");
        assert!(hooks.goes_on(&id), "the last one is never missed");
        assert!(!hooks.begins(&id));
        assert!(hooks.goes_on(&id));
        assert!(!hooks.goes_on(&id) && !hooks.goes_on(&other));
        assert!(hooks.running().is_empty(), "nothing is kept");
        assert!(hooks.begins(&id));
    }
}
