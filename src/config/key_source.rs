//! Where the key comes from.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Database, Faults, KeyOrigin};
use crate::telemetry::chain;
use crate::vault::{Key, KeyFileError, create_key_file, read_key_file};

pub(super) const KEY: &str = "GOMARK_KEY";
pub(super) const KEY_FILE: &str = "--key-file (GOMARK_KEY_FILE)";

/// What decides about a key that nobody gave.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The database, where that is known.
    pub(super) database: Option<&'a Database>,
    /// Whether other machines can reach the service.
    pub(super) beyond_loopback: bool,
}

/// The key, or where it is to be made.
pub(super) enum KeySource {
    Known(Key, KeyOrigin),
    ToMake(PathBuf),
}

impl KeySource {
    /// Returns the key; makes it where it is to be made.
    pub(super) fn get(self) -> Result<(Key, KeyOrigin), KeyFileError> {
        let path = match self {
            Self::Known(key, origin) => return Ok((key, origin)),
            Self::ToMake(path) => path,
        };
        match create_key_file(&path) {
            Ok(key) => Ok((key, KeyOrigin::Made(path))),
            // Another start was faster.
            Err(KeyFileError::NotMade { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists =>
            {
                Ok((read_key_file(&path)?, KeyOrigin::File(path)))
            }
            Err(error) => Err(error),
        }
    }
}

/// Finds the key: in the environment, in the file that is named, or in the one beside the database.
pub(super) fn find(
    text: Option<&Zeroizing<String>>,
    file: Option<&Path>,
    place: Place<'_>,
    faults: &mut Faults,
) -> Option<KeySource> {
    let text = text.filter(|text| !text.trim().is_empty());
    match (text, file) {
        (Some(_), Some(_)) => {
            faults.add(KEY_FILE, "cannot be used together with GOMARK_KEY: give one of them");
            None
        }
        (Some(text), None) => {
            let key = faults.take(KEY, Key::parse(text).map_err(|error| error.to_string()))?;
            Some(KeySource::Known(key, KeyOrigin::Environment))
        }
        (None, Some(path)) => read_file(path, faults),
        (None, None) => {
            let Database::Sqlite(database) = place.database? else {
                faults.add(
                    KEY,
                    "is needed with Postgres, and the same for all processes: set it, or \
                     --key-file, to what `gomark key generate` prints, and keep a copy",
                );
                return None;
            };
            let path = key_file_beside(database);
            match path.try_exists() {
                Ok(false) => absent(path, database, place.beyond_loopback, faults),
                _ => read_file(&path, faults),
            }
        }
    }
}

/// Decides what a missing key file means.
fn absent(
    path: PathBuf,
    database: &Path,
    beyond_loopback: bool,
    faults: &mut Faults,
) -> Option<KeySource> {
    if database.exists() {
        faults.add(
            KEY,
            format!(
                "the database {} is there, but its key is not: set GOMARK_KEY, or put the key into \
                 {}. (Only if no vendor was ever connected may a new one from `gomark key \
                 generate` take its place.)",
                database.display(),
                path.display()
            ),
        );
        None
    } else if beyond_loopback {
        faults.add(
            KEY,
            "is needed beyond loopback: set it, or --key-file, to what `gomark key generate` \
             prints, and keep a copy",
        );
        None
    } else {
        Some(KeySource::ToMake(path))
    }
}

fn read_file(path: &Path, faults: &mut Faults) -> Option<KeySource> {
    let key = faults.take(KEY_FILE, read_key_file(path).map_err(|error| chain(&error)))?;
    Some(KeySource::Known(key, KeyOrigin::File(path.to_owned())))
}

fn key_file_beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    path.into()
}
