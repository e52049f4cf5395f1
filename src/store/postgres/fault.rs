//! What a failure of the database means for what was being done.

use sqlx::Error as Sql;

use crate::store::Error;

/// The transaction was undone, through nothing that it did: the same may succeed if it is done anew.
#[derive(Debug, thiserror::Error)]
#[error("the transaction was undone")]
struct Undone(#[source] Sql);

/// Tells whether the database undid a transaction that is worth trying again.
pub(super) fn was_undone(error: &Error) -> bool {
    matches!(error, Error::Unavailable(error) if error.is::<Undone>())
}

/// What a failure before the COMMIT means: whatever it was, nothing of the transaction is left.
pub(super) fn failed(error: Sql) -> Error {
    match error {
        Sql::ColumnDecode { .. } | Sql::Decode(_) => Error::Corrupt(error.to_string()),
        error if is_passing(&error) => undone(error),
        error => unknown(error),
    }
}

/// There is no session to be had.
pub(super) fn of_pool(error: Sql) -> Error {
    unknown(error)
}

/// The transaction is known to be undone.
pub(super) fn undone(error: Sql) -> Error {
    Error::Unavailable(Box::new(Undone(error)))
}

/// Nobody should try that again without looking.
pub(super) fn unknown(error: Sql) -> Error {
    Error::Unavailable(Box::new(error))
}

/// Tells whether the session is gone: the way to the server, or the server's end of it.
pub(super) fn is_session_lost(error: &Sql) -> bool {
    match error {
        Sql::Io(_) => true,
        Sql::Database(error) => match error.code().as_deref() {
            // The server shuts down, crashed, starts; or it ended a transaction that stood still.
            Some("57P01" | "57P02" | "57P03" | "25P03") => true,
            code => code.is_some_and(|code| code.starts_with("08")),
        },
        _ => false,
    }
}

/// Tells whether the same may succeed if it is done anew at once.
///
/// A lock that was not free in time is not among it: in a batch, that would let one company hold up
/// the others once more. Whoever asked takes the batch apart.
fn is_passing(error: &Sql) -> bool {
    let Sql::Database(database) = error else { return is_session_lost(error) };
    match database.code().as_deref() {
        // No serial order; a deadlock; somebody else was faster, which the next attempt sees.
        Some("40001" | "40P01" | "23505") => true,
        _ => is_session_lost(error),
    }
}
