"""The texts that the scripts push and check. All shapes but the smallest are written by `shapes.rs`."""

import os
import pathlib
import subprocess

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path(__file__).resolve().parent.parent / "target"))
# It writes the same however it was built; `cargo test` builds the slower one.
BUILT = [TARGET / profile / "examples" / "shapes" for profile in ("release", "debug")]


def program():
    """The example `shapes`: `cargo build --release --locked --example shapes`."""
    return next((path for path in BUILT if path.exists()), BUILT[0])


def write(path, shape, series):
    """Writes the text of this shape with so many series."""
    with open(path, "wb") as file:
        subprocess.run([program(), shape, str(series)], stdout=file, check=True)


def small(path):
    """Three series, as a job has them to say."""
    path.write_text("backup_seconds 12.5\nbackup_size_bytes 3e9\nbackup_files 4421\n", encoding="ascii")
