//! What is known of the vendors' limits of a company, for estimates.
//!
//! An estimate may be some seconds old, and a mutation must not become slow for it: what was read is
//! kept for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::carry::Checkpoint;
use crate::domain::{Allowance, CompanyId, Effect, Estimate, VendorKind};
use crate::store::{Store, VendorWindow};
use crate::vendors::{Limits, Vendors, limiter, records};
use crate::wire::PlanView;

/// How long what was read is taken for the present state.
const AGE_MAX: Duration = Duration::from_secs(5);
/// Of how many companies it is kept at the most.
const COMPANIES_MAX: usize = 10_000;

type Known = Vec<(VendorKind, Allowance)>;

#[derive(Debug, Default)]
pub(super) struct Quotas {
    known: Mutex<HashMap<CompanyId, (Instant, Known)>>,
}

impl Quotas {
    /// Estimates what a plan takes. Where the database cannot be asked, only the calls are counted.
    pub(super) async fn estimate(
        &self,
        store: &dyn Store,
        vendors: &Vendors,
        company_id: &CompanyId,
        plan: &PlanView,
    ) -> Option<Estimate> {
        if plan.operations.is_empty() {
            return None;
        }
        let known = self.of(store, company_id).await;
        let each = VendorKind::ALL.into_iter().filter_map(|vendor| {
            let allowance = known.iter().find(|(kind, _)| *kind == vendor).map(|(_, it)| *it);
            let allowance = allowance.unwrap_or_default();
            let calls = calls(vendors, vendor, plan, allowance.records);
            (calls > 0).then(|| Estimate::of(calls, &allowance))
        });
        each.reduce(Estimate::beside)
    }

    /// Has what is known of a company read anew.
    pub(super) fn forget(&self, company_id: &CompanyId) {
        self.kept().remove(company_id);
    }

    async fn of(&self, store: &dyn Store, company_id: &CompanyId) -> Known {
        let fresh =
            |(at, known): &(Instant, Known)| (at.elapsed() < AGE_MAX).then(|| known.clone());
        let kept = self.kept().get(company_id).and_then(fresh);
        if let Some(kept) = kept {
            return kept;
        }
        let windows = match store.windows(company_id).await {
            Ok(windows) => windows,
            Err(error) => {
                tracing::debug!(%company_id, %error, "what is known of limits could not be read");
                return Vec::new();
            }
        };
        let known: Known = windows.iter().map(|it| (it.vendor, allowance(it))).collect();
        let mut kept = self.kept();
        if kept.len() >= COMPANIES_MAX {
            kept.clear();
        }
        kept.insert(company_id.clone(), (Instant::now(), known.clone()));
        known
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<CompanyId, (Instant, Known)>> {
        // A map that is left whole by every method.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn allowance(of: &VendorWindow) -> Allowance {
    let limits = Limits { burst_per_10s: of.burst_per_10s, reserve_percent: of.reserve_percent };
    let learned = of.window.as_deref().and_then(limiter::learned);
    let records = of.window.as_deref().and_then(records::noted);
    Allowance { records, ..limits.allowance(learned.unwrap_or_default()) }
}

/// The calls that a plan takes at a vendor: creates go together, as far as the vendor takes them, and
/// values of records by pages, where it is known how many records there are.
fn calls(vendors: &Vendors, vendor: VendorKind, plan: &PlanView, records: Option<i64>) -> u64 {
    let at_vendor = plan.operations.iter().filter(|call| call.vendor == vendor);
    let (creates, others): (Vec<_>, Vec<_>) =
        at_vendor.partition(|call| matches!(call.effect, Effect::Create(_)));
    let per_call = vendors.get(vendor).map_or(1, |it| it.capabilities().creates_per_call_max);
    let pages = others.iter().map(|call| match call.effect {
        Effect::Carry(_) => Checkpoint::calls_for(records.unwrap_or_default(), false).max(1),
        Effect::Fill(_) => Checkpoint::calls_for(records.unwrap_or_default(), true).max(1),
        _ => 1,
    });
    creates.len().div_ceil(per_call.max(1)) as u64 + pages.sum::<u64>()
}
