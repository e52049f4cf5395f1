//! Archiving with care: what deals hold is counted before it could be lost, and what was written to a
//! name that is left is looked at once more.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::calls::Turn;
use super::canonical::OPTIONS;
use super::carry::{gone, is_calculated};
use super::deals::{Deal, HISTORIES, harmless};
use super::portal::Portal;
use crate::domain::carry::{LastLook, Retire};
use crate::domain::{Attributes, Problem, ProblemReason};
use crate::vendors::{Answer, Call, Failure, FailureScope, Lane};

/// How many values a search takes in one filter; ours, HubSpot documents none.
const VALUES_MAX: usize = 100;

/// What came of a look at what was written.
struct Look {
    came: Came,
    /// Up to when it was looked, by HubSpot's clock in microseconds.
    until_micros: i64,
    carried: i64,
}

/// How far a look came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    ToTheEnd,
    OutOfTime,
    Refused,
}

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
        if last_look.carry.from.iter().all(is_calculated) {
            return self.archive(turn, &retire.name).await;
        }
        let look = self.look_last(turn, last_look).await?;
        let Look { carried, until_micros, .. } = look;
        let is_late = Instant::now() >= turn.begins_until();
        if look.came == Came::Refused {
            return Ok(Answer::NotYet);
        }
        if (look.came == Came::OutOfTime || is_late) && !last_look.at_last {
            return Ok(Answer::Looked { until_micros, carried });
        }
        match self.archive_there(turn, &retire.name).await? {
            true => Ok(Answer::Retired { carried, missed: look.came == Came::OutOfTime }),
            // Somebody archived it, and it is not known what was written to it before.
            false => Err(gone(&retire.name)),
        }
    }

    /// Carries what was written meanwhile. Where it stops the next look goes on.
    async fn look_last(&self, turn: &mut Turn<'_>, last_look: &LastLook) -> Result<Look, Failure> {
        let LastLook { since_micros, at_last, .. } = *last_look;
        let mut look = Look { came: Came::OutOfTime, until_micros: since_micros, carried: 0 };
        match self.look_on(turn, last_look, &mut look).await {
            Ok(came) => look.came = came,
            Err(failure) if is_late(turn, &failure) => {}
            Err(failure) => {
                let passes = failure.scope == FailureScope::Resource && !failure.effect_unknown;
                // What was looked at before is kept; the next look meets what is wrong.
                if at_last || !passes || look.until_micros == since_micros {
                    return Err(failure);
                }
            }
        }
        Ok(look)
    }

    /// Looks at what was written, the earliest first, for as long as there is time for it and for the
    /// archive after it.
    async fn look_on(
        &self,
        turn: &mut Turn<'_>,
        last_look: &LastLook,
        look: &mut Look,
    ) -> Result<Came, Failure> {
        let LastLook { to, carry, at_last, .. } = last_look;
        let until = turn.begins_until() - self.call_timeout * 3 / 8;
        // The first deals are looked at in any case, so that each look comes further.
        let (mut in_any_case, mut after) = (!at_last, None);
        loop {
            let begins_at = Instant::now() + self.searches.wait(Lane::Background);
            if !in_any_case && begins_at > until {
                return Ok(Came::OutOfTime);
            }
            let since_ms = look.until_micros / 1_000;
            let found = self.modified_deals(turn, since_ms, after.as_deref()).await?;
            for deals in found.results.chunks(HISTORIES) {
                if !in_any_case && Instant::now() > until {
                    return Ok(Came::OutOfTime);
                }
                in_any_case = false;
                let ids: Vec<_> = deals.iter().map(|deal| deal.id.clone()).collect();
                let writes = self.newest_values(turn, to, carry, &ids).await?;
                let written = self.write_deals(turn, to, &writes).await?;
                if written.refused.count > 0 {
                    return Ok(Came::Refused);
                }
                look.carried += written.count;
                let modified = deals.iter().filter_map(Deal::modified).max();
                look.until_micros = look.until_micros.max(modified.unwrap_or_default());
            }
            let Some(next) = found.next() else { return Ok(Came::ToTheEnd) };
            // Very many of one moment are on several pages.
            after = (look.until_micros / 1_000 == since_ms).then_some(next);
        }
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
