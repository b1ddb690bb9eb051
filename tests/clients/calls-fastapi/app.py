"""An app that takes telephone calls, as one is written with OpenAI's SDK and FastAPI.

It is told of each call by a webhook, and decides by who calls. What callers say it follows on a
sideband socket.
"""

import asyncio
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from openai import APIStatusError, AsyncOpenAI, InvalidWebhookSignatureError

UNWANTED = "+15550666"
BUSY = 486
DESK = "tel:+14155550123"


@dataclass
class Call:
    """What the app has seen of a call."""

    headers: dict[str, str]
    heard: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    session: str | None = None


class Desk:
    """The app: `api` is what it serves, `calls` what it has seen."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self.client = client
        self.calls: dict[str, Call] = {}
        self.forged = 0
        self.refusals: list[APIStatusError] = []
        self.following: set[asyncio.Task] = set()
        self.api = FastAPI()
        self.api.post("/webhook")(self.webhook)

    async def webhook(self, request: Request) -> Response:
        try:
            event = self.client.webhooks.unwrap(await request.body(), request.headers)
        except InvalidWebhookSignatureError:
            self.forged += 1
            return Response("invalid signature", status_code=400)
        if event.type == "realtime.call.incoming":
            headers = {header.name: header.value for header in event.data.sip_headers}
            self.calls[event.data.call_id] = Call(headers)
            # The service waits for the answer; the call is taken after it.
            task = asyncio.create_task(self.take(event.data.call_id))
            self.following.add(task)
            task.add_done_callback(self.following.discard)
        return Response(status_code=200)

    async def take(self, call_id: str) -> None:
        calls = self.client.realtime.calls
        if UNWANTED in self.calls[call_id].headers["From"]:
            await calls.reject(call_id, status_code=BUSY)
            return
        await calls.accept(
            call_id,
            type="realtime",
            model="gpt-realtime",
            instructions="You answer the telephone.",
            audio={"input": {"transcription": {"model": "gpt-4o-transcribe"}}},
        )
        try:
            await calls.accept(call_id, type="realtime")
        except APIStatusError as error:
            self.refusals.append(error)
        await self.follow(call_id)

    async def follow(self, call_id: str) -> None:
        """Follows a call on a sideband socket, and does what the caller wants."""
        seen = self.calls[call_id]
        calls = self.client.realtime.calls
        async with self.client.realtime.connect(call_id=call_id, max_retries=0) as connection:
            await connection.session.update(session={"type": "realtime", "instructions": "Be short."})
            async for event in connection:
                seen.types.append(event.type)
                if event.type == "session.updated":
                    seen.session = event.session.id
                elif event.type == "input_audio_buffer.dtmf_event_received":
                    seen.keys.append(event.event)
                    if event.event == "9":
                        await calls.hangup(call_id)
                elif event.type == "conversation.item.input_audio_transcription.completed":
                    seen.heard.append(event.transcript)
                    if "operator" in event.transcript:
                        await calls.refer(call_id, target_uri=DESK)
