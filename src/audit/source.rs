//! Where a log is read from: a database or an export, told apart by what they begin with.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};

use super::database::{Database, Interrupted};
use super::{FaultKind, Head, Report, Verifier, export};
use crate::domain::{CompanyId, Revision};
use crate::hex;
use crate::store::OfflineError;
use crate::store::postgres::PostgresUrl;

const SQLITE_BEGINS: &[u8] = b"SQLite format 3\0";

/// Why a log could not be verified or exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is neither a SQLite database nor an audit export", .0.display())]
    NeitherOfBoth(PathBuf),
    /// The database cannot be read.
    #[error("{} cannot be read as a database of GoMark", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: OfflineError,
    },
    /// The database needs files beside it that could not be made.
    #[error(
        "{} lies in a folder that may not be written, and SQLite needs that even to read it; copy \
         it, with its -wal file if there is one, to another folder", path.display()
    )]
    FolderClosed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: OfflineError,
    },
    /// The database of a server cannot be read.
    #[error("{url} cannot be read as a database of GoMark")]
    Server {
        /// The database.
        url: PostgresUrl,
        /// Why.
        #[source]
        source: OfflineError,
    },
    /// The URL of a server cannot be read. It is not shown: it may hold a password.
    #[error("the URL {0}")]
    Url(String),
    /// The file is an export, where a database is needed.
    #[error("{} is an export, and no database", .0.display())]
    NoDatabase(PathBuf),
    /// The export cannot be written.
    #[error("the export cannot be written")]
    Output(#[source] io::Error),
    /// A company that was asked for is not there.
    #[error("there is no company {0}")]
    NoCompany(CompanyId),
}

/// A head that was kept elsewhere: `COMPANY:REVISION:HASH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The company.
    pub company_id: CompanyId,
    /// The head.
    pub head: Head,
}

impl Witness {
    /// Reads a witness.
    ///
    /// # Errors
    ///
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write COMPANY:REVISION:HASH, the hash as 64 hexadecimal digits".to_owned();
        let mut parts = text.splitn(3, ':');
        let (Some(company), Some(revision), Some(hash)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let company_id = CompanyId::parse(company).map_err(|_| wrong())?;
        let revision = revision.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        let hash = hex::decode::<32>(hash).ok_or_else(wrong)?.to_vec();
        Ok(Self { company_id, head: Head { revision: Revision::new(revision), hash } })
    }
}

/// What of a log is verified.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// The companies; all when empty.
    pub companies: BTreeSet<CompanyId>,
    /// Heads that were kept elsewhere.
    pub witnesses: Vec<Witness>,
}

impl Chosen {
    fn includes(&self, company_id: &CompanyId) -> bool {
        self.companies.is_empty() || self.companies.contains(company_id)
    }

    fn witnesses_of(&self, company_id: &CompanyId) -> Vec<Head> {
        let own = self.witnesses.iter().filter(|witness| witness.company_id == *company_id);
        own.map(|witness| witness.head.clone()).collect()
    }
}

/// Something that holds a log.
#[derive(Clone, Debug)]
pub enum Source {
    /// A SQLite database.
    Sqlite(PathBuf),
    /// A database of a Postgres server.
    Postgres(PostgresUrl),
    /// An export.
    Export(PathBuf),
}

