"""The log before a witness that we did not write: it grows, and is caught when it is stale, rolled back or forked."""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from lockgate.audit.cosignature import verify_cosignatures
from lockgate.audit.note import Note, parse_note, parse_verifier_key, render_verifier_key
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness.errors import ForkError, StaleError

from tests.audit.growing_log import GrowingLog
from tests.audit.witness.steps import steps
from tests.e2e.witness_server import go_witness

pytestmark = pytest.mark.e2e


def test_cosigns_with_both_algorithms() -> None:
    log = GrowingLog().grow(20)
    with go_witness([render_verifier_key(log.keys[0])], "witness.example/go", "-mldsa") as witness:
        keys = [parse_verifier_key(vkey) for vkey in witness.vkeys]
        assert [key.algorithm for key in keys] == [4, 6]
        with closing(WitnessClient(witness.url)) as client:
            for old, new in ((0, 7), (7, 20)):
                note = parse_note(log.note(new))
                lines = client.add_checkpoint(old, log.proof(old, new), log.note(new))
                made = verify_cosignatures(Note(note.text, lines), keys)
                assert len(made) == 2


# It believes the first checkpoint that it is shown, whatever old size and proof come with it.
LEFT_OUT = ("asked-for-its-size-before-the-first", "first-with-a-proof")
# What it answers otherwise than C2SP tlog-witness v1.0.0 asks for.
OTHERWISE = {"split-view": 422, "wrong-key": 500, "no-note": 404}


def test_every_step_of_our_own_witness() -> None:
    log = GrowingLog()
    table = [step for step in steps(log) if step.name not in LEFT_OUT]
    with go_witness([render_verifier_key(log.keys[0])]) as witness:
        connection = http.client.HTTPConnection(urlsplit(witness.url).netloc, timeout=30)
        with closing(connection):
            for step in table:
                connection.request("POST", "/add-checkpoint", step.body)
                answer = connection.getresponse()
                body = answer.read()
                status = OTHERWISE.get(step.name, step.status)
                assert answer.status == status, step.name
                if status == 409:
                    assert body == f"{step.size}\n".encode(), step.name


def test_our_client_raises_its_alarm() -> None:
    log = GrowingLog().grow(50)
    fork = log.fork(20).grow(40, "other ")
    with (
        go_witness([render_verifier_key(log.keys[0])]) as witness,
        closing(WitnessClient(witness.url)) as client,
    ):
        client.add_checkpoint(0, (), log.note(30))
        with pytest.raises(StaleError) as stale:
            client.add_checkpoint(20, log.proof(20, 50), log.note(50))
        assert stale.value.size == 30
        with pytest.raises(ForkError):
            client.add_checkpoint(30, fork.proof(30, 60), fork.note(60))
        with pytest.raises(ForkError):
            client.add_checkpoint(30, (), fork.note(30))
        client.add_checkpoint(30, log.proof(30, 50), log.note(50))
