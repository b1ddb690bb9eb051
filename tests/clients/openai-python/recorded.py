"""A conversation through a proxy: its recording is clean, and replayed it is the same conversation."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from checks import ANSWER_TO_HEARD, CITY, answer_to_weather, encoded, pieces, silence, speech, websocket_url
from events import connected, output, receive, receive_until, respond, say, write
from websockets.exceptions import ConnectionClosed

TOOL = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}

BINARY = os.environ["MOCK_REALTIME"]


class Running:
    """A command that listens until it is interrupted; then its exit code and messages are known."""

    def __init__(self, *arguments: str | Path) -> None:
        command = [BINARY, *map(str, arguments), "--listen", "127.0.0.1:0"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()
        self.code: int | None = None
        self.said = ""

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=20)
        self.code, self.said = self.process.returncode, out + err


@contextlib.contextmanager
def running(*arguments: str | Path) -> Iterator[Running]:
    command = Running(*arguments)
    try:
        yield command
    finally:
        command.stop()


def converse(url: str, *, one_event_more: bool = False) -> None:
    """A turn in writing, a function call, and a turn of speech that the server finds."""
    with connected(url, output_modalities=["text"], tools=[TOOL]) as connection:
        assert say(connection, "Hello") != ""
        write(connection, "How is the weather?")
        (call,) = output(respond(connection))
        assert json.loads(call.arguments) == {"city": CITY}
        item = {"id": "mine", "type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        connection.conversation.item.create(item=item)
        (answer,) = output(respond(connection))
        assert answer.content[0].text == answer_to_weather("sunny")
        for piece in pieces(speech() + silence()):
            connection.input_audio_buffer.append(audio=encoded(piece))
        (answer,) = output(receive_until(connection, "rate_limits.updated"))
        assert answer.content[0].text == ANSWER_TO_HEARD
        if one_event_more:
            connection.response.create()
            with contextlib.suppress(TimeoutError):
                receive(connection)


def recorded_checked_and_replayed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with running("proxy", "--upstream", websocket_url(), "--record", folder, "--check") as proxy:
            converse(proxy.url)
        assert proxy.code == 0, proxy.said
        (file,) = Path(folder).iterdir()
        assert os.environ["OPENAI_API_KEY"] not in file.read_text()

        checked = subprocess.run([BINARY, "check", file], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
        assert "nothing breaks a rule" in checked.stdout, checked.stdout

        with running("replay", file, "--strict", "--speed", "instant") as replay:
            converse(replay.url)
            converse(replay.url)
        assert replay.code == 0, replay.said
        assert "2 sessions, 0 not as recorded" in replay.said, replay.said

        with running("replay", file, "--strict", "--speed", "instant") as replay:
            try:
                converse(replay.url, one_event_more=True)
                raise AssertionError("one event more is no difference")
            except ConnectionClosed as closed:
                assert closed.rcvd.code == 1008, closed
                assert "nothing more was sent, and now response.create" in closed.rcvd.reason, closed
        assert replay.code == 1, replay.said
        assert "the end: nothing more was sent, and now response.create" in replay.said, replay.said
