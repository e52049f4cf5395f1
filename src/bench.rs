//! A load generator: `gomark bench`, and the measurements below `benches/`.
//!
//! It is a client like any other and knows the service only through its API. It never connects a
//! vendor, so no vendor is ever called; what it registers stays in the database, since nothing in
//! the API removes a company.
//!
//! The set-up goes through the SDK. The calls that are measured go through the generated clients,
//! with the SDK's connections and token but without its repeats, request copies and timers: a
//! repeat would hide a failure, and the others would be measured with the service.

mod companies;
mod compare;
mod measure;
mod pacer;
mod recorder;
mod report;
mod statistics;
mod target;
mod workload;

pub use self::companies::{Companies, FIELDS_MAX, field};
pub use self::compare::{Arm, Block, Compared, LoadArm, Ratio, compare};
pub use self::measure::{Answer, Caller, Ended, Measured, Pace, Plan, Progress, measure};
pub use self::recorder::Latencies;
pub use self::report::{Comparison, Percentiles, Report, RunSettings};
pub use self::statistics::{Interval, median, median_with_interval};
pub use self::target::{Error, Target};
pub use self::workload::{Workload, callers};
