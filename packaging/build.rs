//! Makes the release build smaller. It aborts on a panic, so nothing looks up the tables for unwinding by their index.
//! Functions with the same code are merged if the linker can do so, as lld can.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

const MERGE_FUNCTIONS: &str = "-Wl,--icf=all";

fn main() {
    println!("cargo:rerun-if-changed=packaging/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        if links_with(MERGE_FUNCTIONS).is_some() {
            println!("cargo:rustc-link-arg-bins={MERGE_FUNCTIONS}");
        }
    }
}

/// Links an empty program in the way that Cargo links pushgw. Returns `None` if the linker rejects this argument.
fn links_with(argument: &str) -> Option<()> {
    let directory = PathBuf::from(env::var_os("OUT_DIR")?);
    let source = directory.join("empty.rs");
    fs::write(&source, "fn main() {}").ok()?;
    let mut rustc = Command::new(env::var_os("RUSTC")?);
    rustc.arg(source).arg("-o").arg(directory.join("empty")).arg(format!("-Clink-arg={argument}"));
    rustc.arg("--target").arg(env::var_os("TARGET")?);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={}", linker.to_str()?));
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    rustc.output().ok()?.status.success().then_some(())
}
