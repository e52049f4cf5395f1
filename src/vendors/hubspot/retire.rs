//! Archiving with care: what deals hold is counted before it could be lost, and what was written to a
//! name that is left is looked at once more.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::calls::Turn;
use super::canonical::OPTIONS;
use super::carry::gone;
use super::deals::{HISTORIES, Written, harmless};
use super::portal::Portal;
use crate::domain::carry::{Carry, LastLook, Retire, SKEW};
use crate::domain::{Attributes, Problem, ProblemReason};
use crate::vendors::{Answer, Call, Failure, FailureScope, Lane};

/// How many pages of deals that were written to meanwhile are looked at before an archive.
const PAGES_MAX: usize = 3;
/// How many values a search takes in one filter; ours, HubSpot documents none.
const VALUES_MAX: usize = 100;

impl Portal {
    /// Archives a name that was left. What was written since the last look at all deals is looked at
    /// first, in the same call, so that as little as can be is written after that.
    pub(super) async fn retire(
        &self,
        turn: &mut Turn<'_>,
        call: &Call,
        retire: &Retire,
    ) -> Result<Answer, Failure> {
        let Some(last_look) = &retire.last_look else {
            if !call.allow_loss {
                self.guard_values(turn, &retire.name).await?;
            }
            return self.archive(turn, &retire.name).await;
        };
        let Some(carried) = self.carry_last(turn, last_look).await? else {
            return Ok(Answer::NotYet);
        };
        match self.archive_there(turn, &retire.name).await? {
            true => Ok(Answer::Retired(carried)),
            // Somebody archived it, and it is not known what was written to it before.
            false => Err(gone(&retire.name)),
        }
    }

    /// Carries what was written meanwhile; `None` when that is too much, or is refused. Too much is,
    /// too, what leaves no time for the archive: it would be found again by every other attempt, with
    /// what is written until then.
    async fn carry_last(
        &self,
        turn: &mut Turn<'_>,
        last_look: &LastLook,
    ) -> Result<Option<i64>, Failure> {
        let LastLook { to, carry, at_last } = last_look;
        let skew = i64::try_from(SKEW.as_millis()).unwrap_or_default();
        let since = (carry.begun_at_micros / 1_000).saturating_sub(skew);
        let filter = json!({
            "propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": since.to_string(),
        });
        let mut names = vec![to.as_str()];
        names.extend(carry.from.iter().map(|left| left.name.as_str()));
        let (mut after, mut carried) = (None, 0);
        // Time is to be left for the calls of one part, and for the archive.
        let until = turn.begins_until() - self.call_timeout * 3 / 8;
        for page in 0..PAGES_MAX {
            if page > 0 && Instant::now() + self.searches.wait(Lane::Background) > until {
                return Ok(at_last.then_some(carried));
            }
            let filters = std::slice::from_ref(&filter);
            let found = self.search_deals(turn, filters, &names, usize::MAX, after.as_deref());
            let found = found.await?;
            for deals in found.results.chunks(HISTORIES) {
                if Instant::now() > until {
                    return Ok(at_last.then_some(carried));
                }
                // What a search shows is as old as its index, so only whom it names is taken from it.
                let ids: Vec<_> = deals.iter().map(|deal| deal.id.clone()).collect();
                let written = match self.carry_newest(turn, to, carry, &ids).await {
                    Err(failure) if is_late(turn, &failure) => {
                        return Ok(at_last.then_some(carried));
                    }
                    came => came?,
                };
                if written.refused.count > 0 {
                    return Ok(None);
                }
                carried += written.count;
            }
            after = found.next();
            if after.is_none() {
                return Ok(Some(carried));
            }
        }
        Ok(at_last.then_some(carried))
    }

    async fn carry_newest(
        &self,
        turn: &mut Turn<'_>,
        to: &str,
        carry: &Carry,
        ids: &[String],
    ) -> Result<Written, Failure> {
        let writes = self.newest_values(turn, to, carry, ids).await?;
        self.write_deals(turn, to, &writes).await
    }

    /// Refuses to lose what deals hold in a property.
    pub(super) async fn guard_values(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
    ) -> Result<(), Failure> {
        let filter = json!({ "propertyName": name, "operator": "HAS_PROPERTY" });
        let count = self.count(turn, filter).await?;
        match count {
            0 => Ok(()),
            1 => Err(holds_values(format!("1 deal holds a value of {name}"), &[])),
            _ => Err(holds_values(format!("{count} deals hold a value of {name}"), &[])),
        }
    }

    /// Refuses to take options away that deals hold.
    pub(super) async fn guard_options(
        &self,
        turn: &mut Turn<'_>,
        name: &str,
        held: Option<&Attributes>,
        changes: &Attributes,
    ) -> Result<(), Failure> {
        let (Some(held), Some(wanted)) =
            (held.and_then(|it| it.get(OPTIONS)), changes.get(OPTIONS))
        else {
            return Ok(());
        };
        let wanted: BTreeSet<_> = values(wanted).collect();
        let removed: Vec<_> = values(held).filter(|value| !wanted.contains(value)).collect();
        let mut count = 0;
        for values in removed.chunks(VALUES_MAX) {
            let filter = json!({ "propertyName": name, "operator": "IN", "values": values });
            count += self.count(turn, filter).await?;
        }
        if count == 0 {
            return Ok(());
        }
        let shown: Vec<_> = removed.iter().take(10).copied().collect();
        let more = if removed.len() > shown.len() { ", …" } else { "" };
        let one =
            if count == 1 { "1 deal holds".to_owned() } else { format!("{count} deals hold") };
        let what =
            format!("{one} an option of {name} that is taken away: {}{more}", shown.join(", "));
        Err(holds_values(what, &[OPTIONS]))
    }

    async fn count(&self, turn: &mut Turn<'_>, filter: Value) -> Result<i64, Failure> {
        let counted = self.count_deals(turn, std::slice::from_ref(&filter)).await;
        counted.map_err(|failure| {
            let mut failure = harmless(failure);
            if failure.problem.vendor_status == 403 {
                let message = &mut failure.problem.message;
                *message = format!("the deals that hold a value cannot be counted: {message}");
            }
            failure
        })
    }
}

/// Tells whether a call was not made because there was no time left for it.
fn is_late(turn: &Turn<'_>, failure: &Failure) -> bool {
    !failure.effect_unknown && Instant::now() >= turn.begins_until()
}

fn values(options: &Value) -> impl Iterator<Item = &str> {
    let options = options.as_array().into_iter().flatten();
    options.filter_map(|option| option.get("value").and_then(Value::as_str))
}

fn holds_values(what: String, attributes: &[&str]) -> Failure {
    let message = format!("{what}, which would be lost; retry and allow that, or roll back");
    Failure {
        scope: FailureScope::Refused,
        effect_unknown: false,
        retry_after: None,
        problem: Problem {
            attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
            ..Problem::new(ProblemReason::HoldsValues, message)
        },
    }
}
