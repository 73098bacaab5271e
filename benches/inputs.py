"""The inputs of the benchmark scripts. `shapes.rs` writes all of them except the smallest."""

import os
import pathlib
import subprocess

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path(__file__).resolve().parent.parent / "target"))
# Both builds write the same bytes. `cargo test` builds only the debug one.
BUILT = [TARGET / profile / "examples" / "shapes" for profile in ("release", "debug")]


def program():
    """Returns the example `shapes`, built by `cargo build --release --locked --example shapes`."""
    return next((path for path in BUILT if path.exists()), BUILT[0])


def write(path, shape, series):
    """Writes a text of this shape with this many series."""
    with open(path, "wb") as file:
        subprocess.run([program(), shape, str(series)], stdout=file, check=True)


def small(path):
    """Writes three series, as pushed by a typical job."""
    path.write_text("backup_seconds 12.5\nbackup_size_bytes 3e9\nbackup_files 4421\n", encoding="ascii")
