//! Looks names up, and keeps only the addresses that the policy lets a name lead to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::vendors::hosts::HostPolicy;

#[derive(Debug)]
pub(super) struct Resolver {
    policy: Arc<HostPolicy>,
}

impl Resolver {
    pub(super) fn new(policy: Arc<HostPolicy>) -> Self {
        Self { policy }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.policy.reach_of_name(name.as_str());
        Box::pin(async move {
            let forbidden = || io::Error::other("the name leads to no address that may be called");
            let reach = reach.ok_or_else(forbidden)?;
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> =
                found.filter(|address| reach.includes(address.ip())).collect();
            if kept.is_empty() {
                return Err(forbidden().into());
            }
            let addresses: Addrs = Box::new(kept.into_iter());
            Ok(addresses)
        })
    }
}
