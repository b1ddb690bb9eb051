"""Runs README's first Python example as it stands there, against another address.

Usage: readme_example.py BASE_URL
"""

import contextlib
import faulthandler
import io
import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "README.md"
ADDRESS = "ws://127.0.0.1:8080/v1"


def main(base_url: str) -> None:
    example = re.search(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert example, "README.md has no Python example"
    source = example[1]
    assert ADDRESS in source, f"README's example does not connect to {ADDRESS}"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source.replace(ADDRESS, base_url), "README.md", "exec"), {})
    assert printed.getvalue() == "You said: Hello\n", printed.getvalue()
    print("README's example prints what README says")
    print("ok")


if __name__ == "__main__":
    faulthandler.dump_traceback_later(30, exit=True)
    main(*sys.argv[1:])
