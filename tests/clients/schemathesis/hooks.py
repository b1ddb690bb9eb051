"""What schemathesis does beside its requests: keeps sessions there, waits for moments only, rings nobody
elsewhere, and writes down what was answered."""

import os

import schemathesis
from keeper import KEPT, Keeper

told = open(os.environ["STATUSES"], "a", buffering=1)
keeper = Keeper(os.environ["MOCK_REALTIME_URL"]) if "KEEP" in os.environ else None

MOMENT = 20
"""Milliseconds."""

LONGEST = 60_000
"""What a wait may be at most, in milliseconds."""

NOBODY = "http://127.0.0.1:9/"
"""Where no app listens."""


def shortened(timeout):
    """A moment, unless it is no time that can be waited for."""
    is_time = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    return MOMENT if is_time and MOMENT <= timeout <= LONGEST else timeout


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    if keeper:
        keeper.keep()
    body, path = case.body, case.operation.path
    if keeper and case.path_parameters.get("call") == KEPT:
        case.path_parameters["call"] = keeper.call
    if path.endswith("/wait") and isinstance(body, dict):
        body["timeout_ms"] = shortened(body.get("timeout_ms", MOMENT))
    if path == "/calls/{call}" and "after" in case.query:
        case.query["timeout_ms"] = shortened(case.query.get("timeout_ms", MOMENT))
    if path.endswith("/calls") and isinstance(body, dict) and isinstance(body.get("webhook"), dict):
        url = body["webhook"].get("url")
        if isinstance(url, str) and url.startswith("http"):
            body["webhook"]["url"] = NOBODY


@schemathesis.hook
def after_call(context, case, response) -> None:
    operation = case.operation.definition.raw["operationId"]
    told.write(f"{operation} {response.status_code}\n")
