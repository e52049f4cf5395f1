//! Times of day, and what lies in a window.

use jiff::civil::date;

use super::*;

#[test]
fn a_time_of_day_is_read_back_as_it_was_written() {
    for minutes in 0..=24 * 60 {
        let time = LocalTime::from_minutes(minutes).unwrap();
        assert_eq!(LocalTime::parse(&time.to_string()), Some(time));
        assert_eq!(time.minutes(), minutes);
    }
    assert_eq!(LocalTime::from_minutes(24 * 60 + 1), None);
    for bad in ["", ":", "9:00", "09:0", "09:60", "24:01", "25:00", "+9:00", "09:00:00", "09.00"] {
        assert_eq!(LocalTime::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_window_holds_its_first_minute_and_not_its_last() {
    // The first of June 2026 is a Monday.
    let window = window(&[Weekday::Monday], "09:00", "17:30");
    let day = date(2026, 6, 1);
    for (shown, inside) in [
        (day.at(8, 59, 59, 999_999_999), false),
        (day.at(9, 0, 0, 0), true),
        (day.at(17, 29, 59, 999_999_999), true),
        (day.at(17, 30, 0, 0), false),
        (date(2026, 6, 2).at(12, 0, 0, 0), false),
    ] {
        assert_eq!(window.contains(shown), inside, "{shown}");
    }
}

#[test]
fn a_window_may_last_until_the_end_of_the_day() {
    let window = window(&[Weekday::Monday], "23:00", "24:00");
    assert!(window.contains(date(2026, 6, 1).at(23, 59, 59, 0)));
    assert!(!window.contains(date(2026, 6, 2).at(0, 0, 0, 0)));
}
