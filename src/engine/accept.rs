//! Natural batching: mutations that arrive while a transaction is under way share the next one.
//!
//! One transaction at a time, no timer: alone, a mutation is committed at once; under load the
//! batches grow by themselves. What a caller does after asking cannot disturb it: the work belongs
//! to this task.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Error;
use crate::domain::{Mutation, Refusal};
use crate::store::{self, Committed, Store};
use crate::supervisor::Supervisor;

/// How many mutations share a transaction at most.
const BATCH_MAX: usize = 128;

type Reply = oneshot::Sender<Result<Committed, Error>>;

/// The way to the task that commits.
#[derive(Clone, Debug)]
pub(super) struct Accept {
    sender: mpsc::Sender<(Mutation, Reply)>,
}

impl Accept {
    pub(super) fn start(store: Arc<dyn Store>, queue_max: usize, supervisor: &Supervisor) -> Self {
        let (sender, receiver) = mpsc::channel(queue_max.max(1));
        let stopping = supervisor.stopping();
        supervisor.spawn("accept", async move {
            let mut committer = Committer { store, receiver };
            tokio::select! {
                () = stopping.cancelled() => committer.drain().await,
                () = committer.run() => {}
            }
        });
        Self { sender }
    }

    /// Hands a mutation over and waits for what comes of it.
    pub(super) async fn submit(&self, mutation: Mutation) -> Result<Committed, Error> {
        let (reply, answer) = oneshot::channel();
        self.sender.try_send((mutation, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::ShuttingDown,
        })?;
        answer.await.unwrap_or(Err(Error::ShuttingDown))
    }
}

struct Committer {
    store: Arc<dyn Store>,
    receiver: mpsc::Receiver<(Mutation, Reply)>,
}

impl Committer {
    async fn run(&mut self) {
        let mut waiting = Vec::new();
        while self.receiver.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            self.commit(std::mem::take(&mut waiting)).await;
        }
    }

    /// Takes no more, and finishes what is waiting.
    async fn drain(&mut self) {
        self.receiver.close();
        self.run().await;
    }

    async fn commit(&self, batch: Vec<(Mutation, Reply)>) {
        let (mutations, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        match self.store.commit(mutations.clone()).await {
            Ok(answers) => {
                for (answer, reply) in answers.into_iter().zip(replies) {
                    tell(reply, Ok(answer));
                }
            }
            Err(error) if mutations.len() == 1 => {
                for reply in replies {
                    tell(reply, Err(store::Error::Unavailable(error.to_string().into())));
                }
                tracing::error!(error = crate::telemetry::chain(&error), "a commit failed");
            }
            Err(error) => {
                // One of them may be what the database cannot do: none is to suffer for another.
                tracing::warn!(
                    error = crate::telemetry::chain(&error),
                    "a batch failed; its mutations are repeated alone"
                );
                for (mutation, reply) in mutations.into_iter().zip(replies) {
                    tell(reply, self.commit_alone(mutation).await);
                }
            }
        }
    }

    async fn commit_alone(
        &self,
        mutation: Mutation,
    ) -> Result<Result<Committed, Refusal>, store::Error> {
        let mut answers = self.store.commit(vec![mutation]).await?;
        let nothing = || store::Error::Corrupt("a commit gave no answer".to_owned());
        answers.pop().ok_or_else(nothing)
    }
}

fn tell(reply: Reply, answer: Result<Result<Committed, Refusal>, store::Error>) {
    let answer = match answer {
        Ok(Ok(committed)) => Ok(committed),
        Ok(Err(refusal)) => Err(Error::Refused(refusal)),
        Err(error) => Err(Error::Store(error)),
    };
    // A caller who left does not change what was decided.
    let _gone = reply.send(answer);
}
