//! How far long work is, and which of two names holds the newest value.

use proptest::prelude::*;

use super::*;

const WINDOW: i64 = 15;
const START: i64 = 1_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_micros(START)
}

fn page(looked: i64, written: i64, next: Option<&str>) -> Page {
    Page { next: next.map(str::to_owned), looked, written, ..Page::default() }
}

/// Does passes in which so many values are found to be carried, until it is done.
fn passes(found: &[i64]) -> Checkpoint {
    let mut checkpoint = Checkpoint::begin(None, now());
    for found in found {
        assert!(!checkpoint.done, "done too early: {checkpoint:?}");
        checkpoint = checkpoint.after(&page(100, *found, None), now());
    }
    checkpoint
}

#[test]
fn a_look_that_finds_nothing_is_the_last() {
    assert!(passes(&[0]).done);
    let checkpoint = passes(&[90, 0]);
    assert!(checkpoint.done);
    assert_eq!((checkpoint.written, checkpoint.total, checkpoint.pass), (90, 100, 2));
}

#[test]
fn who_writes_all_the_time_is_not_waited_for() {
    assert!(!passes(&[90, 40]).done, "what is found grows less");
    assert!(passes(&[90, 10, 9]).done, "it does not grow less any more");
    assert!(passes(&[20, 19]).done);
}

#[test]
fn what_is_left_to_do_is_estimated_in_calls() {
    // Two hundred pages are read and written, and read once more.
    assert_eq!(Checkpoint::calls_for(20_000, false), 600);
    assert_eq!(Checkpoint::calls_for(20_000, true), 400);
    let half = Page { total: Some(20_000), ..page(10_000, 9_000, Some("p")) };
    let half = Checkpoint::begin(None, now()).after(&half, now());
    assert_eq!(half.calls_left(), 400);
    let told = Checkpoint { seconds_left: Some(41), ..half.clone() }.told("carried");
    assert_eq!(told, "looked at 10000 of 20000 deals, carried 9000 values; about 41 s left");
    let told = Checkpoint { seconds_left: Some(150), ..half }.told("carried");
    assert!(told.ends_with("; about 3 min left"), "{told}");
    assert_eq!(passes(&[0]).calls_left(), 0);
}

#[test]
fn another_look_waits_only_after_many_values_were_written() {
    let few = Checkpoint::begin(None, now()).after(&page(900, FEW, None), now());
    assert_eq!(few.begins_at(), Some(now()));
    let many = Checkpoint::begin(None, now()).after(&page(900, FEW + 1, None), now());
    assert_eq!(many.begins_at(), Some(now().plus(SKEW)));
    let under_way = many.after(&page(100, 9, Some("p")), now().plus(SKEW));
    assert_eq!(under_way.begins_at(), None);
}

#[test]
fn it_goes_on_from_the_page_that_is_done() {
    let checkpoint = Checkpoint::begin(None, now()).after(&page(100, 3, Some("p")), now());
    assert_eq!(checkpoint.cursor.as_deref(), Some("p"));
    assert_eq!((checkpoint.pass, checkpoint.looked, checkpoint.changed), (1, 100, 3));
}

#[test]
fn a_look_goes_on_where_the_one_before_came_to_and_not_later_than_what_is_shown_for_certain() {
    let skew = skew_micros();
    let begun = Checkpoint::begin(None, now()).after(&page(100, 0, None), now());
    let first_since = begun.begun_at_micros - skew;
    assert_eq!(begun.look_since(), first_since);
    let later = now().plus(SKEW * 10);
    // Where it came nowhere, the next one begins where it began.
    assert_eq!(begun.after_look(first_since, 0, later).look_since(), first_since);
    let came_to = first_since + 3;
    let looked = begun.after_look(came_to, 7, later);
    assert_eq!((looked.look_since(), looked.written, looked.done), (came_to, 7, true));
    // What was written a moment ago may not be shown yet.
    let until_now = looked.after_look(later.as_micros(), 0, later);
    assert_eq!(until_now.look_since(), later.as_micros() - 2 * skew);
}

#[test]
fn after_very_many_looks_all_is_looked_at_again_and_at_last_it_is_enough() {
    let mut checkpoint = Checkpoint::begin(None, now()).after(&page(100, 0, None), now());
    let mut passes = 1;
    while !checkpoint.is_last() {
        checkpoint = checkpoint.after_look(0, 0, now());
        if !checkpoint.done {
            passes += 1;
            checkpoint = checkpoint.after(&page(100, 0, None), now());
        }
        assert!(passes <= PASSES_MAX);
    }
    assert_eq!((passes, checkpoint.looks), (PASSES_MAX, LOOKS_MAX));
}

#[test]
fn refused_values_are_those_of_the_last_look() {
    let mut refused = Refused::default();
    (0..150).for_each(|n| refused.add(n.to_string(), "no"));
    let page = Page { refused, ..page(150, 9, None) };
    let first = Checkpoint::begin(None, now()).after(&page, now());
    assert!(!first.done && first.refused.count == 0);
    let second = first.after(&Page { written: 0, ..page }, now());
    assert!(second.done);
    assert_eq!((second.refused.count, second.refused.first.len()), (150, REFUSED_MAX));
}

