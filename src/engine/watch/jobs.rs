//! Following a job: its events.

use futures::Stream;
use futures::stream::try_unfold;

use super::Listener;
use crate::domain::{Caller, JobEvent, JobId, Refusal, Scope};
use crate::engine::{Engine, Error};
use crate::events::News;

/// How many events are read at a time.
const PAGE: usize = 64;

impl Engine {
    /// Follows a job from the event after `after_seq`: every event once, in order, to the last one
    /// of a terminal state. Fails with [`Error::ShuttingDown`] when the server goes away.
    pub async fn watch(
        &self,
        caller: &Caller,
        job_id: JobId,
        after_seq: i64,
    ) -> Result<impl Stream<Item = Result<JobEvent, Error>> + Send + use<>, Error> {
        let listener = Listener::new(self);
        self.job(caller, &job_id).await?;
        let watch = Watch {
            engine: self.clone(),
            scope: caller.scope.clone(),
            listener,
            job_id,
            last_seq: after_seq,
            read: Vec::new().into_iter(),
            ended: false,
        };
        Ok(try_unfold(watch, |mut watch| async move {
            Ok(watch.next().await?.map(|event| (event, watch)))
        }))
    }
}

struct Watch {
    engine: Engine,
    scope: Scope,
    listener: Listener,
    job_id: JobId,
    last_seq: i64,
    read: std::vec::IntoIter<JobEvent>,
    ended: bool,
}

impl Watch {
    async fn next(&mut self) -> Result<Option<JobEvent>, Error> {
        loop {
            if let Some(event) = self.read.next() {
                self.last_seq = event.seq;
                return Ok(Some(event));
            }
            if self.ended {
                return Ok(None);
            }
            let caught_up = self.load().await?;
            if caught_up
                && !self.ended
                && let Some(event) = self.wait().await?
            {
                return Ok(Some(event));
            }
        }
    }

    /// Reads what came after the last event; tells whether there was nothing.
    async fn load(&mut self) -> Result<bool, Error> {
        let store = &self.engine.parts.store;
        let found = store.events(&self.scope, &self.job_id, self.last_seq, PAGE).await?;
        let found = found.ok_or_else(|| Refusal::JobNotFound(self.job_id.to_string()))?;
        let reaches = found.events.last().map_or(self.last_seq, |event| event.seq);
        self.ended = found.state.is_terminal() && reaches >= found.last_seq;
        let nothing = found.events.is_empty();
        self.read = found.events.into_iter();
        Ok(nothing)
    }

    /// Waits until there may be something to read. An event that is the next one and does not end
    /// the job needs no reading.
    async fn wait(&mut self) -> Result<Option<JobEvent>, Error> {
        let last_seq = self.last_seq;
        let next = |news: &News| {
            let News::Job(event) = news else { return None };
            let is_new = event.job_id == self.job_id && event.seq > last_seq;
            is_new.then(|| follows(last_seq, event).then(|| event.clone()))
        };
        let event = self.listener.wait(next).await?.flatten();
        self.last_seq = event.as_ref().map_or(last_seq, |event| event.seq);
        Ok(event)
    }
}

fn follows(last_seq: i64, event: &JobEvent) -> bool {
    event.seq == last_seq + 1 && !event.state.is_terminal()
}
