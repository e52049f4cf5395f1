//! Key files: one key as text, which only its owner may read.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Key, KeyError};

/// More than any key file holds.
const LENGTH_MAX: u64 = 4096;
/// The permissions of everyone but the owner.
const OTHERS: u32 = 0o077;

/// Why a key file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It could not be read.
    #[error("the key file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It could not be made.
    #[error("the key file {} cannot be made", path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may use it.
    #[error(
        "the key file {} has mode {mode:03o}: only its owner may read or write it \
         (chmod 600 {})",
        path.display(), path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Its content is no key.
    #[error("the content of the key file {} {error}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: KeyError,
    },
}

/// Reads a key file.
///
/// # Errors
///
/// Fails when it cannot be read, when others than its owner may use it, and when it holds no key.
pub fn read(path: &Path) -> Result<Key, KeyFileError> {
    let unreadable = |source| KeyFileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(io::Error::other("it is not a file")));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LENGTH_MAX).read_to_string(&mut text).map_err(unreadable)?;
    let key =
        Key::parse(&text).map_err(|error| KeyFileError::NoKey { path: path.to_owned(), error })?;
    // Only of a key: nobody should be told to chmod a file that was named by mistake.
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    Ok(key)
}

/// Makes a key file with a new key, readable for its owner alone, and sees it onto the disk.
///
/// The file appears with its whole content or not at all. One that is there already is left as it
/// is, and the call fails with [`io::ErrorKind::AlreadyExists`].
///
/// # Errors
///
/// Fails when the file exists or cannot be written.
pub fn create(path: &Path) -> Result<Key, KeyFileError> {
    let not_made = |source| KeyFileError::NotMade { path: path.to_owned(), source };
    let key = Key::generate().map_err(|error| not_made(io::Error::other(error)))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(not_made)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o600)).map_err(not_made)?;
    let text = key.to_text();
    file.write_all(text.as_bytes()).map_err(not_made)?;
    file.write_all(b"\n").map_err(not_made)?;
    file.as_file().sync_all().map_err(not_made)?;
    file.persist_noclobber(path).map_err(|error| not_made(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(not_made)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_back_and_belongs_to_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gomark.db.key");
        let made = create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().id(), made.id());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_file_that_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = create(&path).unwrap();
        let error = create(&path).unwrap_err();
        assert!(
            matches!(&error, KeyFileError::NotMade { source, .. }
                if source.kind() == io::ErrorKind::AlreadyExists),
            "{error:?}"
        );
        assert_eq!(read(&path).unwrap().id(), first.id());
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused_with_the_rule() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("mode {mode:03o}")), "{error}");
            assert!(error.contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path).is_ok());
    }

    #[test]
    fn a_file_without_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "hello\n").unwrap();
        for mode in [0o600, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path), Err(KeyFileError::NoKey { .. })));
        }
        assert!(matches!(read(folder.path()), Err(KeyFileError::Unreadable { .. })));
        assert!(matches!(read(&path.join("no")), Err(KeyFileError::Unreadable { .. })));
    }
}
