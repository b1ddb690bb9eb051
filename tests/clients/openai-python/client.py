"""The official Python SDK."""

import base64
import json
import time

import own_servers
import readme_example
import recorded
import text_turn
from checks import (
    ANSWER_TO_HEARD,
    CITY,
    HEARD,
    HELLO,
    RATE,
    Checks,
    answer_to_weather,
    encoded,
    key,
    pieces,
    silence,
    speech,
    websocket_url,
)
from events import client, connected, output, receive, receive_until, respond, say, the, write
from openai import AsyncOpenAI, OpenAI
from openai.resources.realtime.realtime import RealtimeConnection

GET_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}

checks = Checks("openai (Python)")
checks(text_turn.text_turn_and_refusals)


def append(connection: RealtimeConnection, audio: bytes) -> None:
    for piece in pieces(audio):
        connection.input_audio_buffer.append(audio=encoded(piece))


def audio_settings(**settings) -> dict:
    """Settings of the input, with the words of the user written down."""
    return {"input": {"transcription": {"model": "gpt-4o-transcribe"}, **settings}}


@checks
def audio_turn() -> None:
    with connected() as connection:
        write(connection, "Hello")
        events = respond(connection)
    sound = b"".join(base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta")
    transcript = "".join(event.delta for event in events if event.type == "response.output_audio_transcript.delta")
    assert transcript == the(events, "response.output_audio_transcript.done").transcript == HELLO
    assert len(sound) % 2 == 0 and 0.5 < len(sound) / 2 / RATE < 10, len(sound)
    (message,) = output(events)
    assert [(part.type, part.transcript) for part in message.content] == [("output_audio", HELLO)]
    usage = the(events, "response.done").response.usage
    assert usage.output_token_details.audio_tokens > 0


@checks
def manual_commit() -> None:
    with connected(output_modalities=["text"], audio=audio_settings(turn_detection=None)) as connection:
        append(connection, speech())
        connection.input_audio_buffer.commit()
        events = receive_until(connection, "conversation.item.input_audio_transcription.completed")
        committed, added = the(events, "input_audio_buffer.committed"), the(events, "conversation.item.added")
        assert committed.item_id == added.item.id == events[-1].item_id
        assert [part.type for part in added.item.content] == ["input_audio"]
        assert events[-1].transcript == HEARD
        (message,) = output(respond(connection))
        assert message.content[0].text == ANSWER_TO_HEARD


@checks
def server_vad_turn() -> None:
    with connected(audio=audio_settings(turn_detection={"type": "server_vad", "silence_duration_ms": 300})) as connection:
        append(connection, silence(0.5) + speech() + silence())
        events = receive_until(connection, "rate_limits.updated")
    started, stopped = the(events, "input_audio_buffer.speech_started"), the(events, "input_audio_buffer.speech_stopped")
    # The speech is from 0.5 to 1.5 s; 300 ms before it and as much silence after it belong to it.
    assert abs(started.audio_start_ms - 200) < 100, started
    assert abs(stopped.audio_end_ms - 1_800) < 100, stopped
    kinds = [event.type for event in events]
    order = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
    ]
    assert kinds[: len(order)] == order, kinds
    heard = the(events, "conversation.item.input_audio_transcription.completed")
    assert (heard.item_id, heard.transcript) == (started.item_id, HEARD)
    (message,) = output(events)
    assert message.content[0].transcript == ANSWER_TO_HEARD


@checks
def function_call_round() -> None:
    with connected(output_modalities=["text"], tools=[GET_WEATHER]) as connection:
        write(connection, "What is the weather like?")
        events = respond(connection)
        (call,) = output(events)
        done = the(events, "response.function_call_arguments.done")
        deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
        assert "".join(deltas) == done.arguments == call.arguments
        assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "get_weather", {"city": CITY})
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        connection.conversation.item.create(item=result)
        (message,) = output(respond(connection))
        assert message.content[0].text == answer_to_weather("sunny")


@checks
def cancel() -> None:
    with connected() as connection:
        write(connection, "Tell me a story")
        connection.response.create()
        receive_until(connection, "response.output_audio.delta")
        connection.response.cancel()
        response = receive_until(connection, "response.done")[-1].response
        assert (response.status, response.status_details.reason) == ("cancelled", "client_cancelled"), response
        assert response.output[0].status == "incomplete"
        receive_until(connection, "rate_limits.updated")
        assert say(connection, "Hello") == HELLO, "the session goes on"


@checks
def speech_interrupts() -> None:
    with connected() as connection:
        write(connection, "Tell me a story")
        connection.response.create()
        item = receive_until(connection, "response.output_audio.delta")[-1].item_id
        append(connection, speech())
        events = receive_until(connection, "response.done")
        the(events, "input_audio_buffer.speech_started")
        response = events[-1].response
        assert (response.status, response.status_details.reason) == ("cancelled", "turn_detected"), response
        connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=50)
        assert receive_until(connection, "conversation.item.truncated")[-1].item_id == item


@checks
def items_are_retrieved_and_deleted() -> None:
    with connected(output_modalities=["text"]) as connection:
        content = [{"type": "input_text", "text": "Hello"}]
        connection.conversation.item.create(
            item={"id": "mine", "type": "message", "role": "user", "content": content}, previous_item_id="root"
        )
        assert receive_until(connection, "conversation.item.done")[-1].item.id == "mine"
        connection.conversation.item.retrieve(item_id="mine")
        assert receive(connection).item.content[0].text == "Hello"
        connection.conversation.item.delete(item_id="mine")
        assert receive(connection).item_id == "mine"
        connection.conversation.item.retrieve(item_id="mine", event_id="asked")
        error = receive(connection).error
        assert (error.code, error.event_id) == ("item_retrieve_invalid_item_id", "asked"), error


@checks
async def text_turn_without_blocking() -> None:
    asynchronous = AsyncOpenAI(api_key=key(), websocket_base_url=websocket_url())
    async with asynchronous.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        content = [{"type": "input_text", "text": "Hello"}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        answers = []
        async for event in connection:
            assert event.type != "error", event
            if event.type == "response.output_text.done":
                answers.append(event.text)
            if event.type == "rate_limits.updated":
                break
    assert answers == [HELLO]


@checks
def client_secret() -> None:
    secret = client().realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60},
        session={"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"], "instructions": "Be brief."},
    )
    assert secret.value.startswith("ek_") and 0 < secret.expires_at - time.time() < 120, secret
    with OpenAI(api_key=secret.value, websocket_base_url=websocket_url()).realtime.connect(model="gpt-realtime") as connection:
        session = receive(connection).session
        assert (session.output_modalities, session.instructions) == (["text"], "Be brief."), session
        assert say(connection, "Hello") == HELLO


checks(own_servers.customer_service)
checks(own_servers.function_calls)
checks(own_servers.sales_in_speech)
checks(own_servers.sound_file_sample_for_sample)
checks(readme_example.readme_example)
checks(recorded.recorded_checked_and_replayed)

if __name__ == "__main__":
    checks.run()
