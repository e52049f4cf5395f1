//! The queue: jobs are rows, and a process works them off.

use graphile_worker::{JobSpec, RawJobSpec, TaskHandler as _, WorkerUtils};
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::Outcome;
use crate::database::Schema;
use crate::measure::{Arm, Bench};
use crate::process::Process;
use crate::work::{Kind, Portal, in_turn, name};
use crate::worker::{Settings, Write};

#[derive(Debug)]
pub(crate) struct Queue<'a> {
    schema: &'a Schema,
    pool: PgPool,
    settings: Settings,
}

impl<'a> Queue<'a> {
    /// Makes its tables.
    pub(crate) async fn start(
        bench: &Bench,
        schema: &'a Schema,
        in_bulk: bool,
    ) -> Outcome<Queue<'a>> {
        let pool = PgPoolOptions::new().max_connections(2).connect(schema.database_url()).await?;
        let settings = Settings {
            database_url: schema.database_url().to_owned(),
            schema: schema.name.clone(),
            base_url: bench.stand_in.base_url.clone(),
            concurrency: bench.concurrency,
            in_bulk,
        };
        let queue = Self { schema, pool, settings };
        queue.utils().migrate().await?;
        Ok(queue)
    }

    fn utils(&self) -> WorkerUtils {
        WorkerUtils::new(self.pool.clone(), &*self.schema.name)
    }
}

impl Arm for Queue<'_> {
    async fn accept(&self, portals: &[Portal], kind: Kind) -> Outcome<()> {
        let job = |(portal, field): (&Portal, usize)| {
            let write = Write {
                kind,
                token: portal.token.clone(),
                name: name(field),
                label: kind.label(field),
            };
            Ok(RawJobSpec {
                identifier: Write::IDENTIFIER.to_owned(),
                payload: serde_json::to_value(write)?,
                spec: JobSpec::default(),
            })
        };
        let jobs = in_turn(portals).map(job).collect::<Outcome<Vec<_>>>()?;
        self.utils().add_raw_jobs(&jobs).await?;
        Ok(())
    }

    fn start_work(&self) -> Outcome<Process> {
        self.settings.start()
    }

    async fn left(&self) -> Outcome<i64> {
        // What is done is gone; what failed stays until it is tried again.
        self.schema.count("_private_jobs").await
    }
}
