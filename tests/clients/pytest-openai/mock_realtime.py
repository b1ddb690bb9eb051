"""A test's hand on a server of mock-realtime: scripts it, watches it, and makes things go wrong.

Everything a test does is under a key of its own, so that one server serves any number of tests at once.
"""

import httpx


class Mock:
    """A key, with the scenario that its sessions follow."""

    def __init__(self, server: str, key: str, token: str | None = None) -> None:
        """`server` is the address of the server, as `http://127.0.0.1:8080`."""
        self.key = key
        self.headers = {"X-Mock-Scenario": key}
        """What the client under test has to send, with its handshake and any other request."""
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        # To load the authorities of TLS takes a while, and is for nothing without TLS.
        verify = server.startswith("https:")
        base = f"{server}/_mock/scenarios/{key}"
        self.http = httpx.Client(base_url=base, headers=shown, timeout=70, verify=verify)

    def ask(self, method: str, path: str, **options):
        """The answer; where the server refuses, its reasons are those of the test's failure."""
        answer = self.http.request(method, path, **options)
        if answer.is_error:
            raise AssertionError(answer.json()["error"]["message"])
        return answer.json() if answer.content else None

    def script(self, scenario: str, **settings) -> None:
        """Has sessions follow a scenario. Settings are `seed`, `started_at`, `clock` and `replace`."""
        self.ask("PUT", "", content=scenario, params=settings, headers={"Content-Type": "application/yaml"})

    def faults(self, *rules: dict, session: int | None = None, seed: int = 0) -> None:
        """Has these go wrong: in sessions that are opened from now on, or in one that is open."""
        path = "/faults" if session is None else f"/sessions/{session}/faults"
        self.ask("PUT", path, json={"seed": seed, "rules": rules})

    def wait(self, kind: str, *, seconds: float = 10, count: int = 1, **entry) -> dict:
        """The event that was sent by either side, or will be in time."""
        wait = {"entry": {"type": kind} | entry, "count": count, "timeout_ms": int(seconds * 1000)}
        waited = self.ask("POST", "/wait", json=wait)
        assert waited["met"], waited.get("message")
        return waited["entry"]["event"]

    def verify(self, *expect: dict, in_order: tuple[str, ...] = ()) -> None:
        """Fails if clients did not send what was expected."""
        expected = {"expect": expect, "in_order": [in_order] if in_order else []}
        verdict = self.ask("POST", "/verify", json=expected)
        assert verdict["met"], verdict.get("message")

    def journal(self) -> list[dict]:
        """All that sessions have sent and got."""
        return self.ask("GET", "/journal")["entries"]

    def session(self, number: int = 0) -> dict:
        """What a session is, and how it ended."""
        return self.ask("GET", f"/sessions/{number}")

    def do(self, what: str, session: int = 0, **how) -> None:
        """Does something to a session: `push`, `hold`, `release`, `advance`, `close`, `break`."""
        self.ask("POST", f"/sessions/{session}/{what}", **({"json": how} if how else {}))

    def delete(self) -> None:
        self.ask("DELETE", "")
