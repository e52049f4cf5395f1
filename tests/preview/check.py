"""Checks when the steps of cadences happen against the rules, with Python's own time zones.

Written from the rules as they are documented, with zoneinfo and datetime alone. The first argument
names a file of JSON lines:

- {"zone", "offsets": [[moment, seconds], ...]}: how far a zone is ahead of UTC from a moment on. Zones
  of which Python's database knows something else are told, and their cases are left out.
- {"zone", "start", "window", "steps": [[channel, delay], ...], "answer": [[moment, shown, ahead], ...]}:
  a case and what GoMark answered. Moments are microseconds since 1970 in UTC, all else is seconds.

The rules: a step is due its delay after the step before it happened. Without a window, and for a
wait, that is when it happens. Otherwise it happens at the first moment from then on at which clocks
in the zone show a day and a time of the window, its begin included and its end not.
"""

import functools
import json
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

import tzdata

# The files of the host have no say: only the package that is pinned.
zoneinfo.reset_tzpath(())

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def moment(micros):
    return EPOCH + timedelta(microseconds=micros)


def micros(at):
    return (at - EPOCH) // timedelta(microseconds=1)


def is_open(window, zone, at):
    """Whether clocks in the zone show a time of the window."""
    shown = at.astimezone(zone)
    minute = shown.hour * 60 + shown.minute
    return shown.weekday() in window["days"] and window["from"] <= minute < window["to"]


@functools.cache
def changes(zone, day):
    """The moments of a day of UTC at which clocks are changed, found by halving their hours."""
    found = []
    for at in (day + hour * HOUR for hour in range(24)):
        low, high = at, at + HOUR
        before = low.astimezone(zone).utcoffset()
        if before == high.astimezone(zone).utcoffset():
            continue
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            if middle.astimezone(zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        found.append(high)
    return found


def openings(window, zone, due, days):
    """Every moment at which a window can open: when clocks show its begin, or are changed."""
    first = due.astimezone(zone).date() - DAY
    for number in range(days):
        day = first + number * DAY
        shown = datetime(day.year, day.month, day.day) + window["from"] * MINUTE
        for fold in (0, 1):
            at = shown.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)
            # A time that clocks skip comes back as another one.
            if at.astimezone(zone).replace(tzinfo=None, fold=0) == shown:
                yield at
    midnight = due.replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(days):
        yield from changes(zone, midnight + number * DAY)


def first_open(window, zone, due):
    if is_open(window, zone, due):
        return due
    for days in (4, 12, 25):
        later = [at for at in openings(window, zone, due, days) if at > due]
        opened = [at for at in later if is_open(window, zone, at)]
        # Towards the end of the days not every opening is among them.
        sure = [at for at in opened if at < due + (days - 3) * DAY]
        if sure:
            return min(sure)
    raise AssertionError(f"{window} never opens in {zone} from {due} on")


def answer(case):
    zone = zoneinfo.ZoneInfo(case["zone"])
    now = moment(case["start"])
    for channel, delay in case["steps"]:
        now += timedelta(seconds=delay)
        if case["window"] and channel != "wait":
            now = first_open(case["window"], zone, now)
        shown = now.astimezone(zone)
        text = shown.replace(tzinfo=None).isoformat(timespec="microseconds")
        yield [micros(now), text, shown.utcoffset() // timedelta(seconds=1)]


def knows_the_same(line):
    """Whether Python's database says the same of a zone, at each change and just before it."""
    try:
        zone = zoneinfo.ZoneInfo(line["zone"])
    except zoneinfo.ZoneInfoNotFoundError:
        return False
    before = None
    for since, offset in line["offsets"]:
        at = moment(since)
        if at.astimezone(zone).utcoffset() != timedelta(seconds=offset):
            return False
        just_before = (at - timedelta(seconds=1)).astimezone(zone).utcoffset()
        if before is not None and just_before != timedelta(seconds=before):
            return False
        before = offset
    return True


def main(path):
    unlike, checked, wrong = set(), 0, []
    with open(path, encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            if "offsets" in line:
                if not knows_the_same(line):
                    unlike.add(line["zone"])
                continue
            if line["zone"] in unlike:
                continue
            expected = list(answer(line))
            checked += 1
            if expected != line["answer"]:
                wrong.append({**line, "expected": expected})
    for case in wrong[:10]:
        print(json.dumps(case), file=sys.stderr)
    print(json.dumps({
        "database": tzdata.IANA_VERSION,
        "unlike": sorted(unlike),
        "checked": checked,
        "wrong": len(wrong),
    }))


main(sys.argv[1])
