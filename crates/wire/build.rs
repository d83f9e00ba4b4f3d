//! Compiles `proto/` without protoc.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", proto.display());

    let mut compiler = protox::Compiler::new([&proto])?;
    // The comments become rustdoc, and what reflection shows.
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(files(&proto.join("gradus/v1"))?)?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("gradus.v1.bin"), compiler.encode_file_descriptor_set())?;

    tonic_prost_build::configure()
        // Maps are sorted, so that the same message is the same bytes.
        .btree_map(".")
        // What holds a secret is shown without it.
        .skip_debug([
            "gradus.v1.IssueTokenResponse",
            "gradus.v1.RotateTokenResponse",
            "gradus.v1.TestClaimsRequest",
            "gradus.v1.ExportedKeys",
            // People give the secret in place of the id.
            "gradus.v1.RevokeTokenRequest",
        ])
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// The `.proto` files in `folder`, in order: what is built does not depend on the file system.
fn files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "proto"));
    files.sort();
    Ok(files)
}
