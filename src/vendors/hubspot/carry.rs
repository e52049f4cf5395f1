//! Carrying values of deals from one property to another, and filling them in, a page at a time.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::calls::Turn;
use super::classify::Classify as _;
use super::deals::{Deal, Deals, PAGE, Write, harmless};
use super::portal::Portal;
use super::read::says_absent;
use super::wire::Property;
use crate::domain::carry::{Carry, Fill, Left, Page, Role, newest};
use crate::domain::{Problem, ProblemReason};
use crate::vendors::{Failure, FailureScope};

/// How many pages of deals are read before what they hold is written.
const PAGES_MAX: usize = 5;
/// What a call may take on its way beyond the time that it has: after that it is not written any more.
const WAY_MAX: Duration = Duration::from_secs(5);

impl Portal {
    /// Carries the values of deals to the property `to`: of a page of them, or of some where that takes
    /// fewer calls, because only some deals of a page have a value to be written.
    pub(super) async fn carry_page(
        &self,
        turn: &mut Turn<'_>,
        to: &str,
        carry: &Carry,
    ) -> Result<Page, Failure> {
        if !carry.from.is_empty() && carry.from.iter().all(is_calculated) {
            return Ok(Page { total: Some(0), ..Page::default() });
        }
        if carry.cursor.is_none() {
            self.see_to_names(turn, carry).await?;
        }
        let until = turn.begins_until() - self.call_timeout / 4;
        let mut page = Page { next: carry.cursor.clone(), ..Page::default() };
        let mut writes = Vec::new();
        for number in 1..=PAGES_MAX {
            let (deals, of_page) = match self.read_page(turn, to, carry, &page.next).await {
                // What was read before is written; the next request meets what is wrong.
                Err(failure) if number > 1 && failure.scope == FailureScope::Resource => break,
                read => read?,
            };
            writes.extend(of_page);
            page.next = deals.next();
            page.looked += i64::try_from(deals.results.len()).unwrap_or(i64::MAX);
            if number == 1 {
                let (seen, next) = (deals.results.len(), deals.next());
                page.total = self.total(turn, carry.count, seen, next).await?;
            }
            if page.next.is_none() || fills_calls(writes.len()) || Instant::now() > until {
                break;
            }
        }
        for writes in writes.chunks(PAGE) {
            let written = self.write_deals(turn, to, writes).await?;
            page.written += written.count;
            page.refused.extend(&written.refused);
        }
        Ok(page)
    }

    /// Makes sure that the names that values are carried from are there: HubSpot passes over names that
    /// it does not know, and all deals would seem to be without a value.
    async fn see_to_names(&self, turn: &mut Turn<'_>, carry: &Carry) -> Result<(), Failure> {
        for left in &carry.from {
            // A sensitive one is not shown to everybody.
            if left.held.get("dataSensitivity").is_some() {
                continue;
            }
            let reply = turn.get(self.paths.property(&left.name)).await?;
            let property: Option<Property> = serde_json::from_slice(&reply.body).ok();
            let is_it = |it: &Property| it.name.as_ref() == Some(&left.name);
            match (reply.status, property.filter(is_it)) {
                (200, Some(property)) if property.archived != Some(true) => {}
                (200, Some(_)) => return Err(gone(&left.name)),
                (404, _) if says_absent(&reply) => return Err(gone(&left.name)),
                _ => return Err(self.view(false).failure(&reply)),
            }
        }
        Ok(())
    }

    /// Reads a page of deals, and tells what is to be written of it.
    async fn read_page(
        &self,
        turn: &mut Turn<'_>,
        to: &str,
        carry: &Carry,
        cursor: &Option<String>,
    ) -> Result<(Deals, Vec<Write>), Failure> {
        let names = names(to, carry);
        let deals = self.deals(turn, &names, cursor.as_deref()).await.map_err(harmless)?;
        let writes = self.values_to_carry(turn, to, carry, &deals.results).await?;
        Ok((deals, writes))
    }

    /// Fills a value in on those of a page of deals that have none.
    pub(super) async fn fill_page(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
        fill: &Fill,
    ) -> Result<Page, Failure> {
        let deals = self.deals(turn, &[name], fill.cursor.as_deref()).await.map_err(harmless)?;
        let total = self.total(turn, fill.count, deals.results.len(), deals.next()).await?;
        let blank = deals.results.iter().filter(|deal| deal.value(name).is_empty());
        let write = |deal: &Deal| Write { id: deal.id.clone(), value: fill.value.clone() };
        let writes: Vec<_> = blank.map(write).collect();
        let written = self.write_deals(turn, name, &writes).await?;
        Ok(Page {
            next: deals.next(),
            looked: i64::try_from(deals.results.len()).unwrap_or(i64::MAX),
            written: written.count,
            total,
            refused: written.refused,
        })
    }

