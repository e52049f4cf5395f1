//! A database that holds a log, of either kind, as it was at one moment.

use std::io;
use std::path::{Path, PathBuf};

use super::source::{Error, Source};
use crate::domain::CompanyId;
use crate::store::{Claim, OfflineError, StoredEntry, postgres, sqlite};

/// A database that is open for reading. Its errors say which one it is.
pub(super) struct Database {
    place: Place,
    reader: Reader,
}

enum Place {
    File(PathBuf),
    Server(postgres::PostgresUrl),
}

enum Reader {
    Sqlite(sqlite::Offline),
    Postgres(postgres::Offline),
}

/// Why reading ended early.
pub(super) enum Interrupted {
    Database(OfflineError),
    Output(io::Error),
}

impl From<OfflineError> for Interrupted {
    fn from(error: OfflineError) -> Self {
        Self::Database(error)
    }
}

impl Database {
    /// Opens the database of a source; answers the path where it is an export.
    pub(super) async fn open(source: &Source) -> Result<Result<Self, &Path>, Error> {
        let (place, reader) = match source {
            Source::Sqlite(path) => {
                let reader = sqlite::Offline::open(path).await.map(Reader::Sqlite);
                (Place::File(path.clone()), reader)
            }
            Source::Postgres(url) => {
                let reader = postgres::Offline::open(url).await.map(Reader::Postgres);
                (Place::Server(url.clone()), reader)
            }
            Source::Export(path) => return Ok(Err(path)),
        };
        match reader {
            Ok(reader) => Ok(Ok(Self { place, reader })),
            Err(error) => Err(place.error(error)),
        }
    }

    /// Lists the companies, with where their logs should end.
    pub(super) async fn companies(&mut self) -> Result<Vec<Claim>, Error> {
        let companies = match &mut self.reader {
            Reader::Sqlite(reader) => reader.companies().await,
            Reader::Postgres(reader) => reader.companies().await,
        };
        companies.map_err(|error| self.place.error(error))
    }

    /// Hands each entry of a company to `take`, in the order of the revisions.
    pub(super) async fn entries(
        &mut self,
        company_id: &CompanyId,
        take: impl FnMut(StoredEntry) -> Result<(), Interrupted>,
    ) -> Result<(), Error> {
        let read = match &mut self.reader {
            Reader::Sqlite(reader) => reader.entries(company_id, take).await,
            Reader::Postgres(reader) => reader.entries(company_id, take).await,
        };
        read.map_err(|interrupted| match interrupted {
            Interrupted::Database(error) => self.place.error(error),
            Interrupted::Output(error) => Error::Output(error),
        })
    }

    /// Lets go of it.
    pub(super) async fn close(self) {
        match self.reader {
            Reader::Sqlite(reader) => reader.close().await,
            Reader::Postgres(reader) => reader.close().await,
        }
    }
}

impl Place {
    fn error(&self, source: OfflineError) -> Error {
        match self {
            Self::File(path) if source.is_folder_closed() => {
                Error::FolderClosed { path: path.clone(), source }
            }
            Self::File(path) => Error::Database { path: path.clone(), source },
            Self::Server(url) => Error::Server { url: url.clone(), source },
        }
    }
}
