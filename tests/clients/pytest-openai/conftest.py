"""What each test has: a key on the one server, and the official SDK pointed at it."""

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from mock_realtime import Mock
from openai import OpenAI
from openai.resources.realtime.realtime import RealtimeConnection, RealtimeConnectionManager

WEBSOCKETS = os.environ["MOCK_REALTIME_URL"]
SERVER = WEBSOCKETS.replace("ws", "http", 1).removesuffix("/v1")


# To make one takes a while; those for each key are made of it.
OPENAI = OpenAI(api_key="mock", base_url=f"{SERVER}/v1", websocket_base_url=WEBSOCKETS, max_retries=0)


class Talk(Mock):
    """The mock as these tests use it: with conversations that the SDK holds."""

    def client(self, api_key: str = "mock") -> OpenAI:
        return OPENAI.with_options(api_key=api_key, default_headers=self.headers)

    def open(self, api_key: str = "mock") -> RealtimeConnectionManager:
        """A connection as the SDK opens it; one that is lost is not opened again."""
        realtime = self.client(api_key).realtime
        return realtime.connect(model="gpt-realtime", extra_headers=self.headers, max_retries=0)

    @contextlib.contextmanager
    def connect(self, api_key: str = "mock", **session) -> Iterator[RealtimeConnection]:
        """A session that is in text, unless it is said otherwise."""
        with self.open(api_key) as connection:
            settings = {"type": "realtime", "output_modalities": ["text"], **session}
            connection.session.update(session=settings)
            yield connection


@pytest.fixture
def make_mock(request: pytest.FixtureRequest) -> Iterator[Callable[[], Talk]]:
    """Makes as many keys as a test wants; they are gone when it is over."""
    made = []

    def make() -> Talk:
        made.append(Talk(SERVER, f"{request.node.originalname}-{uuid.uuid4().hex[:8]}"))
        return made[-1]

    yield make
    for mock in made:
        mock.http.delete("")


@pytest.fixture
def mock(make_mock) -> Talk:
    return make_mock()
