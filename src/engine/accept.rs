//! Natural batching: mutations that arrive while a transaction is under way share the next one.
//!
//! One transaction at a time, no timer: alone, a mutation is committed at once; under load the
//! batches grow by themselves. What a caller does after asking cannot disturb it: the work belongs
//! to this task. A mutation whose caller has stopped waiting before its transaction begins is not
//! done; once that has begun, it is carried through whether anybody waits or not.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::cache::Configs;
use crate::domain::{Mutation, Refusal};
use crate::failpoint::{self, Boundary};
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
    pub(super) fn start(
        store: Arc<dyn Store>,
        configs: Arc<Configs>,
        queue_max: usize,
        supervisor: &Supervisor,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(queue_max.max(1));
        let stopping = supervisor.stopping();
        supervisor.spawn("accept", async move {
            Committer { store, configs, receiver }.run(stopping).await;
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
    configs: Arc<Configs>,
    receiver: mpsc::Receiver<(Mutation, Reply)>,
}

impl Committer {
    /// Commits what comes. Once the service stops it takes no more, and finishes what is under way
    /// and what is waiting.
    async fn run(mut self, stopping: CancellationToken) {
        let mut waiting = Vec::new();
        loop {
            tokio::select! {
                () = stopping.cancelled(), if !self.receiver.is_closed() => self.receiver.close(),
                taken = self.receiver.recv_many(&mut waiting, BATCH_MAX) => match taken {
                    0 => return,
                    _ => self.commit(std::mem::take(&mut waiting)).await,
                },
            }
        }
    }

    async fn commit(&self, batch: Vec<(Mutation, Reply)>) {
        let (mutations, replies): (Vec<_>, Vec<_>) = batch.into_iter().filter_map(in_time).unzip();
        if mutations.is_empty() {
            return;
        }
        match self.store(mutations.clone()).await {
            Ok(answers) => {
                failpoint::hit(Boundary::Accepted);
                for (answer, reply) in answers.into_iter().zip(replies) {
                    tell(reply, Ok(answer));
                }
            }
            Err(store::Error::InDoubt(error)) => {
                // Repeated, they might take effect twice; callers with a request id can tell.
                tracing::error!(
                    error = crate::telemetry::chain(&*error),
                    "whether a batch was committed is not known"
                );
                for reply in replies {
                    tell(reply, Err(store::Error::InDoubt(error.to_string().into())));
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

    /// Commits, and lets reads of this process see it before anybody is told.
    async fn store(
        &self,
        batch: Vec<Mutation>,
    ) -> Result<Vec<Result<Committed, Refusal>>, store::Error> {
        let companies: Vec<_> = batch.iter().map(|one| one.company_id.clone()).collect();
        let begun_at = Instant::now();
        let answers = self.store.commit(batch).await;
        self.configs.committed(&companies, &answers, begun_at);
        answers
    }

    async fn commit_alone(
        &self,
        mutation: Mutation,
    ) -> Result<Result<Committed, Refusal>, store::Error> {
        let mut answers = self.store(vec![mutation]).await?;
        let nothing = || store::Error::Corrupt("a commit gave no answer".to_owned());
        answers.pop().ok_or_else(nothing)
    }
}

/// Passes on a mutation whose caller still waits, and refuses any other.
fn in_time(asked: (Mutation, Reply)) -> Option<(Mutation, Reply)> {
    let deadline = asked.0.caller.deadline.map(Instant::from_std);
    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        let _gone = asked.1.send(Err(Error::Late));
        return None;
    }
    Some(asked)
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use gomark_sdk::v1 as pb;
    use prost::Message as _;

    use super::*;
    use crate::cache;
    use crate::domain::{CompanyId, Revision, Scope};
    use crate::store::hooked::{Hooked, rename};

    const BOUND: Duration = Duration::from_secs(20);

    fn configs(store: &Arc<Hooked>) -> Arc<Configs> {
        let settings = cache::Settings { bytes_max: 1 << 20, head_age_max: None };
        Arc::new(Configs::new(store.clone(), settings))
    }

    async fn revision(store: &Hooked) -> i64 {
        let id = CompanyId::parse("acme").unwrap();
        store.company(&Scope::All, &id).await.unwrap().unwrap().company.revision.get()
    }

    /// Commits two mutations as one batch.
    async fn commit_two(store: &Arc<Hooked>) -> Vec<Result<Committed, Error>> {
        let (_, receiver) = mpsc::channel(1);
        let committer = Committer { store: store.clone(), configs: configs(store), receiver };
        let (replies, answers): (Vec<_>, Vec<_>) =
            (0..2).map(|_| oneshot::channel::<Result<Committed, Error>>()).unzip();
        let mutations = [rename("one"), rename("two")];
        committer.commit(mutations.into_iter().zip(replies).collect()).await;
        let mut told = Vec::new();
        for answer in answers {
            told.push(answer.await.unwrap());
        }
        told
    }

    #[tokio::test]
    async fn what_may_have_been_committed_is_not_committed_again() {
        let (store, _folder) = Hooked::with_acme(&Supervisor::new()).await;
        store.answers_get_lost.store(true, Ordering::Relaxed);
        for answer in commit_two(&store).await {
            assert!(matches!(answer, Err(Error::Store(store::Error::InDoubt(_)))), "{answer:?}");
        }
        assert_eq!(revision(&store).await, 3);
    }

    #[tokio::test]
    async fn what_was_certainly_not_committed_is_repeated_alone() {
        let (store, _folder) = Hooked::with_acme(&Supervisor::new()).await;
        store.only_single_ones.store(true, Ordering::Relaxed);
        assert!(commit_two(&store).await.iter().all(Result::is_ok));
        assert_eq!(revision(&store).await, 3);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_begun() {
        let supervisor = Supervisor::new();
        let (store, _folder) = Hooked::with_acme(&supervisor).await;
        let accept = Accept::start(store.clone(), configs(&store), 8, &supervisor);
        let held_up = store.may_commit.acquire().await.unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        let mut late = rename("late");
        late.caller.deadline = Some(deadline.into_std());
        let asked = async {
            let first = accept.submit(rename("first"));
            let others = async {
                // The first one is under way when the others come, which wait behind it.
                while accept.sender.capacity() < accept.sender.max_capacity() {
                    tokio::task::yield_now().await;
                }
                tokio::join!(accept.submit(late), accept.submit(rename("patient")))
            };
            let (first, (late, patient)) = tokio::join!(biased; first, others);
            (first.unwrap(), late, patient.unwrap())
        };
        let (answers, ()) = tokio::join!(asked, async {
            tokio::time::sleep_until(deadline).await;
            drop(held_up);
        });
        let (first, late, patient) = answers;
        assert!(matches!(late, Err(Error::Late)), "{late:?}");
        assert_eq!((first.revision.get(), patient.revision.get()), (2, 3));
        assert_eq!(revision(&store).await, 3);
    }

    #[tokio::test]
    async fn a_commit_under_way_when_the_service_stops_is_answered() {
        let supervisor = Supervisor::new();
        let (store, _folder) = Hooked::with_acme(&supervisor).await;
        let accept = Accept::start(store.clone(), configs(&store), 1, &supervisor);
        let held_up = store.may_commit.acquire().await.unwrap();
        let (answer, ()) = tokio::join!(accept.submit(rename("one")), async {
            // The committer took it up: there is room again.
            drop(accept.sender.reserve().await.unwrap());
            let stopped = supervisor.shutdown(BOUND);
            tokio::pin!(stopped);
            assert!(futures::poll!(&mut stopped).is_pending());
            tokio::task::yield_now().await;
            drop(held_up);
            assert!(stopped.await, "everything ends in time");
        });
        assert_eq!(answer.unwrap().revision, Revision::new(2));
    }

    /// The revision that a cache answers to somebody who asks for the latest.
    async fn seen(configs: &Configs) -> i64 {
        let id = CompanyId::parse("acme").unwrap();
        let bytes = configs.latest(&Scope::All, &id, Revision::ZERO).await.unwrap().unwrap();
        pb::GetConfigResponse::decode(bytes).unwrap().config.unwrap().revision
    }

    #[tokio::test]
    async fn who_was_answered_reads_what_was_committed() {
        let supervisor = Supervisor::new();
        let (store, _folder) = Hooked::with_acme(&supervisor).await;
        let configs = configs(&store);
        let accept = Accept::start(store.clone(), configs.clone(), 8, &supervisor);
        assert_eq!(seen(&configs).await, 1);
        for number in 2..5 {
            let done = accept.submit(rename(&format!("number {number}"))).await.unwrap();
            assert_eq!(done.revision.get(), number);
            assert_eq!(seen(&configs).await, number);
        }
    }

    #[tokio::test]
    async fn what_may_have_been_committed_is_looked_up() {
        let supervisor = Supervisor::new();
        let (store, _folder) = Hooked::with_acme(&supervisor).await;
        let configs = configs(&store);
        let accept = Accept::start(store.clone(), configs.clone(), 8, &supervisor);
        assert_eq!(seen(&configs).await, 1);
        store.answers_get_lost.store(true, Ordering::Relaxed);
        let lost = accept.submit(rename("two")).await;
        assert!(matches!(lost, Err(Error::Store(store::Error::InDoubt(_)))), "{lost:?}");
        assert_eq!(seen(&configs).await, 2);
    }
}