#[test]
fn filling_in_looks_at_each_record_once() {
    let checkpoint = Checkpoint::begin(Some(Revision::new(4)), now());
    assert!(checkpoint.after(&page(9, 9, None), now()).done);
}

fn value(value: u8, at: i64) -> Value {
    Value { value: value.to_string(), at_micros: START + at }
}

fn target() -> Role {
    Role { target_since: Some(START), target_until: None }
}

#[test]
fn what_was_written_after_it_was_read_for_carrying_wins() {
    let old = vec![value(2, 5), value(1, -90)];
    let new = vec![value(1, 9)];
    assert_eq!(newest(&[(target(), new), (Role::default(), old)], WINDOW), Some(1));
}

#[test]
fn what_somebody_else_wrote_to_the_new_name_wins() {
    let old = vec![value(2, 5), value(1, -90)];
    let new = vec![value(3, 9), value(2, 7)];
    assert_eq!(newest(&[(target(), new), (Role::default(), old)], WINDOW), Some(0));
}

#[test]
fn a_value_that_the_old_name_held_long_ago_is_no_copy() {
    let old = vec![value(2, 5), value(1, -90)];
    let new = vec![value(1, 5 + WINDOW + 1)];
    assert_eq!(newest(&[(target(), new), (Role::default(), old)], WINDOW), Some(0));
}

#[test]
fn a_value_from_before_anything_was_carried_is_no_copy() {
    let hour = 3_600_000_000;
    let old = vec![value(2, -hour - 9), value(1, -hour - 20)];
    let new = vec![value(1, -hour - 1)];
    assert_eq!(newest(&[(target(), new), (Role::default(), old)], WINDOW), Some(0));
}

#[test]
fn on_the_way_back_copies_count_for_no_more_than_what_they_copy() {
    // Values went from a to b until 20, and go from b to a since.
    let a = vec![value(2, 5), value(1, -90)];
    let b = vec![value(1, 9)];
    let was_target = Role { target_since: Some(0), target_until: Some(START + 20) };
    let is_target = Role { target_since: Some(START + 20), target_until: None };
    assert_eq!(newest(&[(is_target, a), (was_target, b)], WINDOW), Some(0));
}

#[test]
fn a_name_without_a_value_says_nothing() {
    assert_eq!(newest(&[(target(), vec![])], WINDOW), None);
    let old = vec![value(1, -90)];
    assert_eq!(newest(&[(target(), vec![]), (Role::default(), old)], WINDOW), Some(1));
}

/// What happens to one record while its value is carried from one name to another.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A client writes to the old name.
    Write(u8),
    /// A page is read, and what it asks for is written so much later.
    Carry(i64),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..4u8).prop_map(Event::Write),
        3 => (0..WINDOW).prop_map(Event::Carry),
        2 => (1..40i64).prop_map(Event::Wait),
    ]
}

/// One record at a vendor, by the rules of the carrier.
#[derive(Debug, Default)]
struct Record {
    old: Vec<Value>,
    new: Vec<Value>,
    now: i64,
    /// Values on their way, and when they arrive.
    on_the_way: Vec<(i64, String)>,
}

impl Record {
    fn tick(&mut self, by: i64) {
        for _ in 0..by {
            self.now += 1;
            let at = self.now;
            let (due, rest) =
                std::mem::take(&mut self.on_the_way).into_iter().partition(|w| w.0 <= at);
            self.on_the_way = rest;
            let due: Vec<(i64, String)> = due;
            for (_, value) in due {
                self.new.insert(0, Value { value, at_micros: START + at });
            }
        }
    }

    fn carry(&mut self, takes: i64) {
        let held = |values: &[Value]| values.first().map(|it| it.value.clone()).unwrap_or_default();
        let (old, new) = (held(&self.old), held(&self.new));
        if old == new {
            return;
        }
        let names = [(target(), self.new.clone()), (Role::default(), self.old.clone())];
        if self.new.is_empty() || newest(&names, WINDOW) == Some(1) {
            self.on_the_way.push((self.now + takes, old));
        }
    }
}

proptest! {
    #[test]
    fn the_newest_value_arrives_however_reads_and_writes_overlap(
        events in proptest::collection::vec(event(), 1..60),
    ) {
        let mut record = Record { old: vec![value(9, -90)], ..Record::default() };
        for event in events {
            match event {
                Event::Write(written) => {
                    record.tick(1);
                    let at = record.now;
                    record.old.insert(0, value(written, at));
                }
                // The next page of a record is read when the call before has ended.
                Event::Carry(takes) if record.on_the_way.is_empty() => record.carry(takes),
                Event::Carry(_) => {}
                Event::Wait(time) => record.tick(time),
            }
        }
        record.tick(WINDOW);
        record.carry(0);
        record.tick(1);
        prop_assert_eq!(&record.new[0].value, &record.old[0].value, "{:?}", record);
    }
}
