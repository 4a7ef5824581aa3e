"""What became of a promotion as a CloudEvent 1.0 in JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).

Its data are the fields of the log's entry that stand there in clear, so that whoever is told needs no key, learns of no person
more than a pseudonym, and can ask the log for the entry. Its JSON Schema is `schemas/promotion-event.schema.json`.
"""

import json
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from lockgate.audit.promotions.events import PromotionEvent
from lockgate.audit.times import render_time
from lockgate.engine.record import record

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"
SCHEMA: Final = "urn:lockgate:schema:promotion-event:1"
# The name of lockgate.dev in reverse, as CloudEvents asks of types.
_TYPE: Final = "dev.lockgate.promotion."


@record
class CloudEvent:
    """An event, ready to be sent. delivery: the same for the same entry of the same log, however often it is sent."""

    delivery: str
    body: bytes


def render_cloud_event(event: PromotionEvent, origin: str, index: int, time_ms: int) -> CloudEvent:
    """The event of an entry. origin: the log's name; index: the entry's; time_ms: when it was recorded, in Unix milliseconds."""
    source, name = f"//{quote(origin, safe='/:')}", str(index)
    value = {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": f"{_TYPE}{event.fields['event']}",
        "subject": f"{event.environment}/{event.model}",
        "time": render_time(time_ms),
        "datacontenttype": "application/json",
        "dataschema": SCHEMA,
        "data": dict(event.fields),
    }
    body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return CloudEvent(f"lockgate_{sha256(f'{source} {name}'.encode()).hexdigest()[:32]}", body)
