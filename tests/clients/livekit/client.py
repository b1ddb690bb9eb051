"""LiveKit's realtime model for OpenAI: alone, and under an agent that runs a function."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator

from checks import (
    ANSWER_TO_HEARD,
    HEARD,
    HELLO,
    RATE,
    Checks,
    answer_to_weather,
    http_url,
    key,
    pieces,
    silence,
    speech,
)
from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool, llm
from livekit.plugins.openai import realtime
from openai.types.beta.realtime.session import TurnDetection

checks = Checks("livekit")


def model(**options) -> realtime.RealtimeModel:
    return realtime.RealtimeModel(base_url=http_url(), api_key=key(), **options)


class Session:
    """A session of the model, and what it tells."""

    def __init__(self, session: realtime.RealtimeSession) -> None:
        self.session = session
        self.told: defaultdict[str, asyncio.Queue] = defaultdict(asyncio.Queue)
        for event in (
            "error",
            "generation_created",
            "input_audio_transcription_completed",
            "input_speech_started",
            "input_speech_stopped",
            "openai_server_event_received",
            "session_reconnected",
        ):
            session.on(event, self.told[event].put_nowait)

    async def next(self, event: str):
        """What the model tells next by this name."""
        return await self.told[event].get()

    async def say(self, text: str) -> llm.GenerationCreatedEvent:
        """Adds the user's words, waits for the server to confirm them, and asks for an answer."""
        context = self.session.chat_ctx.copy()
        context.add_message(role="user", content=text)
        await self.session.update_chat_ctx(context)
        return await self.session.generate_reply()

    def speak(self, audio: bytes) -> None:
        for piece in pieces(audio, 0.01):
            self.session.push_audio(rtc.AudioFrame(piece, RATE, 1, len(piece) // 2))

    async def heard(self) -> str:
        """What the user is heard to have said in the next turn of speech."""
        while not (told := await self.next("input_audio_transcription_completed")).is_final:
            pass
        return told.transcript

    async def server_event(self, kind: str) -> dict:
        """The next event of this type from the server."""
        while (event := await self.next("openai_server_event_received"))["type"] != kind:
            pass
        return event


@contextlib.asynccontextmanager
async def session(**options) -> AsyncIterator[Session]:
    """A session in which there are no errors that nobody looks at."""
    of = model(**options)
    session = Session(of.session())
    try:
        yield session
        assert session.told["error"].empty(), session.told["error"]
    finally:
        await session.session.aclose()
        await of.aclose()


async def text(generation: llm.GenerationCreatedEvent) -> str:
    message = await anext(generation.message_stream)
    return "".join([delta async for delta in message.text_stream])


@checks
async def text_turn() -> None:
    async with session(modalities=["text"]) as conversation:
        assert await text(await conversation.say("Hello")) == HELLO
        assert [item.role for item in conversation.session.chat_ctx.items] == ["user", "assistant"]


@checks
async def audio_turn() -> None:
    async with session() as conversation:
        message = await anext((await conversation.say("Hello")).message_stream)
        assert await message.modalities == ["audio", "text"]
        transcript = "".join([delta async for delta in message.text_stream])
        seconds = sum([frame.duration async for frame in message.audio_stream])
        assert transcript == HELLO and 0.5 < seconds < 10, (transcript, seconds)


@checks
async def manual_commit() -> None:
    async with session(turn_detection=None, modalities=["text"]) as conversation:
        conversation.speak(speech())
        conversation.session.commit_audio()
        assert await conversation.heard() == HEARD
        assert await text(await conversation.session.generate_reply()) == ANSWER_TO_HEARD


@checks
async def server_vad_turn() -> None:
    detection = TurnDetection(type="server_vad", silence_duration_ms=300, create_response=True, interrupt_response=True)
    async with session(turn_detection=detection) as conversation:
        conversation.speak(silence(0.5) + speech() + silence())
        await conversation.next("input_speech_started")
        assert (await conversation.next("input_speech_stopped")).user_transcription_enabled
        assert await conversation.heard() == HEARD
        generation = await conversation.next("generation_created")
        assert not generation.user_initiated
        assert await text(generation) == ANSWER_TO_HEARD


@checks
async def cancel() -> None:
    async with session() as conversation:
        message = await anext((await conversation.say("Tell me a story")).message_stream)
        heard = await anext(message.audio_stream)
        conversation.session.interrupt()
        rest = [frame async for frame in message.audio_stream]
        done = await conversation.server_event("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled", done
        conversation.session.truncate(message_id=message.message_id, modalities=["audio"], audio_end_ms=10)
        await conversation.server_event("conversation.item.truncated")
        assert heard.duration + sum(frame.duration for frame in rest) < 10
        assert await text(await conversation.say("Hello")) == HELLO, "the session goes on"


@checks
async def speech_interrupts() -> None:
    async with session() as conversation:
        message = await anext((await conversation.say("Tell me a story")).message_stream)
        await anext(message.audio_stream)
        conversation.speak(speech())
        await conversation.next("input_speech_started")
        done = await conversation.server_event("response.done")
        assert done["response"]["status_details"]["reason"] == "turn_detected", done


@checks
async def error_names_its_event() -> None:
    async with session() as conversation:
        conversation.session.send_event({"type": "response.make", "event_id": "mine"})
        error = (await conversation.next("error")).error
        assert (error.body.event_id, error.body.code, error.body.param) == ("mine", "invalid_value", "type"), error
        assert (await conversation.session.generate_reply()).user_initiated, "the session goes on"


@checks
async def refused_item_does_not_block() -> None:
    # The client finds the error by its event id; without it, it would wait for five seconds.
    async with session(modalities=["text"]) as conversation:
        context = conversation.session.chat_ctx.copy()
        context.add_message(role="user", content="Hello", id="longer_than_the_32_characters_that_an_id_may_have")
        await asyncio.wait_for(conversation.session.update_chat_ctx(context), 2)
        assert not conversation.session.chat_ctx.items


@checks
async def new_connection_gets_the_conversation() -> None:
    async with session(modalities=["text"], max_session_duration=1.0) as conversation:
        assert await text(await conversation.say("Hello")) == HELLO
        await conversation.next("session_reconnected")
        while len((context := conversation.session.chat_ctx).items) < 2:
            await conversation.next("openai_server_event_received")
        assert [item.text_content for item in context.items] == ["Hello", HELLO], context.items
        assert await text(await conversation.say("Hello")) == HELLO


class Assistant(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You help.")
        self.asked: list[str] = []

    @function_tool
    async def get_weather(self, city: str) -> str:
        """The weather in a city."""
        self.asked.append(city)
        return "sunny"


@checks
async def agent_runs_a_function() -> None:
    assistant = Assistant()
    async with AgentSession(llm=model(modalities=["text"])) as conversation:
        await conversation.start(assistant)
        result = await conversation.run(user_input="What is the weather like?")
        result.expect.next_event().is_function_call(name="get_weather", arguments={"city": "Oslo"})
        result.expect.next_event().is_function_call_output(output="sunny")
        answer = result.expect.next_event().is_message(role="assistant").event().item
        assert answer.text_content == answer_to_weather("sunny")
        result.expect.no_more_events()
    assert assistant.asked == ["Oslo"]


if __name__ == "__main__":
    checks.run()
