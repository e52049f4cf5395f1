//! How many files and connections this process may have open.
//!
//! Systems give a process few to begin with (1,024 in most) and let it have more when it asks: the
//! low number is for programs that still use `select`.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is needed beside the connections of callers: the database, vendors, the log.
const OTHERS: u64 = 256;

/// Asks for as many as the system lets this process have, and logs when that is too few for so many
/// connections.
pub(crate) fn raise(connections_max: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    // Some systems say that there is no limit and have one.
    let given = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    let needed = (connections_max as u64).saturating_add(OTHERS);
    if let Some(given) = given.filter(|given| *given < needed) {
        tracing::warn!(
            "this process may have {given} files and connections open, which is too few for \
             --connections {connections_max}: raise the limit (ulimit -n), or lower the setting"
        );
    }
}
