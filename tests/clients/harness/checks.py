"""Named checks of one client, and the line that sums them up.

    checks = Checks("name of the client")

    @checks
    def text_turn() -> None: ...

    if __name__ == "__main__":
        checks.run()

A check is a function, plain or async, that raises where something is not as it should be. Each is
told apart from the others by its name and has half a minute.
"""

import asyncio
import base64
import contextlib
import inspect
import math
import os
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

SECONDS = 60

RATE = 24_000
"""Samples a second of all audio here, mono and of 16 bits."""

# What tests/clients/scenarios/conversation.yaml says.
HELLO = "Hello, what can I do for you?"
HEARD = "Can you hear the microphone?"
ANSWER_TO_HEARD = "I can hear you well."
CITY = "Oslo"


def answer_to_weather(weather: str) -> str:
    return f"In {CITY} it is {weather}."


def key() -> str:
    """The API key, which every client sends."""
    return os.environ["OPENAI_API_KEY"]


def websocket_url() -> str:
    """The base URL of the server: `ws://127.0.0.1:PORT/v1`."""
    return os.environ["MOCK_REALTIME_URL"]


def http_url() -> str:
    """The same, for requests that are not of a WebSocket."""
    parts = urlsplit(websocket_url())
    return urlunsplit(parts._replace(scheme=parts.scheme.replace("ws", "http")))


def speech(seconds: float = 1.0) -> bytes:
    """Something that is taken for speech: a tone that swells four times a second."""

    def sample(n: int) -> int:
        swelling = 0.6 + 0.4 * math.sin(2 * math.pi * 4 * n / RATE)
        return int(12_000 * swelling * math.sin(2 * math.pi * 300 * n / RATE))

    return b"".join(struct.pack("<h", sample(n)) for n in range(int(RATE * seconds)))


def silence(seconds: float = 1.0) -> bytes:
    return bytes(2 * int(RATE * seconds))


def pieces(audio: bytes, seconds: float = 0.1) -> Iterator[bytes]:
    """The audio as a microphone gives it, a piece after the other."""
    size = 2 * int(RATE * seconds)
    for start in range(0, len(audio), size):
        yield audio[start : start + size]


def encoded(audio: bytes) -> str:
    return base64.b64encode(audio).decode()


@contextlib.contextmanager
def server(*arguments: str | Path) -> Iterator[str]:
    """A server of the check's own, `mock-realtime serve` with these arguments; gives its base URL."""
    command = [os.environ["MOCK_REALTIME"], "serve", *map(str, arguments), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().removeprefix("listening on ").strip()
        finally:
            process.terminate()


Check = Callable[[], None] | Callable[[], Awaitable[None]]


class Checks:
    """The checks of a client, in the order they are written."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.checks: list[Check] = []

    def __call__(self, check: Check) -> Check:
        self.checks.append(check)
        return check

    def run(self) -> None:
        """Runs all of them and ends the program: with code 1 if any failed."""
        signal.signal(signal.SIGALRM, too_long)
        failed = sum(not self.passes(check) for check in self.checks)
        print(f"{self.client}: {len(self.checks) - failed} passed, {failed} failed", flush=True)
        # Frameworks leave threads behind that wait for each other.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1 if failed else 0)

    def passes(self, check: Check) -> bool:
        start = time.monotonic()
        signal.alarm(SECONDS)
        try:
            if inspect.iscoroutinefunction(check):
                asyncio.run(check())
            else:
                check()
        except Exception:
            print(f"FAILED  {check.__name__}\n{traceback.format_exc()}", flush=True)
            return False
        finally:
            signal.alarm(0)
        print(f"ok      {check.__name__} {time.monotonic() - start:.1f} s", flush=True)
        return True


def too_long(*_: object) -> None:
    raise TimeoutError(f"not done after {SECONDS} s")
