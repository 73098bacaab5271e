//! Makes the release build smaller: it aborts on a panic, so it needs no tables for unwinding the stack.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Leaves out the tables for unwinding. Added to the linker's own script.
const WITHOUT_UNWINDING: &str = "SECTIONS { /DISCARD/ : { *(.eh_frame .eh_frame.*) *(.gcc_except_table .gcc_except_table.*) } } INSERT AFTER .rodata;\n";

fn main() {
    println!("cargo:rerun-if-changed=packaging/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && let Some(argument) = without_unwinding()
    {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}

/// Returns the linker's argument, or `None` if it can't be linked with: mold has no scripts, and the start files of Rust's
/// own musl refer to the tables.
fn without_unwinding() -> Option<String> {
    let directory = PathBuf::from(env::var_os("OUT_DIR")?);
    let script = directory.join("without_unwinding.ld");
    fs::write(&script, WITHOUT_UNWINDING).ok()?;
    let argument = format!("-Wl,-T,{}", script.to_str()?);
    links_with(&argument, &directory)?.then_some(argument)
}

/// Links an empty program in the way that Cargo links pushgw. Returns whether the linker accepts the argument.
fn links_with(argument: &str, directory: &Path) -> Option<bool> {
    let source = directory.join("empty.rs");
    fs::write(&source, "fn main() {}").ok()?;
    let mut rustc = Command::new(env::var_os("RUSTC")?);
    rustc.arg(&source).arg("-o").arg(directory.join("empty")).arg("-Cpanic=abort");
    rustc.arg(format!("-Clink-arg={argument}")).arg("--target").arg(env::var_os("TARGET")?);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={}", linker.to_str()?));
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    Some(rustc.output().ok()?.status.success())
}
