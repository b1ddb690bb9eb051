"""A conversation as the SDK sees it."""

from openai.resources.realtime.realtime import RealtimeConnection
from websockets.exceptions import ConnectionClosed


class Broken(Exception):
    """The connection is over: with a close, or without one, which has no code."""

    def __init__(self, closed: ConnectionClosed) -> None:
        super().__init__(str(closed))
        received = closed.rcvd
        self.code = received.code if received else None
        self.reason = received.reason if received else None


def until(connection: RealtimeConnection, kind: str) -> list:
    """The events up to one of this type."""
    events = []
    while not events or events[-1].type != kind:
        try:
            events.append(connection.recv())
        except ConnectionClosed as closed:
            raise Broken(closed) from None
    return events


def respond(connection: RealtimeConnection) -> list:
    """The events of a response."""
    connection.response.create()
    return until(connection, "response.done")


def say(connection: RealtimeConnection, text: str) -> list:
    """The events of the response to what the user writes."""
    content = [{"type": "input_text", "text": text}]
    connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    return respond(connection)


def kinds(events: list) -> list[str]:
    return [event.type for event in events]


def deltas(events: list) -> list[str]:
    return [event.delta for event in events if event.type == "response.output_text.delta"]


def text_of(events: list) -> str:
    return next(event.text for event in events if event.type == "response.output_text.done")
