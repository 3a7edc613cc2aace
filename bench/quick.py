"""Run the most important measurements in under four minutes, to notice a change for the worse.

Every measurement runs once, with a small load. The figures of docs/performance.md come from the
full measurements (`make bench`). Run with `make bench-quick`.
"""

import subprocess
import sys
import time

PARTS = (
    ("Taking records in", ("bench.ingest", "--runs", "1", "--points", "0.25")),
    ("Growth", ("bench.growth", "--most", "30000")),
    ("A poor line", ("bench.line", "--speed", "20")),
    ("A conference morning", ("bench.morning", "--seconds", "10")),
    ("Building the portal", ("bench.build", "--runs", "1")),
    ("A tap at the kiosk", ("bench.kiosk",)),
)


def main() -> int:
    """Run every measurement, and return 1 if one of them failed or missed its aim, else 0."""
    began_s = time.monotonic()
    worst = 0
    for title, (module, *options) in PARTS:
        print(f"\n== {title}", flush=True)
        command = [sys.executable, "-m", module, *options]
        finished = subprocess.run(command, stderr=subprocess.DEVNULL)
        if finished.returncode:
            print(f"({module} ended with {finished.returncode})")
            worst = 1
    print(f"\n{time.monotonic() - began_s:.0f} s in all")
    return worst


if __name__ == "__main__":
    sys.exit(main())
