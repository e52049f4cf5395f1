//! Which operations go into which calls, and when.

use crate::domain::Effect;

use super::session::Task;
use crate::vendors::Lane;

/// What is under way at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnderWay {
    /// Calls of any kind.
    pub(super) calls: usize,
    /// Calls that create.
    pub(super) creates: usize,
    /// Calls that do long work.
    pub(super) long: usize,
}

/// Tells in which lane a call goes.
pub(super) fn lane(effect: &Effect) -> Lane {
    match effect {
        Effect::Create(_) | Effect::Update(_) | Effect::Archive => Lane::Change,
        Effect::Carry(_) | Effect::Fill(_) | Effect::Retire(_) => Lane::Background,
    }
}

/// Takes from `waiting` what is to be sent now, a list of tasks per call.
///
/// At most `calls_max` calls are under way. Creates wait for each other: while one such call is
/// under way the next collects, and is sent early only when it is full. So a lone change is sent at
/// once, and a flood of changes costs the fewest calls. Long work goes last, in at most half of the
/// calls, so that a change of a person never waits for more than the call that is under way.
pub(super) fn next_calls(
    waiting: Vec<Task>,
    mut under_way: UnderWay,
    calls_max: usize,
    creates_per_call_max: usize,
) -> Vec<Vec<Task>> {
    let (creates, others): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|task| matches!(task.call.effect, Effect::Create(_)));
    let mut calls = Vec::new();
    let mut creates = creates.into_iter().peekable();
    while creates.peek().is_some() && under_way.calls < calls_max {
        let full = creates.len() >= creates_per_call_max;
        if under_way.creates > 0 && !full {
            break;
        }
        calls.push(creates.by_ref().take(creates_per_call_max).collect());
        under_way.calls += 1;
        under_way.creates += 1;
    }
    let (changes, long): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|task| lane(&task.call.effect) == Lane::Change);
    let free = calls_max.saturating_sub(under_way.calls);
    let changes: Vec<_> = changes.into_iter().take(free).map(|task| vec![task]).collect();
    let free = (free - changes.len()).min((calls_max / 2).max(1).saturating_sub(under_way.long));
    calls.extend(changes);
    calls.extend(long.into_iter().take(free).map(|task| vec![task]));
    calls
}

#[cfg(test)]
mod tests {
    use super::super::outcomes::Before;
    use super::*;
    use crate::domain::carry::{Checkpoint, Fill};
    use crate::domain::{Attributes, ResourceId, ResourceKind, Revision, Timestamp};
    use crate::vendors::{Call, Target};

    fn tasks(creates: usize, updates: usize) -> Vec<Task> {
        let task = |(number, effect): (usize, Effect)| Task {
            resource_id: ResourceId::from_trusted(number.to_string()),
            desired: None,
            desired_rev: Revision::ZERO,
            seen_rev: Revision::ZERO,
            before: Before::default(),
            in_doubt: None,
            is_moving: false,
            checkpoint: Checkpoint::begin(None, Timestamp::default()),
            call: Call {
                target: Target {
                    kind: ResourceKind::Field,
                    name: number.to_string(),
                    expected: Attributes::new(),
                },
                effect,
                held: None,
                allow_loss: false,
            },
        };
        let creates = (0..creates).map(|number| (number, Effect::Create(Attributes::new())));
        let updates = (0..updates).map(|number| (number, Effect::Update(Attributes::new())));
        creates.chain(updates).map(task).collect()
    }

    /// Work that goes record by record.
    fn long(number: usize) -> Task {
        let mut task = tasks(0, 1).remove(0);
        task.resource_id = ResourceId::from_trusted(format!("long-{number}"));
        let (value, cursor) = (String::new(), None);
        task.call.effect = Effect::Fill(Fill { value, cursor, count: false });
        task
    }

    fn sizes(waiting: Vec<Task>, calls: usize, creates: usize) -> Vec<usize> {
        let calls = next_calls(waiting, UnderWay { calls, creates, long: 0 }, 6, 100);
        calls.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_lone_create_is_sent_at_once() {
        assert_eq!(sizes(tasks(1, 0), 0, 0), [1]);
    }

    #[test]
    fn creates_collect_while_a_create_is_under_way() {
        assert_eq!(sizes(tasks(99, 0), 1, 1), Vec::<usize>::new());
    }

    #[test]
    fn a_full_batch_is_sent_beside_another() {
        assert_eq!(sizes(tasks(100, 0), 1, 1), [100]);
        assert_eq!(sizes(tasks(250, 0), 0, 0), [100, 100]);
    }

    #[test]
    fn updates_go_alone_up_to_the_limit() {
        assert_eq!(sizes(tasks(0, 9), 2, 0), [1; 4]);
        assert_eq!(sizes(tasks(5, 9), 0, 0), [5, 1, 1, 1, 1, 1]);
        assert_eq!(sizes(tasks(5, 9), 6, 0), Vec::<usize>::new());
    }

    #[test]
    fn long_work_goes_last_and_takes_half_of_the_calls_at_most() {
        let calls = |changes: usize, calls: usize, long_ones: usize| {
            let waiting = (0..9).map(long).chain(tasks(0, changes)).collect();
            let under_way = UnderWay { calls, creates: 0, long: long_ones };
            let next = next_calls(waiting, under_way, 6, 100);
            let is_long = |call: &&Vec<Task>| lane(&call[0].call.effect) == Lane::Background;
            let long = next.iter().filter(is_long).count();
            (next.len() - long, long)
        };
        assert_eq!(calls(0, 0, 0), (0, 3));
        assert_eq!(calls(4, 0, 0), (4, 2));
        assert_eq!(calls(9, 0, 0), (6, 0));
        assert_eq!(calls(1, 3, 3), (1, 0));
    }
}
