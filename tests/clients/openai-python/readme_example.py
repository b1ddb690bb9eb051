"""README's first Python example, run as it stands there on another port."""

import contextlib
import io
import re
from pathlib import Path

from checks import server

README = Path(__file__).resolve().parents[3] / "README.md"
ADDRESS = "ws://127.0.0.1:8080/v1"


def readme_example() -> None:
    example = re.search(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert example, "README.md has no Python example"
    source = example[1]
    assert ADDRESS in source, f"README's example does not connect to {ADDRESS}"
    printed = io.StringIO()
    with server() as url, contextlib.redirect_stdout(printed):
        exec(compile(source.replace(ADDRESS, url), "README.md", "exec"), {})
    assert printed.getvalue() == "You said: Hello\n", printed.getvalue()
