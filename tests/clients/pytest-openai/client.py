"""Tests of pytest that share one server, each with a key of its own, run side by side."""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
WORKERS = str(max(2, os.cpu_count() or 2))

command = [sys.executable, "-m", "pytest", "-q", "-n", WORKERS, "-p", "no:cacheprovider", str(HERE)]
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
print(done.stdout)
counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", done.stdout)}
failed = sum(counts.values()) - counts.get("passed", 0)
print(f"pytest with openai (Python): {counts.get('passed', 0)} passed, {failed} failed")
sys.exit(done.returncode)
