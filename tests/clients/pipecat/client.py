"""Pipecat's OpenAI realtime service, in a pipeline as a bot has it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

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
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

checks = Checks("pipecat")

TRANSCRIBED = events.InputAudioTranscription(model="gpt-4o-transcribe")


class Frames(BaseObserver):
    """The frames that the service puts out, in either direction."""

    def __init__(self, service: OpenAIRealtimeLLMService) -> None:
        super().__init__()
        self.service = service
        self.seen: asyncio.Queue[Frame] = asyncio.Queue()

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.source is self.service or isinstance(data.frame, ErrorFrame):
            self.seen.put_nowait(data.frame)

    async def until(self, kind: type[Frame], errors: bool = False) -> list[Frame]:
        """The frames up to one of this type."""
        frames = [await self.seen.get()]
        while not isinstance(frames[-1], kind):
            assert errors or not isinstance(frames[-1], ErrorFrame), frames[-1]
            frames.append(await self.seen.get())
        return frames


class Bot:
    """A pipeline that runs, and what comes out of its service."""

    def __init__(self, properties: events.SessionProperties) -> None:
        self.asked: list[str] = []
        self.service = OpenAIRealtimeLLMService(
            api_key=key(),
            base_url=f"{websocket_url()}/realtime",
            settings=OpenAIRealtimeLLMService.Settings(model="gpt-realtime", session_properties=properties),
        )
        self.service.register_function("get_weather", self.get_weather)
        weather = FunctionSchema("get_weather", "The weather in a city.", {"city": {"type": "string"}}, ["city"])
        self.context = LLMContext(tools=ToolsSchema(standard_tools=[weather]))
        aggregators = LLMContextAggregatorPair(self.context)
        self.frames = Frames(self.service)
        self.worker = PipelineWorker(
            Pipeline([aggregators.user(), self.service, aggregators.assistant()]),
            cancel_on_idle_timeout=False,
            observers=[self.frames],
        )

    async def get_weather(self, params: FunctionCallParams) -> None:
        self.asked.append(params.arguments["city"])
        await params.result_callback("sunny")

    async def say(self, text: str) -> None:
        """The user's words, in writing: the first of the conversation, which is when Pipecat sends them."""
        self.context.add_message({"role": "user", "content": text})
        await self.worker.queue_frame(LLMContextFrame(self.context))

    async def speak(self, audio: bytes) -> None:
        for piece in pieces(audio):
            await self.worker.queue_frame(InputAudioRawFrame(piece, RATE, 1))


@contextlib.asynccontextmanager
async def bot(**properties) -> AsyncIterator[Bot]:
    bot = Bot(events.SessionProperties(**properties))
    started = asyncio.Event()
    bot.worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(bot.worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    try:
        yield bot
    finally:
        await bot.worker.cancel()
        await running


def text(frames: list[Frame], kind: type[Frame] = LLMTextFrame) -> str:
    return "".join(frame.text for frame in frames if type(frame) is kind)


@checks
async def text_turn() -> None:
    async with bot(output_modalities=["text"]) as conversation:
        await conversation.say("Hello")
        assert text(await conversation.frames.until(LLMFullResponseEndFrame)) == HELLO


@checks
async def audio_turn() -> None:
    async with bot() as conversation:
        await conversation.say("Hello")
        frames = await conversation.frames.until(LLMFullResponseEndFrame)
        assert text(frames, TTSTextFrame) == HELLO
        sound = b"".join(frame.audio for frame in frames if isinstance(frame, TTSAudioRawFrame))
        assert 0.5 < len(sound) / 2 / RATE < 10, len(sound)


@checks
async def manual_commit() -> None:
    audio = events.AudioConfiguration(input=events.AudioInput(turn_detection=False, transcription=TRANSCRIBED))
    async with bot(output_modalities=["text"], audio=audio) as conversation:
        await conversation.worker.queue_frame(UserStartedSpeakingFrame())
        await conversation.speak(speech())
        await conversation.worker.queue_frame(UserStoppedSpeakingFrame())
        frames = await conversation.frames.until(LLMFullResponseEndFrame)
        assert HEARD in [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)]
        assert text(frames) == ANSWER_TO_HEARD


@checks
async def server_vad_turn() -> None:
    detection = events.TurnDetection(silence_duration_ms=300)
    audio = events.AudioConfiguration(input=events.AudioInput(turn_detection=detection, transcription=TRANSCRIBED))
    async with bot(audio=audio) as conversation:
        await conversation.speak(silence(0.5) + speech() + silence())
        frames = await conversation.frames.until(LLMFullResponseEndFrame)
        assert HEARD in [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)]
        assert text(frames, TTSTextFrame) == ANSWER_TO_HEARD


@checks
async def function_call_round() -> None:
    async with bot(output_modalities=["text"]) as conversation:
        await conversation.say("What is the weather like?")
        assert text(await conversation.frames.until(LLMFullResponseEndFrame)) == ""
        assert text(await conversation.frames.until(LLMFullResponseEndFrame)) == answer_to_weather("sunny")
        assert conversation.asked == [CITY]


@checks
async def cancel() -> None:
    audio = events.AudioConfiguration(input=events.AudioInput(turn_detection=False))
    async with bot(audio=audio) as conversation:
        await conversation.say("Tell me a story")
        await conversation.frames.until(TTSAudioRawFrame)
        await conversation.worker.queue_frame(InterruptionFrame())
        frames = await conversation.frames.until(LLMFullResponseEndFrame)
        sound = b"".join(frame.audio for frame in frames if isinstance(frame, TTSAudioRawFrame))
        assert len(sound) / 2 / RATE < 10, len(sound)


@checks
async def error_names_its_event() -> None:
    async with bot() as conversation:
        await conversation.say("Hello")
        await conversation.frames.until(LLMFullResponseEndFrame)
        try:
            await conversation.service.retrieve_conversation_item("nobody")
        except Exception as error:
            # It is told whom the error is for by its event id.
            assert "does not exist" in str(error), error
        else:
            raise AssertionError("there is no such item")
        await conversation.service.send_client_event(events.ConversationItemDeleteEvent(item_id="nobody", event_id="mine"))
        error = (await conversation.frames.until(ErrorFrame, errors=True))[-1].error
        assert "mine" in error and "item_delete_invalid_item_id" in error, error


if __name__ == "__main__":
    checks.run()
