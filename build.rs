//! Makes the descriptor set that gRPC reflection serves, without a protoc installed.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=migrations");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files([
        "gomark/v1/config_service.proto",
        "gomark/v1/company_service.proto",
        "gomark/v1/drift_service.proto",
        "gomark/v1/errors.proto",
    ])?;
    fs::write(out_dir.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    Ok(())
}
