"""What the official SDK sees of each thing that can go wrong.

Each test finds in the journal what it has had go wrong, too, and has another one beside it that feels
nothing of it.
"""

import base64
import json
import struct
import time
from pathlib import Path

import httpx
import pytest
from conftest import SERVER
from events import Broken, deltas, kinds, respond, say, text_of, until
from websockets.exceptions import InvalidStatus

STORY = "One two three four five six seven eight."
DELTA = {"event": "response.output_text.delta"}
SOUND = {"event": "response.output_audio.delta"}


@pytest.fixture(autouse=True)
def story(mock):
    mock.script(f"default: {STORY}")
    yield
    put = [rule["kind"] for rule in mock.ask("GET", "/faults")["rules"]]
    names = {kind if isinstance(kind, str) else next(iter(kind)) for kind in put}
    assert names <= {fired["kind"] for entry in mock.journal() for fired in entry.get("faults", [])}


@pytest.fixture(autouse=True)
def bystander(make_mock, story):
    """Another test on the same server, which has its conversation while this one has its faults."""
    other = make_mock()
    other.script(f"default: {STORY}")
    with other.connect() as connection:
        until(connection, "session.updated")
        yield
        events = respond(connection)
    assert text_of(events) == "".join(deltas(events)) == STORY


def fault(mock, kind, **when) -> None:
    mock.faults({"kind": kind, "when": when})


def test_every_kind_is_here(mock):
    document = httpx.get(f"{SERVER}/_mock/openapi.json").json()
    kinds_there_are = document["components"]["schemas"]["FaultKind"]["oneOf"]
    names = [kind.get("const") or kind["required"][0] for kind in kinds_there_are]
    here = Path(__file__).read_text()
    assert len(names) > 20 and [name for name in names if f'"{name}"' not in here] == []


def test_a_delay(mock):
    fault(mock, {"delay": {"ms": 200}}, event="session.created")
    start = time.monotonic()
    with mock.connect() as connection:
        until(connection, "session.created")
    assert time.monotonic() - start >= 0.2


def test_a_narrow_line(mock):
    fault(mock, {"bandwidth": {"bytes_per_second": 5_000}}, **{"from": "server"})
    start = time.monotonic()
    with mock.connect() as connection:
        size = len(connection.recv_bytes())
    assert time.monotonic() - start >= size / 5_000


@pytest.mark.parametrize("kind", [{"packets": {"bytes": 100}}, {"fragments": {"bytes": 50}}], ids=["packets", "fragments"])
def test_frames_in_pieces(mock, kind):
    fault(mock, kind)
    with mock.connect() as connection:
        assert text_of(respond(connection)) == STORY


def test_a_stall(mock):
    fault(mock, {"stall": {"ms": 200}}, event="response.created")
    with mock.connect() as connection:
        until(connection, "session.updated")
        start = time.monotonic()
        respond(connection)
    assert time.monotonic() - start >= 0.2


def test_a_lost_delta(mock):
    fault(mock, "drop", **DELTA, nth=2)
    with mock.connect() as connection:
        events = respond(connection)
    assert text_of(events) == STORY and "".join(deltas(events)) != STORY
    assert [entry["event"]["type"] for entry in mock.journal() if entry.get("lost")] == [DELTA["event"]]


def test_a_delta_twice(mock):
    fault(mock, {"duplicate": {}}, **DELTA, nth=1)
    with mock.connect() as connection:
        first, second, *_ = deltas(respond(connection))
    assert first == second


def test_events_out_of_order(mock):
    fault(mock, {"reorder": {"by": 1}}, event="response.output_item.added")
    with mock.connect() as connection:
        seen = kinds(respond(connection))
    assert seen.index("response.output_item.added") > seen.index("conversation.item.added")


def test_deltas_out_of_order(mock):
    fault(mock, "swap_deltas", nth=1)
    with mock.connect() as connection:
        events = respond(connection)
    assert "".join(deltas(events)) != STORY
    assert sorted("".join(deltas(events))) == sorted(STORY)


@pytest.mark.parametrize("kind", [{"truncate": {}}, "malform"], ids=["truncated", "malformed"])
def test_no_json(mock, kind):
    fault(mock, kind, event="response.done")
    with mock.connect() as connection, pytest.raises(json.JSONDecodeError):
        respond(connection)


def test_a_missing_field(mock):
    fault(mock, {"break_schema": {"how": "missing", "field": "text"}}, event="response.output_text.done")
    with mock.connect() as connection:
        done = next(event for event in respond(connection) if event.type == "response.output_text.done")
    assert not hasattr(done, "text") or done.text is None


def test_a_wrong_id(mock):
    fault(mock, {"wrong_id": {"field": "response_id"}}, **DELTA, nth=1)
    with mock.connect() as connection:
        events = respond(connection)
    ids = [event.response_id for event in events if event.type == DELTA["event"]]
    assert ids[0] != ids[1] and set(ids[1:]) == {events[-1].response.id}


