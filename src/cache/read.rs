//! Reading what is not in memory: from the cache that processes share, or from the database.

use bytes::Bytes;
use tokio::time::Instant;

use super::{Configs, not_reached};
use crate::domain::{CompanyId, Config, Refusal, Revision, Scope};
use crate::store::Answer;
use crate::wire;

impl Configs {
    /// Reads the latest configuration, of `min` or later.
    pub(super) async fn read_latest(
        &self,
        id: &CompanyId,
        min: Revision,
        asked_at: Instant,
    ) -> Answer<Bytes> {
        let head = self.heads.get(id);
        let known = head.map_or(Revision::ZERO, |head| head.revision);
        let here = self.encoded.get(&(id.clone(), known));
        let candidate = match (head, here) {
            (Some(head), None) if known >= min && self.heads.is_current(&head, asked_at) => {
                // It had to make room, and is still the latest.
                match self.shared_at(id, known).await {
                    Some(bytes) => return Ok(Ok(bytes)),
                    None => None,
                }
            }
            (_, Some(bytes)) if known >= min => Some((known, bytes)),
            (_, here) => {
                let shared = self.shared_latest(id, known.max(min)).await;
                shared.or(here.map(|bytes| (known, bytes)))
            }
        };
        let Some((revision, bytes)) = candidate else { return self.read_config(id, min).await };
        // Who asks for a revision asks for no later one. Next time the database is asked.
        if min > known && revision >= min && self.heads.heard_of(id, revision) {
            return Ok(Ok(self.take(id, revision, bytes)));
        }
        match self.read_head(id).await? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(present) if present < min => return Ok(Err(not_reached(id, min, present))),
            Ok(present) if present == revision => return Ok(Ok(self.take(id, revision, bytes))),
            Ok(present) => {
                let mut here = self.encoded.get(&(id.clone(), present));
                if here.is_none() {
                    here = self.shared_at(id, present).await;
                }
                if let Some(bytes) = here {
                    return Ok(Ok(bytes));
                }
            }
        }
        self.read_config(id, min).await
    }

    /// Reads the configuration at a revision.
    pub(super) async fn read_at(&self, id: &CompanyId, revision: Revision) -> Answer<Bytes> {
        if let Some(bytes) = self.shared_at(id, revision).await {
            return Ok(Ok(bytes));
        }
        let config = self.config(id, Some(revision)).await?;
        Ok(config.map(|config| self.keep(&config)))
    }

    /// Asks the database what the latest revision is.
    pub(super) async fn read_head(&self, id: &CompanyId) -> Answer<Revision> {
        let known = self.heads.get(id);
        let reading = self.heads.begin(id);
        let Some(view) = self.store.company(&Scope::All, id).await? else {
            return Ok(Err(Refusal::CompanyNotFound(id.clone())));
        };
        let present = view.company.revision;
        self.heads.read(id, present, reading);
        if known.is_none_or(|known| known.revision < present) {
            self.tell_reached(id, present);
        }
        Ok(Ok(present))
    }

    /// Reads the latest configuration from the database.
    async fn read_config(&self, id: &CompanyId, min: Revision) -> Answer<Bytes> {
        let reading = self.heads.begin(id);
        let config = match self.config(id, None).await? {
            Ok(config) => config,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let bytes = self.keep(&config);
        self.heads.read(id, config.revision, reading);
        self.tell_reached(id, config.revision);
        Ok(match config.revision < min {
            true => Err(not_reached(id, min, config.revision)),
            false => Ok(bytes),
        })
    }

    async fn config(&self, id: &CompanyId, revision: Option<Revision>) -> Answer<Config> {
        // Without a shared cache nobody comes here because that was lost.
        let _place = match &self.shared {
            Some(_) => Some(self.gate.enter().await?),
            None => None,
        };
        self.store.config(&Scope::All, id, revision).await
    }

    async fn shared_at(&self, id: &CompanyId, revision: Revision) -> Option<Bytes> {
        let bytes = self.shared.as_ref()?.get(id, revision).await?;
        Some(self.take(id, revision, bytes))
    }

    /// Answers what the shared cache takes for the latest, of `least` or later.
    async fn shared_latest(&self, id: &CompanyId, least: Revision) -> Option<(Revision, Bytes)> {
        let (revision, bytes) = self.shared.as_ref()?.latest(id, least).await?;
        (revision >= least).then_some((revision, bytes))
    }

    pub(super) fn tell_reached(&self, id: &CompanyId, revision: Revision) {
        if let Some(shared) = &self.shared {
            shared.reached(id, revision);
        }
    }

    /// Keeps what the database answered, for all processes: but not what says more than its revision
    /// does, since that changes without another one.
    fn keep(&self, config: &Config) -> Bytes {
        let bytes = Bytes::from(wire::encode_config(config));
        if !config.migrating.is_empty() {
            return bytes;
        }
        let (id, revision) = (&config.company_id, config.revision);
        if let Some(shared) = &self.shared {
            shared.put(id, revision, bytes.clone());
        }
        self.take(id, revision, bytes)
    }

    /// Keeps what was read, for this process.
    fn take(&self, id: &CompanyId, revision: Revision, bytes: Bytes) -> Bytes {
        self.encoded.insert((id.clone(), revision), bytes.clone());
        bytes
    }
}
