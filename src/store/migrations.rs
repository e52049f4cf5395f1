//! What brings tables up to date, the same for all databases.
//!
//! Migrations only add, and what they add the version before can do without. So a process of that
//! version may go on, and start anew, beside tables that are newer than it knows.

use std::fmt;

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};

/// What a process that opens a database may do about tables that are not up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// It brings them up to date.
    Update,
    /// It leaves them as they are, and does not open the database.
    Require,
}

/// A migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// What it is about.
    pub description: String,
}

impl Step {
    fn of(migration: &Migration) -> Self {
        let description = migration.description.clone().into_owned();
        Self { version: migration.version, description }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04} {}", self.version, self.description)
    }
}

/// What became of tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The migrations that were carried out just now.
    pub steps: Vec<Step>,
    /// The number of the latest migration that this version has.
    pub version: i64,
}

/// Brings tables up to date. Processes that do so at the same time take turns.
pub(super) async fn update<C: Migrate>(
    mut migrator: Migrator,
    session: &mut C,
) -> Result<Updated, MigrateError> {
    // Our own lock lies around more: what others did meanwhile is not our doing.
    migrator.set_locking(false);
    migrator.set_ignore_missing(true);
    session.lock().await?;
    session.ensure_migrations_table(&migrator.table_name).await?;
    let steps = missing(&migrator, session).await?;
    migrator.run_direct(None, session, false).await?;
    session.unlock().await?;
    let version = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    Ok(Updated { steps, version })
}

/// Returns the migrations that tables lack, all of them where there are no tables at all. Nothing
/// is changed.
///
/// Fails where they are not ours, or a migration was not carried out to its end.
pub(super) async fn missing_from<C: Migrate>(
    migrator: &Migrator,
    session: &mut C,
    has_tables: bool,
) -> Result<Vec<Step>, MigrateError> {
    match has_tables {
        true => missing(migrator, session).await,
        false => Ok(all(migrator)),
    }
}

async fn missing<C: Migrate>(
    migrator: &Migrator,
    session: &mut C,
) -> Result<Vec<Step>, MigrateError> {
    if let Some(version) = session.dirty_version(&migrator.table_name).await? {
        return Err(MigrateError::Dirty(version));
    }
    let applied = session.list_applied_migrations(&migrator.table_name).await?;
    let mut missing = Vec::new();
    for migration in migrator.iter() {
        match applied.iter().find(|one| one.version == migration.version) {
            None => missing.push(Step::of(migration)),
            Some(one) if one.checksum == migration.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(migration.version)),
        }
    }
    Ok(missing)
}

/// Returns all migrations that there are.
pub(super) fn all(migrator: &Migrator) -> Vec<Step> {
    migrator.iter().map(Step::of).collect()
}

/// Names migrations that are missing, in one line.
pub(super) fn names(steps: &[Step]) -> String {
    steps.iter().map(Step::to_string).collect::<Vec<_>>().join(", ")
}
