"""OpenAI's Agents SDK for Python: an agent with a function, in speech and in writing."""

import contextlib
from collections.abc import AsyncIterator

from agents import RunContextWrapper, function_tool
from agents.realtime import (
    OpenAIRealtimeWebSocketModel,
    RealtimeAgent,
    RealtimeModelSendRawMessage,
    RealtimeRunner,
    RealtimeSession,
)
from checks import (
    ANSWER_TO_HEARD,
    CITY,
    HEARD,
    HELLO,
    RATE,
    Checks,
    answer_to_weather,
    key,
    pieces,
    silence,
    speech,
    websocket_url,
)

checks = Checks("openai-agents (Python)")


@function_tool
async def get_weather(context: RunContextWrapper[list[str]], city: str) -> str:
    """The weather in a city."""
    context.context.append(city)
    return "sunny"


ADVISER = RealtimeAgent(name="Adviser", instructions="You advise.")
ASSISTANT = RealtimeAgent(name="Assistant", instructions="You help.", tools=[get_weather], handoffs=[ADVISER])

MANUAL = {"input": {"turn_detection": None, "transcription": {"model": "gpt-4o-transcribe"}}}
BY_VOICE = {
    "input": {
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
        "transcription": {"model": "gpt-4o-transcribe"},
    }
}


@contextlib.asynccontextmanager
async def session(asked: list[str] | None = None, **settings) -> AsyncIterator[RealtimeSession]:
    """A session with these settings; the cities that the weather is asked for go into `asked`."""
    runner = RealtimeRunner(ASSISTANT, model=OpenAIRealtimeWebSocketModel())
    config = {
        "url": f"{websocket_url()}/realtime?model=gpt-realtime",
        "api_key": key(),
        "initial_model_settings": {"model_name": "gpt-realtime", **settings},
    }
    async with await runner.run(context=asked, model_config=config) as session:
        yield session


async def events_until(session: RealtimeSession, last: str, errors: bool = False) -> list:
    """What is told up to an event of this type, which may be of the server or of the session.

    The model below the session tells what the session does not; such a type has `model.` before it.
    """
    events = []
    async for event in session:
        kind = event.type
        if event.type == "raw_model_event":
            event = event.data
            kind = event.data["type"] if event.type == "raw_server_event" else f"model.{event.type}"
        assert kind != "model.exception", event
        assert errors or kind != "error", event
        events.append((kind, event))
        if kind == last:
            return events
    raise AssertionError(f"the session ended without {last}")


def told(events: list, wanted: str) -> list:
    return [event for kind, event in events if kind == wanted]


def response(events: list) -> dict:
    """The response that is done."""
    (done,) = told(events, "response.done")
    return done.data["response"]


def transcripts(session: RealtimeSession) -> list[tuple[str, str]]:
    """Who said what, as the session's history has it."""
    messages = [item for item in session._history if item.type == "message"]
    return [(item.role, getattr(part, "text", None) or part.transcript) for item in messages for part in item.content]


async def send(session: RealtimeSession, kind: str, **rest) -> None:
    """Sends an event for which the session has no method of its own."""
    await session.model.send_event(RealtimeModelSendRawMessage(message={"type": kind, "other_data": rest}))


@checks
async def text_turn() -> None:
    async with session(output_modalities=["text"]) as conversation:
        await conversation.send_message("Hello")
        events = await events_until(conversation, "agent_end")
        assert "".join(event.delta for event in told(events, "model.output_text_delta")) == HELLO
        await events_until(conversation, "rate_limits.updated")
        assert transcripts(conversation) == [("user", "Hello"), ("assistant", HELLO)]


@checks
async def audio_turn() -> None:
    async with session() as conversation:
        await conversation.send_message("Hello")
        events = await events_until(conversation, "audio_end")
        audio = b"".join(event.audio.data for event in told(events, "audio"))
        assert 0.5 < len(audio) / 2 / RATE < 10, len(audio)
        await events_until(conversation, "agent_end")
        assert transcripts(conversation) == [("user", "Hello"), ("assistant", HELLO)]


@checks
async def manual_commit() -> None:
    async with session(output_modalities=["text"], audio=MANUAL) as conversation:
        for piece in pieces(speech()):
            await conversation.send_audio(piece)
        await conversation.send_audio(silence(0.1), commit=True)
        await events_until(conversation, "conversation.item.input_audio_transcription.completed")
        await send(conversation, "response.create")
        await events_until(conversation, "agent_end")
        assert transcripts(conversation) == [("user", HEARD), ("assistant", ANSWER_TO_HEARD)]


@checks
async def server_vad_turn() -> None:
    async with session(audio=BY_VOICE) as conversation:
        for piece in pieces(silence(0.5) + speech() + silence()):
            await conversation.send_audio(piece)
        events = await events_until(conversation, "agent_end")
        assert told(events, "input_audio_buffer.speech_started") and told(events, "input_audio_buffer.speech_stopped")
        assert transcripts(conversation) == [("user", HEARD), ("assistant", ANSWER_TO_HEARD)]


@checks
async def function_call_round() -> None:
    asked = []
    async with session(asked, output_modalities=["text"]) as conversation:
        await conversation.send_message("What is the weather like?")
        events = await events_until(conversation, "tool_end")
        (started,), (ended,) = told(events, "tool_start"), told(events, "tool_end")
        assert started.tool.name == "get_weather" and ended.output == "sunny"
        await events_until(conversation, "agent_start")
        await events_until(conversation, "agent_end")
        assert transcripts(conversation)[-1] == ("assistant", answer_to_weather("sunny"))
    assert asked == [CITY]


@checks
async def cancel() -> None:
    async with session(audio=MANUAL) as conversation:
        await conversation.send_message("Tell me a story")
        await events_until(conversation, "audio")
        await conversation.interrupt()
        events = await events_until(conversation, "response.done")
        done = response(events)
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled"), done
        await conversation.send_message("Hello")
        await events_until(conversation, "agent_end")
        await events_until(conversation, "agent_end")
        assert transcripts(conversation)[-1] == ("assistant", HELLO), "the session goes on"


@checks
async def speech_interrupts() -> None:
    async with session(audio=BY_VOICE) as conversation:
        await conversation.send_message("Tell me a story")
        await events_until(conversation, "audio")
        for piece in pieces(speech()):
            await conversation.send_audio(piece)
        events = await events_until(conversation, "response.done")
        assert told(events, "audio_interrupted")
        done = response(events)
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected"), done


@checks
async def error_names_its_event() -> None:
    async with session() as conversation:
        await send(conversation, "conversation.item.delete", item_id="nobody", event_id="mine")
        events = await events_until(conversation, "model.error", errors=True)
        (error,) = [event.error for event in told(events, "model.error")]
        assert (error.event_id, error.code) == ("mine", "item_delete_invalid_item_id"), error


if __name__ == "__main__":
    checks.run()
