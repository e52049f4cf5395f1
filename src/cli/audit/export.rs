//! `gomark audit export`.

use std::io::{self, BufWriter};
use std::path::Path;

use tempfile::NamedTempFile;

use super::ExportArgs;
use crate::audit::{Exported, Source};
use crate::cli::{Error, Exit};
use crate::domain::CompanyId;
use crate::hex;

pub(super) async fn run(args: ExportArgs) -> Result<Exit, Error> {
    let source = Source::find(&args.database)?;
    let exported = match &args.output {
        Some(path) => to_file(&source, &args.company, path).await?,
        None => source.export(&args.company, &mut BufWriter::new(io::stdout())).await?,
    };
    let Exported { entries, head } = exported;
    let (company, hash) = (&args.company, hex::encode(&head.hash));
    eprintln!("Exported {entries} entries; the head is {company}:{}:{hash}", head.revision);
    Ok(Exit::Done)
}

/// Writes to a new file, which appears with its whole content or not at all.
async fn to_file(source: &Source, company_id: &CompanyId, path: &Path) -> Result<Exported, Error> {
    let failed = |source| Error::NewFile { path: path.to_owned(), source };
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let exported = source.export(company_id, &mut out).await?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(exported)
}
