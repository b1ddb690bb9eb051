"""What a test can do with a mock beside making things go wrong."""

import threading

import pytest
from events import Broken, respond, say, text_of, until
from mock_realtime import Mock

WEATHER = """
responses:
  weather:
    when: { text: weather }
    answer: In Oslo it rains.
  rest:
    answer: I only know the weather.
"""


@pytest.mark.parametrize("city", ["Oslo", "Rome", "Lima", "Bern"])
def test_each_test_has_the_scenario_of_its_key(mock, city):
    mock.script(f"default: It is {city}.")
    with mock.connect() as connection:
        assert text_of(respond(connection)) == f"It is {city}."
    assert all("Oslo" not in str(entry) or city == "Oslo" for entry in mock.journal())


def test_the_scenario_answers_what_the_user_says(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        assert text_of(say(connection, "How is the weather?")) == "In Oslo it rains."
        assert text_of(say(connection, "Who are you?")) == "I only know the weather."
    mock.verify(
        {"type": "conversation.item.create", "times": 2},
        {"type": "response.create", "at_least": 2},
        in_order=("session.update", "conversation.item.create", "response.create"),
    )


def test_a_failed_expectation_names_what_came_nearest(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        respond(connection)
    with pytest.raises(AssertionError) as failed:
        mock.verify({"type": "response.create", "times": 2})
    assert "expected exactly 2 response.create, got 1" in str(failed.value)
    assert "client ──▶      response.create" in str(failed.value)


def test_what_the_client_sends_is_waited_for(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        later = threading.Timer(0.1, connection.response.create)
        later.start()
        assert mock.wait("response.create")["type"] == "response.create"
        assert mock.wait("response.done", **{"with": {"response": {"status": "completed"}}})
        later.join()
        until(connection, "response.done")


def test_the_same_seed_gives_the_same_ids(mock):
    seen = []
    for _ in range(2):
        mock.script(WEATHER, seed=7, started_at=1_780_000_000, replace=True)
        with mock.connect() as connection:
            seen.append([event.event_id for event in respond(connection)])
    assert seen[0] == seen[1]


def test_a_key_in_use_is_a_conflict(mock):
    mock.script(WEATHER)
    other = Mock(str(mock.http.base_url).split("/_mock")[0], mock.key)
    with pytest.raises(AssertionError, match="in use by another test"):
        other.script(WEATHER)


def test_a_mistake_in_the_scenario_is_located(mock):
    with pytest.raises(AssertionError, match="body:2:8: there is no key `anser` here; did you mean `answer`?"):
        mock.script("responses:\n  a: { anser: Hi }")
    mock.script(WEATHER)


def test_an_event_is_pushed(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        mock.wait("session.created")
        limits = [{"name": "tokens", "limit": 10, "remaining": 1, "reset_seconds": 60}]
        mock.do("push", event={"type": "rate_limits.updated", "rate_limits": limits})
        assert until(connection, "rate_limits.updated")[-1].rate_limits[0].remaining == 1


def test_a_text_that_is_no_event_is_pushed(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        until(connection, "session.updated")
        mock.do("push", text="{ broken")
        assert connection.recv_bytes() == b"{ broken"


def test_a_response_is_held_and_released(mock):
    mock.script("default: One two three four five six seven.")
    with mock.connect() as connection:
        until(connection, "session.updated")
        mock.do("hold", type="response.output_text.delta", after=2)
        connection.response.create()
        until(connection, "response.output_text.delta")
        until(connection, "response.output_text.delta")
        assert mock.session()["holding"]
        mock.do("release")
        assert text_of(until(connection, "response.done"))


def test_time_passes_by_advance_alone(mock):
    mock.script("pacing: { first_ms: 30000 }\ndefault: At last.", clock="manual")
    with mock.connect() as connection:
        until(connection, "session.updated")
        connection.response.create()
        until(connection, "response.created")
        mock.do("advance", ms=60_000)
        assert text_of(until(connection, "response.done")) == "At last."


def test_a_session_is_closed_with_a_code(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        until(connection, "session.updated")
        mock.do("close", code=4001, reason="that is all")
        with pytest.raises(Broken) as closed:
            until(connection, "response.done")
    assert (closed.value.code, closed.value.reason) == (4001, "that is all")
    mock.wait("(close)")
    assert mock.session()["closed"]["code"] == 4001


def test_a_connection_breaks(mock):
    mock.script(WEATHER)
    with mock.connect() as connection:
        until(connection, "session.updated")
        mock.do("break")
        with pytest.raises(Broken) as broken:
            until(connection, "response.done")
    assert broken.value.code is None


def test_an_unknown_key_is_told(mock):
    mock.script(WEATHER)
    mock.headers["X-Mock-Scenario"] = "nobody"
    with mock.open() as connection:
        error = until(connection, "error")[-1].error
    assert error.code == "unknown_mock_scenario" and "PUT /_mock/scenarios/nobody" in error.message


def test_an_ephemeral_key_opens_a_session_of_the_test(mock):
    mock.script(WEATHER)
    session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be short."}
    secret = mock.client().realtime.client_secrets.create(session=session)
    with mock.connect(api_key=secret.value) as connection:
        created = until(connection, "session.created")[-1]
    assert created.session.instructions == "Be short."
    assert mock.session()["id"] == created.session.id