def test_an_unknown_event(mock):
    fault(mock, {"unknown_event": {"type": "response.dreamt"}}, event="response.done")
    with mock.connect() as connection:
        assert kinds(respond(connection))[-2] == "response.dreamt"


def sound_of(mock, kind=None) -> bytes:
    """The samples of a response, with a fault in its first delta."""
    if kind:
        fault(mock, kind, **SOUND, nth=1)
    with mock.connect(output_modalities=["audio"]) as connection:
        events = respond(connection)
    return b"".join(base64.b64decode(event.delta) for event in events if event.type == SOUND["event"])


def samples(sound: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(sound) // 2}h", sound)


@pytest.mark.parametrize(
    "kind, shows",
    [
        ({"audio_gap": {"ms": 20}}, lambda was, now: len(now) < len(was)),
        ({"audio_burst": {"ms": 20}}, lambda was, now: max(map(abs, now)) > max(map(abs, was))),
        ({"audio_rate": {"hz": 8_000}}, lambda was, now: len(now) != len(was)),
        ({"audio_silence": {"ms": 20}}, lambda was, now: now.count(0) >= was.count(0) + 400),
        ({"audio_clipping": {}}, lambda was, now: now != was and len(now) == len(was)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "heard",
)
def test_damaged_sound(mock, kind, shows):
    was = samples(sound_of(mock))
    assert shows(was, samples(sound_of(mock, kind)))


@pytest.mark.parametrize("code", [1011, 4000, None])
def test_a_lost_connection(mock, code):
    closed = {"code": code, "reason": "a bad day"} if code else {}
    fault(mock, {"disconnect": closed}, **DELTA, nth=2)
    with mock.connect() as connection, pytest.raises(Broken) as broken:
        respond(connection)
    assert broken.value.code == code


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refused_handshake(mock, status):
    fault(mock, {"refuse_handshake": {"status": status, "headers": {"retry-after": "7"}}})
    with pytest.raises(InvalidStatus) as refused, mock.connect():
        pass
    response = refused.value.response
    assert (response.status_code, response.headers["retry-after"]) == (status, "7")


def test_a_slow_handshake(mock):
    fault(mock, {"slow_accept": {"ms": 200}})
    start = time.monotonic()
    with mock.connect():
        assert time.monotonic() - start >= 0.2


def test_an_error_of_the_service_after_which_it_goes_on(mock):
    fault(mock, {"service_error": "server_error"}, event="response.created")
    with mock.connect() as connection:
        events = respond(connection)
    assert next(event for event in events if event.type == "error").error.type == "server_error"
    assert text_of(events) == STORY


@pytest.mark.parametrize(
    "error, code", [("rate_limit_exceeded", 4000), ("insufficient_quota", 4000), ("session_expired", 1001)]
)
def test_an_error_of_the_service_that_ends_the_session(mock, error, code):
    fault(mock, {"service_error": error}, event="response.created")
    with mock.connect() as connection:
        connection.response.create()
        assert until(connection, "error")[-1].error.code == error
        with pytest.raises(Broken) as broken:
            until(connection, "response.done")
    assert broken.value.code == code


def test_a_failed_response_and_the_one_after_it(mock):
    fault(mock, {"fail_response": {"type": "server_error", "code": "overloaded"}}, nth=1)
    with mock.connect() as connection:
        failed = respond(connection)[-1].response
        assert (failed.status, failed.status_details.error.code) == ("failed", "overloaded")
        assert text_of(respond(connection)) == STORY


def test_an_incomplete_response(mock):
    fault(mock, {"incomplete_response": {"reason": "content_filter"}})
    with mock.connect() as connection:
        response = respond(connection)[-1].response
    assert (response.status, response.status_details.reason) == ("incomplete", "content_filter")


def test_a_stuck_response_can_be_cancelled(mock):
    fault(mock, "stuck_response")
    with mock.connect() as connection:
        connection.response.create()
        until(connection, DELTA["event"])
        connection.response.cancel()
        assert until(connection, "response.done")[-1].response.status == "cancelled"


def test_a_transcription_that_fails(mock):
    fault(mock, {"fail_transcription": {"message": "I cannot hear you"}})
    transcription = {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": None}}
    with mock.connect(audio=transcription) as connection:
        connection.input_audio_buffer.append(audio=base64.b64encode(bytes(24_000)).decode())
        connection.input_audio_buffer.commit()
        failed = until(connection, "conversation.item.input_audio_transcription.failed")[-1]
    assert failed.error.message == "I cannot hear you"


def test_a_fault_in_a_session_that_is_open(mock):
    with mock.connect() as connection:
        assert text_of(say(connection, "Hello")) == STORY
        mock.faults({"kind": "drop", "when": {**DELTA, "nth": 1}}, session=0)
        assert "".join(deltas(say(connection, "Hello"))) != STORY
