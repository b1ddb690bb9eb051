"""Conversations with presets through the official Python SDK: greeting, question, function call with
its follow-up, farewell, and one in speech.

Usage: presets.py BASE_URL. The servers it talks to are its own: MOCK_REALTIME names the binary.
"""

import contextlib
import faulthandler
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from openai import OpenAI
from openai.resources.realtime.realtime import RealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

PRESETS = Path(__file__).resolve().parents[3] / "presets"
SERVER_EVENT = TypeAdapter(RealtimeServerEvent)


@contextlib.contextmanager
def connected(preset: str, **session) -> Iterator[RealtimeConnection]:
    """A session with a server that follows the preset."""
    command = [os.environ["MOCK_REALTIME"], "serve", str(PRESETS / f"{preset}.yaml"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().removeprefix("listening on ").strip()
            with OpenAI(api_key="mock", websocket_base_url=url).realtime.connect(model="gpt-realtime") as connection:
                assert receive(connection).type == "session.created"
                connection.session.update(session={"type": "realtime", **session})
                assert receive(connection).type == "session.updated"
                yield connection
        finally:
            server.terminate()


def receive(connection: RealtimeConnection):
    """The next event, which must fit the SDK's types."""
    data = connection.recv_bytes()
    SERVER_EVENT.validate_json(data)
    return connection.parse_event(data)


def respond(connection: RealtimeConnection) -> list:
    """Asks for a response; returns its events."""
    connection.response.create()
    events = [receive(connection)]
    while events[-1].type != "rate_limits.updated":
        assert events[-1].type != "error", events[-1]
        events.append(receive(connection))
    return events


def output(events: list) -> list:
    (done,) = [event for event in events if event.type == "response.done"]
    assert done.response.status == "completed", done
    return done.response.output


def say(connection: RealtimeConnection, text: str) -> str:
    """Says something; returns the answer."""
    content = [{"type": "input_text", "text": text}]
    connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    (message,) = output(respond(connection))
    (part,) = message.content
    return part.text or part.transcript


def customer_service() -> None:
    with connected("customer_service", output_modalities=["text"]) as connection:
        assert say(connection, "Hello").startswith("Hello, you have reached customer service")
        assert say(connection, "Where is my parcel?").endswith("number of your order?")
        assert "Order 4711" in say(connection, "It is order 4711.")
        assert say(connection, "Thank you").startswith("You are welcome")
        assert say(connection, "Goodbye").startswith("Goodbye")


def function_calls() -> None:
    tools = [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in ("get_weather", "get_time")]
    with connected("function_calls", output_modalities=["text"], tools=tools) as connection:
        content = [{"type": "input_text", "text": "What is the weather in Paris?"}]
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        message, call = output(respond(connection))
        assert message.content[0].text == "Let me look outside."
        assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "get_weather", {"city": "Paris"})
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        connection.conversation.item.create(item=result)
        (answer,) = output(respond(connection))
        assert answer.content[0].text == "In Paris it is sunny.", answer


def sales_in_speech() -> None:
    with connected("sales") as connection:
        content = [{"type": "input_text", "text": "Hi there"}]
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        events = respond(connection)
        assert any(event.type == "response.output_audio.delta" for event in events)
        (message,) = output(events)
        assert message.content[0].transcript.startswith("Hi! Are you looking")


def main(_base_url: str) -> None:
    for conversation in (customer_service, function_calls, sales_in_speech):
        conversation()
        print(conversation.__name__)
    print("ok")


if __name__ == "__main__":
    faulthandler.dump_traceback_later(60, exit=True)
    main(*sys.argv[1:])