impl Source {
    /// Finds out what a path, a `sqlite:` or a `postgres:` URL leads to.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be read, and when it is neither of both; and when the URL of a
    /// server cannot be read.
    pub fn find(path_or_url: &str) -> Result<Self, Error> {
        if PostgresUrl::is_meant_by(path_or_url) {
            return PostgresUrl::parse(path_or_url).map(Self::Postgres).map_err(Error::Url);
        }
        let stripped = path_or_url.strip_prefix("sqlite:");
        let path = stripped.map_or(path_or_url, |rest| rest.strip_prefix("//").unwrap_or(rest));
        let path = PathBuf::from(path);
        let begins =
            first_bytes(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        if begins == SQLITE_BEGINS {
            Ok(Self::Sqlite(path))
        } else if stripped.is_none() && begins.first() == Some(&b'{') {
            Ok(Self::Export(path))
        } else {
            Err(Error::NeitherOfBoth(path))
        }
    }

    /// Verifies the log, company by company.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be read, and when a company that was asked for is not there. What is
    /// wrong with the log itself stands in the reports.
    pub async fn verify(&self, chosen: &Chosen) -> Result<Vec<Report>, Error> {
        let mut reports = match Database::open(self).await? {
            Ok(database) => verify_database(database, chosen).await?,
            Err(export) => verify_export(export, chosen)?,
        };
        let there: BTreeSet<_> = reports.iter().map(|report| report.company_id.clone()).collect();
        if let Some(absent) = chosen.companies.difference(&there).next() {
            return Err(Error::NoCompany(absent.clone()));
        }
        // Where a witnessed company is gone as a whole, only the witness tells.
        let witnessed: BTreeSet<_> =
            chosen.witnesses.iter().map(|w| w.company_id.clone()).collect();
        for absent in witnessed.difference(&there).filter(|id| chosen.includes(id)) {
            let verifier = Verifier::new(absent.clone(), chosen.witnesses_of(absent));
            reports.push(verifier.finish(None));
        }
        Ok(reports)
    }
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many entries.
    pub entries: u64,
    /// The company's head.
    pub head: Head,
}

impl Source {
    /// Writes the log of a company as JSON lines.
    ///
    /// # Errors
    ///
    /// Fails when this is no database, the company is not there, or `out` fails.
    pub async fn export(
        &self,
        company_id: &CompanyId,
        out: &mut impl Write,
    ) -> Result<Exported, Error> {
        let mut database = match Database::open(self).await? {
            Ok(database) => database,
            Err(export) => return Err(Error::NoDatabase(export.to_owned())),
        };
        let companies = database.companies().await?;
        let claim =
            companies.into_iter().find(|(id, _)| id == company_id).and_then(|(_, claim)| claim);
        let head = claim.map(head).ok_or_else(|| Error::NoCompany(company_id.clone()))?;
        export::write_header(out, company_id, &head).map_err(Error::Output)?;
        let mut entries = 0;
        let write = |row| {
            entries += 1;
            export::write_entry(out, &row).map_err(Interrupted::Output)
        };
        database.entries(company_id, write).await?;
        database.close().await;
        out.flush().map_err(Error::Output)?;
        Ok(Exported { entries, head })
    }
}

fn head((revision, hash): (Revision, Vec<u8>)) -> Head {
    Head { revision, hash }
}

async fn verify_database(mut database: Database, chosen: &Chosen) -> Result<Vec<Report>, Error> {
    let mut reports = Vec::new();
    for (company_id, claim) in database.companies().await? {
        let head = claim.map(head);
        if !chosen.includes(&company_id) {
            continue;
        }
        let mut verifier = Verifier::new(company_id.clone(), chosen.witnesses_of(&company_id));
        if head.is_none() {
            verifier.fault(None, FaultKind::NoCompany);
        }
        let push = |row| {
            verifier.push(&row);
            Ok(())
        };
        database.entries(&company_id, push).await?;
        reports.push(verifier.finish(head.as_ref()));
    }
    database.close().await;
    Ok(reports)
}

fn verify_export(path: &Path, chosen: &Chosen) -> Result<Vec<Report>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut input = BufReader::new(File::open(path).map_err(failed)?);
    let mut reports = export::read(&mut input, &chosen.witnesses).map_err(failed)?;
    reports.retain(|report| chosen.includes(&report.company_id));
    Ok(reports)
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut begins = Vec::new();
    file.take(SQLITE_BEGINS.len() as u64).read_to_end(&mut begins)?;
    Ok(begins)
}
