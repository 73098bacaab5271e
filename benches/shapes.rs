//! Inputs for the micro benchmarks and, through `shapes_main.rs`, for the scripts.
//!
//! The same shape and number of series always result in the same bytes. Lines are written one at a time, so even a
//! gigabyte needs almost no memory.

use std::io::{self, Write};

/// A kind of text.
pub(crate) struct Shape {
    /// The name on the command line of `shapes`.
    pub(crate) name: &'static str,
    /// A description, for the list of shapes.
    #[allow(dead_code, reason = "only shapes_main.rs lists them")]
    pub(crate) about: &'static str,
    write: fn(&mut dyn Write, usize) -> io::Result<()>,
}

/// All shapes.
pub(crate) const SHAPES: [Shape; 10] = [
    Shape { name: "series", about: "one family, four labels, 96 bytes a line", write: series },
    Shape { name: "bare", about: "families without labels or metadata, 18 bytes a line", write: bare },
    Shape { name: "short", about: "one family, one short label, 18 bytes a line", write: short },
    Shape {
        name: "families",
        about: "each series in a family of its own, with HELP and TYPE",
        write: families,
    },
    Shape {
        name: "small-families",
        about: "ten series to a family, with HELP and TYPE",
        write: small_families,
    },
    Shape { name: "histograms", about: "one family of histograms with ten buckets each", write: histograms },
    Shape { name: "wide", about: "one family, thirty labels a series", write: wide },
    Shape { name: "long-values", about: "one family, one label value of 4 KiB", write: long_values },
    Shape {
        name: "one-line",
        about: "one series, with as many labels as others have series",
        write: one_line,
    },
    Shape {
        name: "groups",
        about: "for `push --groups`: a group for each series, with a carriage return to repair in each line",
        write: groups,
    },
];

/// Returns the shape with this name.
pub(crate) fn named(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.name == name)
}

impl Shape {
    /// Writes a text with this many series.
    pub(crate) fn write(&self, to: &mut dyn Write, series: usize) -> io::Result<()> {
        (self.write)(to, series)
    }

    /// Returns a text with this many series.
    #[allow(dead_code, reason = "shapes_main.rs only writes")]
    pub(crate) fn text(&self, series: usize) -> Vec<u8> {
        let mut text = Vec::new();
        self.write(&mut text, series).expect("writing to a vector cannot fail");
        text
    }
}

fn series(to: &mut dyn Write, count: usize) -> io::Result<()> {
    writeln!(to, "# TYPE http_requests_total counter")?;
    for i in 0..count {
        let host = i % 100;
        writeln!(
            to,
            r#"http_requests_total{{method="GET",path="/api/v1/users/{i}",status="200",host="web-{host:02}"}} {i}"#
        )?;
    }
    Ok(())
}

fn bare(to: &mut dyn Write, count: usize) -> io::Result<()> {
    (0..count).try_for_each(|i| writeln!(to, "job_value_{i} 1"))
}

fn short(to: &mut dyn Write, count: usize) -> io::Result<()> {
    (0..count).try_for_each(|i| writeln!(to, r#"up{{app="{i}"}} 1"#))
}

fn families(to: &mut dyn Write, count: usize) -> io::Result<()> {
    (0..count).try_for_each(|i| {
        writeln!(to, "# HELP job_value_{i} A value.\n# TYPE job_value_{i} gauge\njob_value_{i} {i}.5")
    })
}

fn small_families(to: &mut dyn Write, count: usize) -> io::Result<()> {
    for i in 0..count {
        let (family, disk) = (i / 10, i % 10);
        if disk == 0 {
            writeln!(to, "# HELP disk_value_{family} A value.\n# TYPE disk_value_{family} gauge")?;
        }
        writeln!(to, r#"disk_value_{family}{{disk="sd{disk}",host="web-01"}} {i}.5"#)?;
    }
    Ok(())
}

fn histograms(to: &mut dyn Write, count: usize) -> io::Result<()> {
    const BUCKETS: [&str; 10] = ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "+Inf"];
    writeln!(to, "# TYPE latency_seconds histogram")?;
    // `count` is the number of lines, as in the other shapes.
    for i in 0..count.div_ceil(BUCKETS.len() + 2) {
        for le in BUCKETS {
            writeln!(to, r#"latency_seconds_bucket{{path="/p/{i}",le="{le}"}} 7"#)?;
        }
        writeln!(to, r#"latency_seconds_sum{{path="/p/{i}"}} 3.5"#)?;
        writeln!(to, r#"latency_seconds_count{{path="/p/{i}"}} 7"#)?;
    }
    Ok(())
}

fn wide(to: &mut dyn Write, count: usize) -> io::Result<()> {
    for i in 0..count {
        write!(to, "build_info{{")?;
        for label in 0..30 {
            write!(to, r#"label_{label:02}="value {}","#, i + label)?;
        }
        writeln!(to, "}} 1")?;
    }
    Ok(())
}

fn long_values(to: &mut dyn Write, count: usize) -> io::Result<()> {
    let words = "select ".repeat(580);
    (0..count).try_for_each(|i| writeln!(to, r#"query_seconds{{sql="{words}{i}"}} 1"#))
}

fn one_line(to: &mut dyn Write, count: usize) -> io::Result<()> {
    write!(to, "labels_info{{")?;
    (0..count).try_for_each(|i| write!(to, r#"label_{i}="value {i}","#))?;
    writeln!(to, "}} 1")
}

fn groups(to: &mut dyn Write, count: usize) -> io::Result<()> {
    (0..count)
        .try_for_each(|i| write!(to, "# pushgw group /metrics/job/batch-{i}\r\n# TYPE a gauge\r\na {i}\r\n"))
}
