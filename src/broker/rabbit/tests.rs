//! The suite over RabbitMQ, and what only RabbitMQ promises. Each test has names of its own there.

mod library;
mod names;
mod outages;
mod queues;
mod server;
mod shutdown;
mod silence;
mod world;

use super::super::conformance::{Given, conformance};
use world::World;

conformance!(crate::broker::rabbit::tests::fresh);

async fn fresh() -> Option<Given> {
    let world = World::make().await?;
    Some(Given::apart(world.api(), world.executor("holder-1").await, world))
}
