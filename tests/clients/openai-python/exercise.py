"""Reads what it is sent and reports each event, for `mock-realtime exercise --reports`.

With `types` each event also has to fit the SDK's own types, which it does not ask for by itself.
"""

import json
import sys
import warnings

from openai import OpenAI
from openai.resources.realtime.realtime import RealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter, ValidationError
from websockets.exceptions import ConnectionClosed

SERVER_EVENT = TypeAdapter(RealtimeServerEvent)


def first_fault(error: ValidationError) -> str:
    """What is wrong and where, by the type of event that it was meant to be."""
    faults = error.errors(include_url=False, include_input=False)
    others = {fault["loc"][0] for fault in faults if fault["loc"][1:] == ("type",)}
    meant = [fault for fault in faults if fault["loc"][0] not in others]
    if not meant:
        return "no type of event fits"
    path = [str(part) for part in meant[0]["loc"] if not str(part)[0].isupper()]
    return f"{path[-1]}: {meant[0]['msg']}"


def report(connection: RealtimeConnection, data: bytes, typed: bool) -> dict:
    kind = json.loads(data)["type"]
    try:
        if typed:
            SERVER_EVENT.validate_json(data)
        event = connection.parse_event(data).to_dict(mode="json")
    except ValidationError as error:
        return {"type": kind, "ok": False, "error": first_fault(error)}
    except Exception as error:  # whatever it is, it is what a user of the SDK gets
        return {"type": kind, "ok": False, "error": f"{type(error).__name__}: {error}"}
    return {"type": kind, "ok": True, "event": event}


def main(typed: bool) -> None:
    warnings.simplefilter("ignore")
    client = OpenAI()
    while True:
        with client.realtime.connect(model="gpt-realtime") as connection:
            try:
                while True:
                    print(json.dumps(report(connection, connection.recv_bytes(), typed)), flush=True)
            except ConnectionClosed:
                pass


if __name__ == "__main__":
    main("types" in sys.argv)
