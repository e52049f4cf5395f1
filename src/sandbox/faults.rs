//! Faults on request: what may go wrong with a call, how often and for whom.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::vendor::{Vendor, Whose};

mod answer;
pub(crate) mod ignored;

pub(crate) use answer::{FaultAnswer, Policy};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// 429, as if the limit were used up.
    RateLimited,
    /// 500, or another 5xx.
    ServerError,
    /// The call takes effect, then the connection closes without an answer.
    DropAnswer,
    /// The connection closes before any effect.
    DropRequest,
    /// Never an answer; the connection stays open.
    Hang,
    /// A write ignores the named attribute without a word.
    IgnoreAttribute,
    /// The call takes longer.
    Latency,
    /// Any status, with a body as the vendor writes it.
    Status,
}

impl Kind {
    /// Returns the name as the log and the control endpoints write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::DropAnswer => "drop_answer",
            Self::DropRequest => "drop_request",
            Self::Hang => "hang",
            Self::IgnoreAttribute => "ignore_attribute",
            Self::Latency => "latency",
            Self::Status => "status",
        }
    }

    /// Returns whether this fault decides how the call ends, so that only one of them can strike.
    fn ends_the_call(self) -> bool {
        !matches!(self, Self::IgnoreAttribute | Self::Latency)
    }
}

/// A fault as a test asks for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    kind: Kind,
    /// The share of the calls it meets, from 0 to 1.
    #[serde(default = "always")]
    rate: f64,
    /// How often it strikes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_contains: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vendor: Option<Vendor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    portal_id: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// Extra time the call takes; goes with every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// The body of the answer: a text is sent as HTML, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// Whether the call takes effect before it goes wrong (`server_error`, `status`, `hang`).
    #[serde(default)]
    after_effect: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
}

fn always() -> f64 {
    1.0
}

impl Spec {
    /// Says what is wrong with the request for this fault.
    fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.rate) {
            return Err(format!("rate lies between 0 and 1, not {}", self.rate));
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("status lies between 200 and 599".to_owned());
        }
        match self.kind {
            Kind::IgnoreAttribute if self.attribute.is_none() => {
                Err("ignore_attribute needs the attribute to ignore".to_owned())
            }
            Kind::Latency if self.latency_ms.is_none() => {
                Err("latency needs latency_ms".to_owned())
            }
            Kind::Status if self.status.is_none() => Err("status needs a status".to_owned()),
            _ => Ok(()),
        }
    }

    fn concerns(&self, method: &str, path: &str, whose: Option<&Whose>) -> bool {
        let portal_id = whose.and_then(Whose::portal_id);
        let account_id = whose.and_then(Whose::account_id);
        self.vendor.is_none_or(|wanted| wanted == Vendor::of(path))
            && self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path_contains.as_ref().is_none_or(|part| path.contains(part.as_str()))
            && self.portal_id.is_none_or(|wanted| portal_id == Some(wanted))
            && self.account_id.as_deref().is_none_or(|wanted| account_id == Some(wanted))
    }
}

/// A fault in force.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) id: u64,
    #[serde(flatten)]
    spec: Spec,
    /// How often it struck.
    hits: u64,
}

/// How a call is to end, if a fault has a say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cut {
    Answer { answer: FaultAnswer, after_effect: bool },
    Drop { after_effect: bool },
    Hang { after_effect: bool },
}

/// Everything faults have decided about one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) latency_ms: u64,
    pub(crate) ignored: Vec<String>,
    pub(crate) cut: Option<Cut>,
    /// The kind that decided, for the log.
    pub(crate) kind: Option<&'static str>,
}

/// The faults in force, with the random numbers that decide about rates.
#[derive(Debug)]
pub(crate) struct Faults {
    faults: Vec<Fault>,
    last_id: u64,
    random: StdRng,
}

impl Faults {
    /// Creates an empty list; the seed decides every random choice to come.
    pub(crate) fn new(seed: u64) -> Self {
        Self { faults: Vec::new(), last_id: 0, random: StdRng::seed_from_u64(seed) }
    }

    /// Puts a fault in force, or says what is wrong with it.
    pub(crate) fn add(&mut self, spec: Spec) -> Result<&Fault, String> {
        spec.check()?;
        self.last_id += 1;
        self.faults.push(Fault { id: self.last_id, spec, hits: 0 });
        self.faults.last().ok_or_else(|| "the fault was not kept".to_owned())
    }

    /// Returns the faults in force, in the order in which they were asked for.
    pub(crate) fn list(&self) -> &[Fault] {
        &self.faults
    }

    /// Lifts a fault; returns whether it was in force.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    /// Lifts every fault.
    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    /// Decides about a call. The first fault that ends the call wins; later ones are left unspent.
    pub(crate) fn plan(&mut self, method: &str, path: &str, whose: Option<&Whose>) -> Plan {
        let mut plan = Plan::default();
        for fault in &mut self.faults {
            let spec = &fault.spec;
            let spent = spec.count.is_some_and(|count| fault.hits >= count);
            if spent || !spec.concerns(method, path, whose) {
                continue;
            }
            if spec.kind.ends_the_call() && plan.cut.is_some() {
                continue;
            }
            if spec.rate < 1.0 && self.random.random::<f64>() >= spec.rate {
                continue;
            }
            fault.hits += 1;
            plan.take(spec);
        }
        plan
    }
}

impl Plan {
    fn take(&mut self, spec: &Spec) {
        self.latency_ms = self.latency_ms.saturating_add(spec.latency_ms.unwrap_or(0));
        let after_effect = spec.after_effect;
        let cut = match spec.kind {
            Kind::Latency => None,
            Kind::IgnoreAttribute => {
                self.ignored.extend(spec.attribute.clone());
                None
            }
            Kind::DropAnswer => Some(Cut::Drop { after_effect: true }),
            Kind::DropRequest => Some(Cut::Drop { after_effect: false }),
            Kind::Hang => Some(Cut::Hang { after_effect }),
            Kind::RateLimited | Kind::ServerError | Kind::Status => {
                Some(Cut::Answer { answer: FaultAnswer::of(spec), after_effect })
            }
        };
        if cut.is_some() || self.kind.is_none() {
            self.kind = Some(spec.kind.name());
        }
        self.cut = self.cut.take().or(cut);
    }
}

#[cfg(test)]
mod tests;
