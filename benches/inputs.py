"""The inputs of the benchmark scripts. `shapes.rs` writes all but the smallest."""

import os
import pathlib
import subprocess

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path(__file__).resolve().parent.parent / "target"))
# Both builds write the same bytes; `cargo test` builds the debug one.
BUILT = [TARGET / profile / "examples" / "shapes" for profile in ("release", "debug")]


def program():
    """The example `shapes`: `cargo build --release --locked --example shapes`."""
    return next((path for path in BUILT if path.exists()), BUILT[0])


def write(path, shape, series):
    """Writes a text of this shape with that many series."""
    with open(path, "wb") as file:
        subprocess.run([program(), shape, str(series)], stdout=file, check=True)


def small(path):
    """Three series, as a typical job pushes them."""
    path.write_text("backup_seconds 12.5\nbackup_size_bytes 3e9\nbackup_files 4421\n", encoding="ascii")
