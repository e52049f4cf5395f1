//! The generated code that is committed is what the protos give: the types of the SDK, and the server
//! trait whose GetConfig answers bytes.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic

use std::path::Path;
use std::{env, fs};

use prost_types::{DescriptorProto, FileDescriptorSet};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn descriptors() -> FileDescriptorSet {
    let mut compiler =
        protox::Compiler::new([Path::new(ROOT).join("proto")]).expect("a folder of protos");
    compiler.include_imports(true).include_source_info(true);
    compiler
        .open_files([
            "gomark/v1/config_service.proto",
            "gomark/v1/company_service.proto",
            "gomark/v1/drift_service.proto",
            "gomark/v1/errors.proto",
        ])
        .expect("protos that compile");
    compiler.file_descriptor_set()
}

/// Generates code and compares it with what is committed; with `GOMARK_GENERATE=1`
/// (`scripts/generate`) writes it there instead.
fn check(committed: &str, builder: tonic_prost_build::Builder, descriptors: FileDescriptorSet) {
    let out_dir = tempfile::tempdir().expect("a temporary folder");
    builder.out_dir(out_dir.path()).compile_fds(descriptors).expect("code from descriptors");
    let fresh = fs::read_to_string(out_dir.path().join("gomark.v1.rs")).expect("generated code");
    let path = Path::new(ROOT).join(committed);
    if env::var_os("GOMARK_GENERATE").is_some() {
        fs::write(&path, &fresh).expect("a place for the generated code");
    }
    let present = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        present == fresh,
        "{committed} is out of date: run scripts/generate and commit the result"
    );
}

#[test]
fn the_types_of_the_sdk_are_what_the_protos_give() {
    let builder = tonic_prost_build::configure()
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        // What holds a credential is not to be printed by accident: its `Debug` is written by hand.
        .skip_debug([
            ".gomark.v1.HubSpotSettings",
            ".gomark.v1.HubSpotOAuth",
            ".gomark.v1.UpsoSettings",
        ]);
    check("sdk/src/gen/gomark.v1.rs", builder, descriptors());
}

/// The server's own trait: the messages are those of the SDK, but GetConfig answers bytes that were
/// encoded before.
#[test]
fn the_server_trait_is_what_the_protos_give() {
    let mut descriptors = descriptors();
    for file in &mut descriptors.file {
        file.service.retain(|service| service.name() == "ConfigService");
        for service in &mut file.service {
            let methods = service.method.iter_mut();
            for method in methods.filter(|method| method.name() == "GetConfig") {
                method.output_type = Some(".gomark.v1.Encoded".to_owned());
                let name = Some("Encoded".to_owned());
                file.message_type.push(DescriptorProto { name, ..DescriptorProto::default() });
            }
        }
    }
    let builder = tonic_prost_build::configure()
        .build_client(false)
        .extern_path(".gomark.v1", "::gomark_sdk::v1")
        .extern_path(".gomark.v1.Encoded", "crate::api::grpc::encoded::Encoded");
    check("src/api/grpc/gen/gomark.v1.rs", builder, descriptors);
}
