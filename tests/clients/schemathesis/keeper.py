"""A key, its session and a call, there again whatever requests have done to them."""

import json
import urllib.error
import urllib.request

from websockets.sync.client import connect

KEPT = "kept"
"""The key, and what stands for the call that there is."""

SCENARIO = b"default: Hello."


def ask(method: str, url: str, body: bytes | None = None, media: str = "json") -> dict | None:
    """The answer; none where the server refuses."""
    headers = {"Content-Type": f"application/{media}"}
    request = urllib.request.Request(url, method=method, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return None


class Keeper:
    def __init__(self, base: str) -> None:
        """`base` is the base URL of the server: `ws://127.0.0.1:PORT/v1`."""
        self.sockets = base
        self.key = base.replace("ws", "http", 1).removesuffix("/v1") + f"/_mock/scenarios/{KEPT}"
        self.call = ""
        self.open = None

    def keep(self) -> None:
        """Makes the key anew unless its session is open."""
        session = ask("GET", f"{self.key}/sessions/0")
        if not (session and session["open"]):
            self.renew()

    def renew(self) -> None:
        if self.open:
            self.open.close_socket()
        ask("PUT", f"{self.key}?replace=true", SCENARIO, "yaml")
        self.open = self.talk()
        # One that nobody is told of, and that is given up at once.
        self.call = ask("POST", f"{self.key}/calls", b'{"rings_for_ms": 0}')["id"]

    def talk(self):
        """A session in which something has been said."""
        headers = {"Authorization": "Bearer mock", "X-Mock-Scenario": KEPT}
        address = f"{self.sockets}/realtime?model=gpt-realtime"
        socket = connect(address, additional_headers=headers, max_queue=None)
        socket.send('{"type":"response.create"}')
        while json.loads(socket.recv())["type"] != "response.done":
            pass
        return socket
