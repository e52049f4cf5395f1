//! The generated types that the SDK carries are those that the protos give.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::path::Path;
use std::{env, fs};

/// Generates the code from `proto/` and compares it with `sdk/src/gen/gomark.v1.rs`; with
/// `GOMARK_GENERATE=1` (`scripts/generate`) writes it there instead.
#[test]
fn the_committed_code_is_what_the_protos_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compiler = protox::Compiler::new([root.join("proto")]).expect("a folder of protos");
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_files([
            "gomark/v1/config_service.proto",
            "gomark/v1/company_service.proto",
            "gomark/v1/errors.proto",
        ])
        .expect("protos that compile");
    let out_dir = tempfile::tempdir().expect("a temporary folder");
    tonic_prost_build::configure()
        .out_dir(out_dir.path())
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        // What holds a credential is not to be printed by accident: its `Debug` is written by hand.
        .skip_debug([".gomark.v1.HubSpotSettings", ".gomark.v1.UpsoSettings"])
        .compile_fds(compiler.file_descriptor_set())
        .expect("code from descriptors");
    let fresh = fs::read_to_string(out_dir.path().join("gomark.v1.rs")).expect("generated code");
    let committed_path = root.join("sdk/src/gen/gomark.v1.rs");
    if env::var_os("GOMARK_GENERATE").is_some() {
        fs::write(&committed_path, &fresh).expect("a place for the generated code");
    }
    let committed = fs::read_to_string(&committed_path).unwrap_or_default();
    assert!(
        committed == fresh,
        "sdk/src/gen/gomark.v1.rs is out of date: run scripts/generate and commit the result"
    );
}