    /// Tells which values of some deals are to be written.
    pub(super) async fn values_to_carry(
        &self,
        turn: &mut Turn<'_>,
        to: &str,
        carry: &Carry,
        deals: &[Deal],
    ) -> Result<Vec<Write>, Failure> {
        let mut writes = Vec::new();
        let mut unclear = Vec::new();
        for deal in deals {
            match at_sight(deal, to, carry) {
                Sight::Same => {}
                Sight::Carry(value) => writes.push(Write { id: deal.id.clone(), value }),
                Sight::Unclear => unclear.push(deal.id.clone()),
            }
        }
        writes.extend(self.newest_values(turn, to, carry, &unclear).await?);
        Ok(writes)
    }

    /// Tells which values of these deals are to be written, by their histories.
    pub(super) async fn newest_values(
        &self,
        turn: &mut Turn<'_>,
        to: &str,
        carry: &Carry,
        ids: &[String],
    ) -> Result<Vec<Write>, Failure> {
        let window = micros(self.call_timeout + WAY_MAX);
        // A deal that is not there any more has no values.
        let histories = self.histories(turn, ids, &names(to, carry)).await?;
        let mut writes = Vec::new();
        for deal in histories.values() {
            let value = by_history(deal, to, carry, window).ok_or_else(|| {
                let what = "a history is not that of the value";
                harmless(self.view(false).unreadable(200, what))
            })?;
            if value != deal.value(to) {
                writes.push(Write { id: deal.id.clone(), value });
            }
        }
        Ok(writes)
    }

    /// Counts all deals where that is wanted, and more than those of one page.
    async fn total(
        &self,
        turn: &mut Turn<'_>,
        count: bool,
        seen: usize,
        next: Option<String>,
    ) -> Result<Option<i64>, Failure> {
        match next {
            Some(_) if count => {
                let total = self.count_deals(turn, &[]).await?;
                self.records.store(total, Ordering::Relaxed);
                Ok(Some(total))
            }
            Some(_) => Ok(None),
            None => Ok(count.then(|| i64::try_from(seen).unwrap_or(i64::MAX))),
        }
    }
}

/// Tells whether calls that write so many values are about full.
fn fills_calls(writes: usize) -> bool {
    let last = writes % PAGE;
    writes > 0 && (last == 0 || last >= PAGE * 4 / 5)
}

/// What can be told of a deal without its history.
enum Sight {
    Same,
    Carry(String),
    Unclear,
}

/// The first time that deals are looked at, a property that was just made holds nothing that could be
/// newer.
fn at_sight(deal: &Deal, to: &str, carry: &Carry) -> Sight {
    let present = deal.value(to);
    let others: BTreeSet<_> = carry.from.iter().map(|left| deal.value(&left.name)).collect();
    // Without another name, what came back with this one is to be cleared.
    let same = match carry.from.is_empty() {
        true => present.is_empty(),
        false => others.iter().all(|other| *other == present),
    };
    if same {
        return Sight::Same;
    }
    let all_own = carry.from.iter().all(|left| {
        // What was carried to it is no more than a copy.
        left.own_since_micros.is_none() && left.target_until_micros.is_none()
    });
    let held: Vec<_> = others.into_iter().filter(|other| !other.is_empty()).collect();
    match held.as_slice() {
        [only] if carry.first_pass && present.is_empty() && all_own => {
            Sight::Carry((*only).to_owned())
        }
        _ => Sight::Unclear,
    }
}

/// Returns the newest value of a deal; `None` when its history cannot be read.
fn by_history(deal: &Deal, to: &str, carry: &Carry, window: i64) -> Option<String> {
    let mut here = deal.history(to)?;
    if carry.foreign {
        here.retain(|value| value.at_micros >= carry.since_micros);
    }
    let role = Role { target_since: Some(carry.since_micros), target_until: None };
    let mut all = vec![(role, here)];
    for left in &carry.from {
        let since = left.target_until_micros.map(|_| i64::MIN / 2);
        let role = Role { target_since: since, target_until: left.target_until_micros };
        let mut values = deal.history(&left.name)?;
        values.retain(|value| left.own_since_micros.is_none_or(|since| value.at_micros >= since));
        all.push((role, values));
    }
    let value = newest(&all, window).and_then(|place| all.get(place)?.1.first());
    Some(match value {
        Some(value) => value.value.clone(),
        // What came back with the name is another field's, and nothing else was ever there.
        None if carry.foreign => String::new(),
        None => deal.value(to).to_owned(),
    })
}

fn names<'a>(to: &'a str, carry: &'a Carry) -> Vec<&'a str> {
    std::iter::once(to).chain(carry.from.iter().map(|left| left.name.as_str())).collect()
}

/// What HubSpot calculates cannot be written, and need not be.
pub(super) fn is_calculated(left: &Left) -> bool {
    let kind = left.held.get(super::canonical::FIELD_TYPE).and_then(|kind| kind.as_str());
    kind == Some("calculation_equation")
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// What values are to be carried from is not there any more.
pub(super) fn gone(name: &str) -> Failure {
    let message = format!(
        "{name} is gone at HubSpot, with values that were to be carried along; restore it there, then retry"
    );
    Failure {
        scope: FailureScope::Refused,
        effect_unknown: false,
        retry_after: None,
        problem: Problem::new(ProblemReason::Conflict, message),
    }
}
