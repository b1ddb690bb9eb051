"""Telephone calls that an app takes: `mock-realtime call` rings, FastAPI and the official SDK answer."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from app import BUSY, DESK, UNWANTED, Desk
from checks import Checks, http_url, key, server, silence, speech
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI

SECRET = "whsec_bW9jay1yZWFsdGltZS1jYWxscw=="

checks = Checks("OpenAI's SDK for Python and FastAPI, on the telephone")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Telephone:
    """An app that is served, and callers who ring at it."""

    def __init__(self, secret: str = SECRET, server: str | None = None) -> None:
        self.server = server
        self.port = urlsplit(server).port if server else free_port()
        self.url = f"http://127.0.0.1:{free_port()}/webhook"
        self.desk = Desk(
            AsyncOpenAI(
                api_key=key(),
                base_url=f"http://127.0.0.1:{self.port}/v1",
                websocket_base_url=f"ws://127.0.0.1:{self.port}/v1",
                webhook_secret=secret,
                max_retries=0,
            )
        )

    @contextlib.contextmanager
    def served(self) -> Iterator["Telephone"]:
        port = int(self.url.split(":")[2].split("/")[0])
        config = uvicorn.Config(self.desk.api, host="127.0.0.1", port=port, log_level="warning")
        web = uvicorn.Server(config)
        thread = threading.Thread(target=web.run)
        thread.start()
        while not web.started:
            time.sleep(0.01)
        try:
            yield self
        finally:
            web.should_exit = True
            thread.join()

    def rings(self, *arguments: str | Path, code: int = 0) -> dict:
        """The record of a call, whose command has to end with this code."""
        command = [os.environ["MOCK_REALTIME"], "call", "--json", "--webhook", self.url]
        where = ["--server", self.server] if self.server else ["--port", str(self.port)]
        command += ["--secret", SECRET, *where, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=25)
        assert done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def call(self) -> tuple[str, object]:
        """The last call that the app has seen."""
        return list(self.desk.calls.items())[-1]


def told(record: dict, what: str) -> list[dict]:
    return [entry for entry in record["journal"] if entry["what"] == what]


@checks
def accepted_and_followed_until_the_caller_hangs_up() -> None:
    with tempfile.TemporaryDirectory() as folder, Telephone().served() as telephone:
        sound = Path(folder) / "call.wav"
        record = telephone.rings(
            "--from", "+493012345", "--header", "X-Shop: 4711", "--save-wav", sound,
            "--say", "A table for two.", "--digits", "1#", "--say", "Goodbye.",
        )  # fmt: skip
        with wave.open(str(sound)) as file:
            heard = (file.getnchannels(), file.getframerate(), file.getnframes() / file.getframerate())
    call_id, call = telephone.call()
    assert record["id"] == call_id and record["outcome"] == {"how": "caller_hung_up"}, record
    assert call.headers["X-Shop"] == "4711" and "+493012345" in call.headers["From"]
    assert call.heard == ["A table for two.", "Goodbye."], call.heard
    assert call.keys == ["1", "#"]
    assert call.session == record["session_id"] and call.session.startswith("sess_u0_")
    assert call.types.count("output_audio_buffer.started") == 2
    assert call.types.count("output_audio_buffer.stopped") == 2
    assert "response.output_audio.delta" not in call.types, "audio does not come on a sideband"
    (refusal,) = telephone.desk.refusals
    assert isinstance(refusal, BadRequestError) and refusal.code == "call_already_accepted"
    assert heard[:2] == (2, 8000) and abs(heard[2] - record["held_ms"] / 1000) < 1, heard


@checks
def handed_on_to_the_desk() -> None:
    with Telephone().served() as telephone:
        record = telephone.rings("--say", "An operator, please.")
    assert record["outcome"] == {"how": "referred", "target_uri": DESK}, record
    assert telephone.call()[1].heard == ["An operator, please."]


@checks
def rejected_for_who_calls() -> None:
    with Telephone().served() as telephone:
        record = telephone.rings("--from", UNWANTED)
    assert record["outcome"] == {"how": "rejected", "status_code": BUSY}, record
    assert record["session_id"] is None


@checks
def ended_by_the_app_for_a_key() -> None:
    with Telephone().served() as telephone:
        record = telephone.rings("--pause", "0.1", "--digits", "9", "--pause", "10")
    assert record["outcome"] == {"how": "app_hung_up"}, record
    assert telephone.call()[1].keys == ["9"]


@checks
def at_a_server_that_runs_already() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        server() as url,
        Telephone(server=url).served() as telephone,
    ):
        sound = Path(folder) / "call.wav"
        record = telephone.rings("--say", "Hello?", "--save-wav", sound)
        with wave.open(str(sound)) as file:
            seconds = file.getnframes() / file.getframerate()
    assert record["outcome"] == {"how": "caller_hung_up"}, record
    assert telephone.call()[1].heard == ["Hello?"]
    assert abs(seconds - record["held_ms"] / 1000) < 1, seconds


@checks
def a_recording_is_heard() -> None:
    with tempfile.TemporaryDirectory() as folder, Telephone().served() as telephone:
        recording = Path(folder) / "caller.wav"
        with wave.open(str(recording), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24_000)
            file.writeframes(silence(0.2) + speech(1.0))
        telephone.rings("--wav", recording)
    types = telephone.call()[1].types
    turn = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "response.done"]
    assert [kind for kind in types if kind in turn] == turn, types


@checks
def announced_again_where_the_signature_is_another() -> None:
    with Telephone(secret="whsec_YW5vdGhlciBzZWNyZXQ=").served() as telephone:
        record = telephone.rings("--rings-for", "2", code=1)
    assert record["outcome"] == {"how": "not_answered"}, record
    failed = told(record, "webhook_failed")
    assert telephone.desk.forged == len(failed) == 2 and not telephone.desk.calls
    assert all("400" in entry["reason"] for entry in failed), failed


@checks
def nobody_is_there() -> None:
    record = Telephone().rings("--rings-for", "1", code=1)
    assert "refused" in told(record, "webhook_failed")[0]["reason"], record


OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 46117 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
        "a=fingerprint:sha-256 " + ":".join(f"{byte:02X}" for byte in range(32)),
        "a=setup:actpass",
        "a=mid:0",
        "a=rtpmap:111 opus/48000/2",
        "",
    ]
)


@checks
def an_offer_of_webrtc_is_answered() -> None:
    client = OpenAI(api_key=key(), base_url=http_url(), websocket_base_url=os.environ["MOCK_REALTIME_URL"])
    answer = client.realtime.calls.create(sdp=OFFER, session={"type": "realtime", "model": "gpt-realtime"})
    assert answer.response.status_code == 201 and "a=rtpmap:111 opus/48000/2" in answer.text
    call_id = answer.response.headers["location"].removeprefix("/v1/realtime/calls/")
    with client.realtime.connect(call_id=call_id) as connection:
        connection.response.create()
        types = []
        while not types or types[-1] != "output_audio_buffer.started":
            types.append(connection.recv().type)
        client.realtime.calls.hangup(call_id)
        # What is left is read to the close, which ends the iteration.
        assert "output_audio_buffer.stopped" not in [event.type for event in connection]
    try:
        client.realtime.calls.hangup(call_id)
    except NotFoundError as error:
        assert error.code == "call_id_not_found"
    else:
        raise AssertionError("a call that is over cannot be ended")


if __name__ == "__main__":
    checks.run()
