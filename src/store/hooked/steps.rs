//! Counts the steps that are taken in a test, and lets one of them go wrong.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// What can go wrong with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is not done, and fails.
    Fails,
    /// It is done, and nobody is told.
    AnswerLost,
    /// It is done twice; the second answer is told.
    Twice,
}

impl Wrong {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Fails, Self::AnswerLost, Self::Twice];
}

/// One step: its name, and how many of that name were taken before it.
pub(crate) type Step = (&'static str, usize);

/// The steps that were taken.
#[derive(Debug)]
pub(crate) struct Steps {
    taken: Mutex<BTreeMap<&'static str, usize>>,
    wrong: Option<(Wrong, Step)>,
    struck: watch::Sender<bool>,
}

impl Steps {
    /// Lets this step go wrong, or none.
    pub(crate) fn new(wrong: Option<(Wrong, Step)>) -> Self {
        Self { taken: Mutex::default(), wrong, struck: watch::Sender::new(false) }
    }

    /// Takes a step. `otherwise` is what is told when the answer is not: whether the step was done
    /// is what it is given.
    pub(crate) async fn take<T, F: Future<Output = T>>(
        &self,
        name: &'static str,
        step: impl Fn() -> F,
        otherwise: impl Fn(bool) -> T,
    ) -> T {
        let number = self.count(name);
        let wrong = self.wrong.filter(|(_, step)| *step == (name, number));
        let answer = match wrong {
            None => return step().await,
            Some((Wrong::Fails, _)) => otherwise(false),
            Some((Wrong::AnswerLost, _)) => {
                let _lost = step().await;
                otherwise(true)
            }
            Some((Wrong::Twice, _)) => {
                let _first = step().await;
                step().await
            }
        };
        self.struck.send_replace(true);
        answer
    }

    /// All steps that were taken.
    pub(crate) fn taken(&self) -> Vec<Step> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.iter().flat_map(|(name, count)| (0..*count).map(|number| (*name, number))).collect()
    }

    /// Waits until the step that goes wrong did.
    pub(crate) async fn struck(&self) {
        self.struck.subscribe().wait_for(|struck| *struck).await.unwrap();
    }

    /// Tells whether it did.
    pub(crate) fn has_struck(&self) -> bool {
        *self.struck.borrow()
    }

    fn count(&self, name: &'static str) -> usize {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(name).or_default();
        *count += 1;
        *count - 1
    }
}
