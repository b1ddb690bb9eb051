"""What the official clients cannot read of what the protocol allows: the table in docs/."""

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path

SECONDS = 900

# A machine that is busy must not look like a client that is silent.
PATIENCE = 20_000

MOST_EVENTS = 3
LONGEST = 90

HEAD = """\
# What clients cannot read

Made by `tests/clients/run --write`, which walks these clients through every variant that
`mock-realtime exercise` has of the events of a conversation; `tests/clients/run` checks that it is
still so. What stands here is valid by OpenAI's document or was seen from its service, but for what is
marked *tomorrow*: fields, values and events that nobody knows yet.

Where an event cannot be read even as the service sends it, its variants are not tried.
"""


def version(folder: Path, package: str) -> str:
    """The version that is pinned."""
    for name in ("requirements.in", "package.json", "Cargo.toml"):
        file = folder / name
        found = file.is_file() and re.search(rf'{package}\W.*?(\d+\.\d+\.\d+)', file.read_text())
        if found:
            return found[1]
    raise LookupError(f"{folder}: no version of {package}")


def exercise(binary: Path, command: list, folder: Path, environment: dict, *options: str) -> dict:
    """The report on a client."""
    done = subprocess.run(
        [str(part) for part in (binary, "exercise", "--reports", "--format", "json", "--patience", PATIENCE, *options, "--", *command)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        env=environment,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the exercise of {folder.name} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def what(failed: dict) -> str:
    """The mutation, and the field by the definition that has it."""
    mutation = failed["mutation"]
    if not failed["place"]:
        flow = re.search(r"@([\w-]+)", failed["variant"])
        return f"{mutation}, in the flow {flow[1]}" if flow and mutation == "unchanged" else mutation
    path, _, form = failed["place"].partition("=")
    fields = [part for part in re.split(r"\.|\[\d+\]", path) if part and part != "added_later"]
    field = f"`{failed['definition']}`"
    if mutation != "unknown-field":
        field = f"`{fields[-1]}` of {field}"
    return f"{mutation}: {field}" + (f" as `{form}`" if form else "")


def said(failed: dict) -> str:
    """What the client says, without what is another one each time."""
    text = re.sub(r"^cannot read \S+: ", "", failed["text"])
    text = re.sub(r"`[\w.]+\.added_later`", "`….added_later`", text)
    text = re.sub(r"integer `\d+`", "integer `…`", text)
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"


def follows(failed: dict, all_failed: list[dict]) -> bool:
    """Whether it fails only because another one does."""
    own = [other for other in all_failed if other["event_type"] == failed["event_type"]]
    places = {kind: [it["place"] for it in own if it["mutation"] == kind] for kind in ("present", "absent")}
    if failed["mutation"] == "all-fields":
        return bool(places["present"])
    if failed["mutation"] == "no-optional-fields":
        return bool(places["absent"])
    return any(re.match(re.escape(place) + r"[.\[=]", failed["place"]) for place in places["present"])


def section(title: str, report: dict) -> str:
    """The rows of a client."""
    rows = defaultdict(list)
    for failed in report["failed"]:
        if follows(failed, report["failed"]):
            continue
        tomorrow = "*tomorrow* " if failed["forward_compatible"] else ""
        events = rows[tomorrow + what(failed), said(failed)]
        if failed["event_type"] not in events:
            events.append(failed["event_type"])
    head = f"## {title}\n\n{report['tried']} variants tried, {len(report['failed'])} not read as they were sent"
    if report["not_tried"]:
        head += f", {report['not_tried']} not tried"
    if not rows:
        return head + ".\n"
    lines = ["| what is sent | in | what it says |", "| --- | --- | --- |"]
    for (sent, answer), events in sorted(rows.items(), key=lambda row: (row[0][0].startswith("*"), row[0])):
        more = f" and {len(events) - MOST_EVENTS} more" if len(events) > MOST_EVENTS else ""
        shown = ", ".join(f"`{event}`" for event in events[:MOST_EVENTS])
        lines.append(f"| {sent} | {shown}{more} | {answer} |")
    return f"{head}.\n\n" + "\n".join(lines) + "\n"
