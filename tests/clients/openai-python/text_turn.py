"""A text conversation, event by event: two turns, and mistakes between them."""

import json

from checks import HELLO
from events import client, receive
from openai.resources.realtime.realtime import RealtimeConnection

# What follows a user's message and `response.create`, as in recorded sessions of the real server:
# the deltas, of which there are as many as the text needs, stand here once.
TURN = [
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def turn(connection: RealtimeConnection, question: str) -> str:
    """Asks, checks everything that comes back, and returns the answer."""
    content = {"type": "input_text", "text": question}
    connection.conversation.item.create(item={"type": "message", "role": "user", "content": [content]})
    connection.response.create()

    events = [receive(connection)]
    while events[-1].type != "rate_limits.updated":
        events.append(receive(connection))
        assert events[-1].type != "error", events[-1]

    order: list[str] = []
    for event in events:
        if event.type != "response.output_text.delta" or event.type not in order:
            order.append(event.type)
    assert order == TURN, order
    event_ids = [event.event_id for event in events]
    assert len(set(event_ids)) == len(event_ids), event_ids

    (user_added, user_done, created, output_added, added, part_added) = events[:6]
    deltas = events[6:-6]
    (text_done, part_done, done, output_done, response_done, _) = events[-6:]

    # What the user said stands in the conversation as it was said.
    user = user_added.item
    assert (user.role, user.status, user.content[0].text) == ("user", "completed", question), user
    assert user_done.item == user

    # The text is the same wherever it is told.
    text = "".join(delta.delta for delta in deltas)
    assert text_done.text == text
    assert part_added.part.type == part_done.part.type == "text"
    assert (part_added.part.text, part_done.part.text) == ("", text)
    assert output_added.item == added.item
    assert (added.item.status, added.item.content) == ("in_progress", [])
    assert [(part.type, part.text) for part in done.item.content] == [("output_text", text)]
    assert done.item.status == "completed"
    assert output_done.item == done.item
    assert response_done.response.output == [done.item]

    # The ids tie the events together.
    response, item = created.response.id, output_added.item.id
    assert response and item and user.id and len({response, item, user.id}) == 3
    inside = [part_added, *deltas, text_done, part_done]
    assert {(event.response_id, event.item_id) for event in inside} == {(response, item)}
    assert {(event.output_index, event.content_index) for event in inside} == {(0, 0)}
    assert output_added.response_id == output_done.response_id == response
    assert added.previous_item_id == user.id
    assert done.item.id == item

    # The response ends as it should.
    assert (created.response.status, created.response.output) == ("in_progress", [])
    ended = response_done.response
    assert (ended.id, ended.status, ended.conversation_id) == (response, "completed", created.response.conversation_id)
    assert ended.usage.total_tokens == ended.usage.input_tokens + ended.usage.output_tokens
    assert ended.usage.output_tokens > 0
    return text


def refused(connection: RealtimeConnection, event: dict, code: str, param: str) -> None:
    """Sends what the server cannot accept; the error must say so and name the event."""
    connection.send_raw(json.dumps(event))
    answer = receive(connection)
    assert answer.type == "error", answer
    found = (answer.error.type, answer.error.code, answer.error.param, answer.error.event_id)
    assert found == ("invalid_request_error", code, param, event["event_id"]), answer


def text_turn_and_refusals() -> None:
    with client().realtime.connect(model="gpt-realtime") as connection:
        created = receive(connection)
        assert created.type == "session.created", created
        assert created.session.type == "realtime" and created.session.model == "gpt-realtime"

        connection.session.update(session={"type": "realtime", "output_modalities": ["text"], "instructions": "Be brief."})
        updated = receive(connection)
        assert updated.type == "session.updated", updated
        assert updated.session.id == created.session.id
        assert updated.session.output_modalities == ["text"]
        assert updated.session.instructions == "Be brief."
        assert updated.session.audio == created.session.audio, "what an update leaves out stays"

        assert turn(connection, "Hello") == HELLO
        refused(connection, {"type": "response.create", "event_id": "mine_1", "respnse": {}}, "unknown_parameter", "respnse")
        refused(connection, {"type": "response.make", "event_id": "mine_2"}, "invalid_value", "type")
        refused(connection, {"type": "conversation.item.create", "event_id": "mine_3"}, "missing_required_parameter", "item")
        assert turn(connection, "Are you still there?") == "I did not get that."
