"""The admin API against its own OpenAPI document: requests that schemathesis makes of it, right and wrong.

One run has all parameters of paths made up; one, beside it, has those of a key with open sessions, so that
there is something to do.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks import server

HERE = Path(__file__).parent
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
REQUESTS = 2_000
"""So many there have to be, at least."""

# Scenarios and faults are so large that their cases alone would be thousands.
LARGE = [f"--exclude-operation-id={name}" for name in ("put_scenario", "put_faults", "put_session_faults")]

RUNS = {
    "anything": ["--phases", "coverage,fuzzing", "--max-examples", "15", *LARGE],
    "one_key": ["--phases", "fuzzing", "--max-examples", "50"],
}


def run(name: str, folder: str) -> tuple[str, list[str]]:
    """What schemathesis is not content with, and the answers there were, each as operation and status.

    On a server of its own, for it uses the names it finds there.
    """
    told = Path(folder, f"{name}.statuses")
    options = ["--seed", "1", "--workers", "1", *RUNS[name]]
    options += ["--checks", "all", "--continue-on-failure", "--no-color", "--generation-database", "none"]
    # How fast requests are made up says something of this machine, and nothing of the server.
    options += ["--suppress-health-check", "too_slow"]
    with server() as base:
        environment = os.environ | {
            "MOCK_REALTIME_URL": base,
            "PYTHONPATH": str(HERE),
            "SCHEMATHESIS_HOOKS": "hooks",
            "STATUSES": str(told),
        }
        if name == "one_key":
            environment["KEEP"] = "yes"
        document = base.replace("ws", "http", 1).removesuffix("/v1") + "/_mock/openapi.json"
        done = subprocess.run(
            [SCHEMATHESIS, "--config-file", HERE / f"{name}.toml", "run", document, *options],
            # It leaves files where it runs.
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    return done.stdout if done.returncode else "", told.read_text().splitlines()


def main() -> int:
    start = time.monotonic()
    statuses: dict[str, Counter] = {}
    problems = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        for complaint, told in pool.map(lambda name: run(name, folder), RUNS):
            if complaint:
                problems.append(complaint)
            for operation, status in map(str.split, told):
                statuses.setdefault(operation, Counter())[status] += 1
    for operation, counts in sorted(statuses.items()):
        print(f"{operation:28}", *(f"{status}×{count}" for status, count in sorted(counts.items())))
        if not any(status.startswith("2") for status in counts):
            problems.append(f"{operation} was never done")
        if any(status.startswith("5") for status in counts):
            problems.append(f"{operation} failed inside the server")
    requests = sum(counts.total() for counts in statuses.values())
    if requests < REQUESTS:
        problems.append(f"only {requests} requests")
    print(*problems, sep="\n")
    passed = 0 if problems else 1
    seconds = time.monotonic() - start
    print(f"schemathesis, {requests} requests in {seconds:.0f} s: {passed} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
