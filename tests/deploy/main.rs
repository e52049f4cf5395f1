//! What GoMark is deployed with: the image, the composition, the manifests of Kubernetes.
//!
//! No container engine and no cluster is needed: files are checked against their schemas and against
//! the program itself, and the composition's processes are started as they would be there, on this
//! machine.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

mod calls;
mod composed;
mod composition;
mod image;
mod manifests;
mod migrate;
mod objects;
mod program;
#[path = "../support/python.rs"]
mod python;
#[path = "../support/schema.rs"]
mod schema;
mod servers;
mod service;

/// Reads, of each path, the documents of a file or what kustomize makes of a folder; `None` where
/// nothing can.
async fn documents(paths: &[&str]) -> Option<Vec<Vec<serde_json::Value>>> {
    let told = python::run("deploy/check.py", paths).await?;
    let documents: Option<_> = serde_json::from_str(&told).unwrap();
    if documents.is_none() {
        assert!(std::env::var_os("CI").is_none(), "GOMARK_TEST_KUBECTL must be set in CI");
        eprintln!("SKIPPED: {paths:?} were not tried, there is no kubectl");
    }
    documents
}
