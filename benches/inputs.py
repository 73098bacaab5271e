"""The texts that the benchmarks push and check, generated: one function a shape, each writing `count` of its thing."""


def series(path, count):
    """One family with `count` series of four labels, about 96 bytes each."""
    with open(path, "w", encoding="ascii") as file:
        file.write("# TYPE http_requests_total counter\n")
        for i in range(count):
            file.write(
                f'http_requests_total{{method="GET",path="/api/v1/users/{i}",status="200",host="web-{i % 100:02}"}} {i}\n'
            )


def bare(path, count):
    """`count` series with the one label that tells them apart: the shortest lines there are."""
    with open(path, "w", encoding="ascii") as file:
        file.write("# TYPE queue_length gauge\n")
        for i in range(count):
            file.write(f'queue_length{{id="{i}"}} {i}\n')


def many_labels(path, count):
    """`count` series of thirty labels each."""
    rest = ",".join(f'label_{number:02}="value {number}"' for number in range(29))
    with open(path, "w", encoding="ascii") as file:
        file.write("# TYPE wide_value gauge\n")
        for i in range(count):
            file.write(f'wide_value{{id="{i}",{rest}}} {i}\n')


def families(path, count):
    """`count` gauges with one series each."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(count):
            file.write(f"# HELP job_value_{i} A value.\n# TYPE job_value_{i} gauge\njob_value_{i} {i}.5\n")


def histograms(path, count):
    """`count` histograms of one family, with ten buckets each."""
    with open(path, "w", encoding="ascii") as file:
        file.write("# TYPE latency_seconds histogram\n")
        for i in range(count):
            for le in ("0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "+Inf"):
                file.write(f'latency_seconds_bucket{{path="/p/{i}",le="{le}"}} 7\n')
            file.write(f'latency_seconds_sum{{path="/p/{i}"}} 3.5\nlatency_seconds_count{{path="/p/{i}"}} 7\n')


def long_values(path, count):
    """`count` series whose one label has 4 KiB."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(count):
            file.write(f'query_seconds{{sql="{"select " * 580}{i}"}} 1\n')


def small(path):
    """Three series, as a job has them to say."""
    path.write_text("backup_seconds 12.5\nbackup_size_bytes 3e9\nbackup_files 4421\n", encoding="ascii")
