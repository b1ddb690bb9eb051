"""A session of the official Python SDK, every event of which is held against the SDK's types."""

import contextlib
from collections.abc import Iterator

from checks import http_url, key, websocket_url
from openai import OpenAI
from openai.resources.realtime.realtime import RealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

SERVER_EVENT = TypeAdapter(RealtimeServerEvent)


def client(websocket: str | None = None) -> OpenAI:
    return OpenAI(api_key=key(), base_url=http_url(), websocket_base_url=websocket or websocket_url())


def receive(connection: RealtimeConnection):
    """The next event. The SDK takes any JSON for an event; here it must fit the SDK's types."""
    data = connection.recv_bytes()
    SERVER_EVENT.validate_json(data)
    return connection.parse_event(data)


def receive_until(connection: RealtimeConnection, last: str) -> list:
    """The events up to one of this type. None of them may be an error."""
    events = [receive(connection)]
    while events[-1].type != last:
        assert events[-1].type != "error", events[-1]
        events.append(receive(connection))
    return events


def the(events: list, kind: str):
    """The only event of this type."""
    found = [event for event in events if event.type == kind]
    assert len(found) == 1, f"{len(found)} of {kind} in {[event.type for event in events]}"
    return found[0]


@contextlib.contextmanager
def connected(websocket: str | None = None, **session) -> Iterator[RealtimeConnection]:
    """A session with these settings."""
    with client(websocket).realtime.connect(model="gpt-realtime") as connection:
        assert receive(connection).type == "session.created"
        connection.session.update(session={"type": "realtime", **session})
        assert receive(connection).type == "session.updated"
        yield connection


def write(connection: RealtimeConnection, text: str) -> None:
    """The user's words, in writing."""
    content = [{"type": "input_text", "text": text}]
    connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})


def respond(connection: RealtimeConnection) -> list:
    """Asks for a response; returns its events."""
    connection.response.create()
    return receive_until(connection, "rate_limits.updated")


def output(events: list) -> list:
    """What a response consists of."""
    response = the(events, "response.done").response
    assert response.status == "completed", response
    return response.output


def say(connection: RealtimeConnection, text: str) -> str:
    """Says something in writing; returns the answer."""
    write(connection, text)
    (message,) = output(respond(connection))
    (part,) = message.content
    return part.text or part.transcript
