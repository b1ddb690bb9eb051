"""The sound file of a scenario, as the official Python SDK receives it: sample for sample.

Usage: audio_file.py BASE_URL. The server it talks to is its own: MOCK_REALTIME names the binary.
"""

import base64
import faulthandler
import math
import os
import struct
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

from openai import OpenAI

RATE = 24_000
SCENARIO = """
responses:
  all: { answer: { say: { text: Listen to this., audio_file: answer.wav } } }
"""


def tone(seconds: float) -> bytes:
    """A tone that rises, so that no two pieces of it are alike."""
    samples = (int(12_000 * math.sin(n * n / 90_000)) for n in range(int(RATE * seconds)))
    return b"".join(struct.pack("<h", sample) for sample in samples)


def write(file: Path, audio: bytes) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(audio)


def read(file: Path) -> bytes:
    with wave.open(str(file), "rb") as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, RATE)
        return sound.readframes(sound.getnframes())


def received(scenario: Path) -> bytes:
    """The audio of a response of a server that follows the scenario."""
    command = [os.environ["MOCK_REALTIME"], "serve", str(scenario), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().removeprefix("listening on ").strip()
            with OpenAI(api_key="mock", websocket_base_url=url).realtime.connect(model="gpt-realtime") as connection:
                connection.response.create()
                audio = b""
                for event in connection:
                    assert event.type != "error", event
                    if event.type == "response.output_audio.delta":
                        audio += base64.b64decode(event.delta)
                    if event.type == "response.done":
                        return audio
        finally:
            server.terminate()
    raise AssertionError("the connection ended before the response did")


def main() -> None:
    faulthandler.dump_traceback_later(60, exit=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write(folder / "answer.wav", tone(2.3))
        (folder / "scenario.yaml").write_text(SCENARIO)
        write(folder / "received.wav", received(folder / "scenario.yaml"))
        assert read(folder / "received.wav") == read(folder / "answer.wav")


if __name__ == "__main__":
    sys.exit(main())
