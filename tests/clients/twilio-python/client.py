"""Pipecat's parser and serializer for Twilio, and Twilio's own validator of signatures, as a bridge that
gives a caller back what they said."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

from checks import Checks
from pipecat.frames.frames import (
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer
from twilio.request_validator import RequestValidator
from websockets.asyncio.server import ServerConnection, serve

checks = Checks("twilio-python")

TOKEN = "an-auth-token-of-twilio"
CALL = Path(__file__).parent / "echo.call.yaml"


class Texts:
    """A socket as pipecat takes it."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket

    async def iter_text(self) -> AsyncIterator[str]:
        async for message in self.socket:
            assert isinstance(message, str), message
            yield message


class Bridge:
    """Gives back what it hears, by way of pipecat's frames."""

    def __init__(self) -> None:
        self.port = 0
        self.kind = ""
        self.call = {}
        self.is_signed = False
        self.keys: list[str] = []
        self.heard = b""

    async def hold(self, socket: ServerConnection) -> None:
        signature = socket.request.headers.get("X-Twilio-Signature", "")
        url = f"ws://127.0.0.1:{self.port}{socket.request.path}"
        self.is_signed = RequestValidator(TOKEN).validate(url, {}, signature)
        self.kind, self.call = await parse_telephony_websocket(Texts(socket))
        settings = TwilioFrameSerializer.InputParams(auto_hang_up=False)
        serializer = TwilioFrameSerializer(self.call["stream_id"], params=settings)
        await serializer.setup(StartFrame(audio_in_sample_rate=8_000, audio_out_sample_rate=8_000))
        async for message in socket:
            match await serializer.deserialize(message):
                case InputAudioRawFrame(audio=audio):
                    self.heard += audio
                    # It falls silent at the first key.
                    if not self.keys:
                        frame = OutputAudioRawFrame(audio=audio, sample_rate=8_000, num_channels=1)
                        await socket.send(await serializer.serialize(frame))
                case InputDTMFFrame(button=button):
                    self.keys.append(button.value)
                    await socket.send(await serializer.serialize(InterruptionFrame()))


async def held(*arguments: str) -> tuple[Bridge, dict]:
    """A bridge that has been called, and the report of the call."""
    bridge = Bridge()
    async with serve(bridge.hold, "127.0.0.1", 0) as server:
        bridge.port = server.sockets[0].getsockname()[1]
        command = [
            *("bridge-test", "--carrier", "twilio", "--bridge", f"ws://127.0.0.1:{bridge.port}/media"),
            *("--no-model", "--call", str(CALL), "--format", "json", *arguments),
        ]
        test = await asyncio.create_subprocess_exec(
            os.environ["MOCK_REALTIME"], *command, stdout=asyncio.subprocess.PIPE
        )
        report, _ = await test.communicate()
    return bridge, json.loads(report)["calls"][0]


def failed(call: dict) -> list[str]:
    return [f"{check['name']}: {check['evidence']}" for check in call["checks"] if check["verdict"] == "failed"]


@checks
async def frames_are_read() -> None:
    bridge, call = await held()
    assert bridge.kind == "twilio", bridge.kind
    assert bridge.call["stream_id"].startswith("MZ"), bridge.call
    assert bridge.call["call_id"].startswith("CA"), bridge.call
    assert bridge.call["body"]["language"] == "en", bridge.call
    assert bridge.keys == ["4", "2"], bridge.keys
    assert len(bridge.heard) > 2 * 8_000, len(bridge.heard)
    assert failed(call) == [], failed(call)


@checks
async def signatures_are_valid() -> None:
    signed, _ = await held("--token", TOKEN)
    assert signed.is_signed
    forged, _ = await held("--token", "another")
    assert not forged.is_signed


if __name__ == "__main__":
    checks.run()
