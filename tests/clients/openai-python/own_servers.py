"""Conversations with servers of their own, each of which follows another scenario."""

import base64
import json
import math
import struct
import tempfile
import wave
from pathlib import Path

from checks import RATE, server
from events import connected, output, respond, say, write

PRESETS = Path(__file__).resolve().parents[3] / "presets"

SOUND_FILE = """
responses:
  all: { answer: { say: { text: Listen to this., audio_file: answer.wav } } }
"""


def customer_service() -> None:
    with server(PRESETS / "customer_service.yaml") as url, connected(url, output_modalities=["text"]) as connection:
        assert say(connection, "Hello").startswith("Hello, you have reached customer service")
        assert say(connection, "Where is my parcel?").endswith("number of your order?")
        assert "Order 4711" in say(connection, "It is order 4711.")
        assert say(connection, "Thank you").startswith("You are welcome")
        assert say(connection, "Goodbye").startswith("Goodbye")


def function_calls() -> None:
    tools = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("get_weather", "get_time")]
    with (
        server(PRESETS / "function_calls.yaml") as url,
        connected(url, output_modalities=["text"], tools=tools) as connection,
    ):
        write(connection, "What is the weather in Paris?")
        message, call = output(respond(connection))
        assert message.content[0].text == "Let me look outside."
        assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "get_weather", {"city": "Paris"})
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        connection.conversation.item.create(item=result)
        (answer,) = output(respond(connection))
        assert answer.content[0].text == "In Paris it is sunny.", answer


def sales_in_speech() -> None:
    with server(PRESETS / "sales.yaml") as url, connected(url) as connection:
        write(connection, "Hi there")
        events = respond(connection)
        assert any(event.type == "response.output_audio.delta" for event in events)
        (message,) = output(events)
        assert message.content[0].transcript.startswith("Hi! Are you looking")


def sound_file_sample_for_sample() -> None:
    sound = rising_tone(2.3)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with wave.open(str(folder / "answer.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound)
        (folder / "scenario.yaml").write_text(SOUND_FILE)
        with server(folder / "scenario.yaml") as url, connected(url) as connection:
            events = respond(connection)
    deltas = [base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta"]
    assert b"".join(deltas) == sound


def rising_tone(seconds: float) -> bytes:
    """A tone no two pieces of which are alike."""
    samples = (int(12_000 * math.sin(n * n / 90_000)) for n in range(int(RATE * seconds)))
    return b"".join(struct.pack("<h", sample) for sample in samples)
