//! GoMark: a process that accepts, and another one that carries out.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use gomark_sdk::v1::Field;
use gomark_sdk::{Client, Code, RetryPolicy, fields};
use tokio::process::Command;

use crate::Outcome;
use crate::database::Schema;
use crate::measure::{Arm, Bench};
use crate::process::{Process, free_port};
use crate::work::{Kind, Portal, in_turn, name};

const READY: Duration = Duration::from_secs(60);
/// How many calls are under way while work is accepted, which is not measured.
const ACCEPT_AT_ONCE: usize = 32;

#[derive(Debug)]
pub(crate) struct Gomark<'a> {
    program: PathBuf,
    schema: &'a Schema,
    key: String,
    vendor_host: String,
    api: Process,
    client: Client,
}

impl<'a> Gomark<'a> {
    /// Starts the process that accepts, and connects every company with its portal.
    pub(crate) async fn start(
        bench: &Bench,
        schema: &'a Schema,
        portals: &[Portal],
    ) -> Outcome<Gomark<'a>> {
        let key = generate_key(&bench.gomark).await?;
        let vendor_host = bench.stand_in.base_url.clone();
        let (api, endpoint) = serve(&bench.gomark, schema, &key, &vendor_host, "api")?;
        let client = answers(&endpoint).await?;
        let arm = Self { program: bench.gomark.clone(), schema, key, vendor_host, api, client };
        arm.at_once(portals.iter().map(|portal| arm.connect(portal))).await?;
        Ok(arm)
    }

    async fn connect(&self, portal: &Portal) -> Outcome<()> {
        self.client.register_company(&portal.company_id).await?;
        let connect = self.client.connect_hubspot(&portal.company_id, &portal.token);
        connect.base_url(&self.vendor_host).await?;
        Ok(())
    }

    async fn decide(&self, portal: &Portal, field: usize, kind: Kind) -> Outcome<()> {
        let (company_id, label) = (&portal.company_id, kind.label(field));
        match kind {
            Kind::Create => {
                let field = Field { name: name(field), ..fields::text(label) };
                self.client.add_field(company_id, field).await?;
            }
            Kind::Change => {
                let change = Field { label, ..Field::default() };
                self.client.modify_field(company_id, name(field), change).await?;
            }
        }
        Ok(())
    }

    async fn at_once(
        &self,
        calls: impl Iterator<Item = impl Future<Output = Outcome<()>>>,
    ) -> Outcome<()> {
        futures::stream::iter(calls).buffer_unordered(ACCEPT_AT_ONCE).try_collect().await
    }

    pub(crate) async fn end(self) -> Outcome<()> {
        self.api.end().await
    }
}

impl Arm for Gomark<'_> {
    async fn accept(&self, portals: &[Portal], kind: Kind) -> Outcome<()> {
        let calls = in_turn(portals).map(|(portal, field)| self.decide(portal, field, kind));
        self.at_once(calls).await
    }

    fn start_work(&self) -> Outcome<Process> {
        let (process, _) =
            serve(&self.program, self.schema, &self.key, &self.vendor_host, "executor")?;
        Ok(process)
    }

    async fn left(&self) -> Outcome<i64> {
        self.schema.count("jobs WHERE ended_at IS NULL").await
    }
}

/// Starts a process of a role; returns also where it serves.
fn serve(
    program: &Path,
    schema: &Schema,
    key: &str,
    vendor_host: &str,
    role: &str,
) -> Outcome<(Process, String)> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let mut command = Command::new(program);
    command
        .args(["serve", "--log=error", "--role", role])
        .args(["--listen", &listen])
        .args(["--vendor-host", vendor_host]);
    let settings = [("DATABASE_URL", &*schema.url()), ("GOMARK_KEY", key)];
    Ok((Process::start(command, &settings)?, format!("http://{listen}")))
}

/// Asks until GoMark answers.
async fn answers(endpoint: &str) -> Outcome<Client> {
    let began_at = Instant::now();
    loop {
        let client = Client::builder(endpoint).retry(RetryPolicy::none()).connect().await;
        let error = match client {
            Ok(client) => match client.get_config("nobody").await {
                Err(error) if error.code() == Some(Code::NotFound) => return Ok(client),
                Err(error) => error,
                Ok(_) => return Err("there is a company called nobody".into()),
            },
            Err(error) => error,
        };
        if began_at.elapsed() > READY {
            return Err(error.into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn generate_key(program: &Path) -> Outcome<String> {
    let output = Command::new(program).args(["key", "generate"]).output().await?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
