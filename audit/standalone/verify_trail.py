"""Verifies an export of a Lockgate trail, an evidence pack, or a proof. One file; needs Python 3.9 or newer and `cryptography`, and nothing else.

    python verify_trail.py FOLDER --log-key VKEY|FILE [--witness-key VKEY|FILE]...
    python verify_trail.py --proof FILE [--entry FILE] --log-key VKEY|FILE [--witness-key VKEY|FILE]...

Exit codes: 0 everything agrees · 2 wrong usage · 3 something was changed · 4 no key from outside, so nothing is proven.

It shares no code with the program that wrote the export. Formats: RFC 6962, C2SP signed-note, tlog-checkpoint,
tlog-cosignature, tlog-tiles and tlog-proof, and Lockgate's docs/trail.md.
"""

import argparse
import base64
import bisect
import datetime
import hashlib
import hmac
import json
import os
import re
import stat
import struct
import sys
import zlib
from typing import NoReturn
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

WIDTH = 256
HEADS_SHARE = 16
MAX_ENTRY = 4096
MAX_BODY = 16 * 1024 * 1024
MAX_FILE = 64 * 1024 * 1024
MAX_LINE = 32 * 1024 * 1024
MAX_NOTE = 1_000_000
MAX_SIGNATURES = 100
MAX_EXTENSIONS = 16
# Of one promotion.
MAX_APPROVALS = 400
# Only the ten digits of ASCII are digits: others are too, elsewhere.
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})Z", re.ASCII)
NAME = re.compile(r"[^\s+\x00-\x20\x7f]+")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
# The fields of an entry besides those of all, by kind and, where there are several cases, by case. `name:type`, text
# without a type; n: count, d: digest, t: time, h: hash, R: ranges, a|b: one of these, P, L, S: the objects below. `?`: optional.
CASE = {
    "log": "event",
    "key": "event",
    "promotion": "event",
    "erasure": "scope",
    "hold": "event",
    "break-glass": "event",
}
_PROMOTED = "event model version? environment subject:d statement:d "
FIELDS = {
    "log opened": "event origin vkey predecessor:P? lost:L?",
    "log closed": "event reason successor:S?",
    "decision": (
        "outcome:allow|warn|deny|error policies:d evaluator operation resource model? environment? "
        "caller:mtls|token|unauthenticated? mode:observe?"
    ),
    "policy": "event:added|changed|removed policies:d before:d? policy?",
    "exemption": "event:granted|used|revoked|expired exemption policies:d",
    "break-glass granted": "event grant reason ticket from:t until:t claimed:t?",
    "break-glass used": "event grant outcome:deny|error operation resource policies:d? claimed:t?",
    "break-glass revoked": "event grant",
    "break-glass expired": "event grant",
    "break-glass refused": "event grant reason",
    "key added": "event use:log|statement|witness vkey? key?",
    "key retired": "event use:log|statement|witness vkey? key?",
    "key revoked": "event use:log|statement|witness vkey? key? lastGood:n?",
    "promotion requested": _PROMOTED + "requester ownApproval:allowed? from? predecessor:n? target:n? key:d?",
    "promotion approved": _PROMOTED + "request:n approver assurance:key|token|imported key:d?",
    "promotion promoted": _PROMOTED + "request:n policy:d approvals:R?",
    "promotion rolled-back": _PROMOTED + "request:n policy:d approvals:R?",
    "promotion revoked": _PROMOTED + "promotion:n reason",
    "erasure entry": "scope entries:n reason index:n first:n?",
    "erasure namespace": "scope entries:n reason stream first:n?",
    "hold placed": "event hold reason index:n? stream?",
    "hold lifted": "event hold reason",
    "access": "action:reveal|export|replay entries:n index:n?",
    "verification": "verdict:verified|tampered|unverifiable size:n opened:n root:h?",
    "statement": "envelope:d predicate subject:d?",
    "coverage": "instance from:t to:t policies:d configuration:d evaluator judged:n unmatched:n refused:n",
    "seen": "instance records:R",
    "stream-heads": "size:n count:n root:h",
    "P": "origin size:n root:h vkey reason",
    "L": "from:n to:n root:h?",
    "S": "origin vkey",
    "body": "sha256:d size:n",
}
# Exactly one of two.
EITHER = {"key": ("vkey", "key"), "hold placed": ("index", "stream")}
COMMITTED = {
    "decision": "namespace object actor input facts body",
    "exemption": "namespace object actor body",
    "break-glass": "namespace object actor body",
    "policy": "actor body",
    "key": "actor body",
    "promotion": "actor body",
    "erasure": "actor body",
    "hold": "actor body",
    "access": "actor body",
    "verification": "actor body",
    "statement": "actor body",
}
COMMON = {"v", "kind", "time", "clockAnomaly", "streams", "idempotency", "commitments", "body"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
STREAM = re.compile(r"[!-~]{1,300}")
KEY_FIELDS = ("event", "use", "vkey", "key", "lastGood", "time")
# The files of an export: those that are always there, those for people, and the others.
NEEDED = {"checkpoint", "streams.jsonl", "keys.json", "log.vkey"}
FOR_PEOPLE = {"VERIFY.md", "verify_trail.py"}
OTHERS = re.compile(
    r"checkpoints/(\d{16})|proofs/(0|[1-9]\d*)\.tlog-proof|bodies/((?:x\d{3}/)*\d{3})\.jsonl"
    r"|tile/(entries|\d{1,2})/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d*))?"
)
# The files of an evidence pack.
PACK_NEEDED = {"checkpoint", "log.vkey", "pack.json", "index.html"} | FOR_PEOPLE
# What a pack says of a promotion, besides entries by their index.
PACK_FACTS = (
    "time",
    "event",
    "model",
    "version",
    "environment",
    "subject",
    "requester",
    "policy",
    "statement",
)
STREAM_PROOF = {"v", "stream", "size", "headsEntry", "proof", "heads", "entries"}
HEAD = {"name", "n", "leaf", "index", "count", "hashes"}
MAX_TEXT = 1024
MAX_RANGES = 100
MINUTE = 60_000
MAX_COVERAGE = 10 * MINUTE
EPOCH = datetime.datetime(1970, 1, 1)


class Tampered(Exception):
    """Something is not as it was recorded."""


class Misused(Exception):
    """What was given is not what can be verified."""


def fail(where, what) -> NoReturn:
    """Stops with a finding."""
    raise Tampered(f"{where}: {what}")


def open_file(root, name):
    """A file of the export, which is a regular one, no link and below no link; a pipe would keep us waiting."""
    path = root
    for part in name.split("/"):
        path = os.path.join(path, part)
        if os.path.islink(path):
            fail(name, "is a symbolic link")
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        fail(name, error.strerror)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        fail(name, "is no regular file")
    return os.fdopen(number, "rb")


def read(root, name, limit=MAX_FILE):
    """The bytes of a file of the export."""
    with open_file(root, name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        fail(name, "is too large")
    return data


def lines_of(root, name):
    """The lines of a file, one at a time."""
    with open_file(root, name) as file:
        while True:
            line = file.readline(MAX_LINE + 1)
            if len(line) > MAX_LINE:
                fail(name, "has a line that is too long")
            if not line:
                return
            yield line


def digest_of(root, name):
    """The SHA-256 of a file, of any size, in hexadecimal."""
    made = hashlib.sha256()
    with open_file(root, name) as file:
        while True:
            data = file.read(1 << 20)
            if not data:
                return made.hexdigest()
            made.update(data)


def shown(text):
    """A text for a terminal, which a name or an origin out of the export does not steer."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def unbase64(text, where):
    """The bytes of base64 in its one canonical spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeEncodeError):
        fail(where, "has no base64 where it belongs")
    if base64.b64encode(data).decode() != text:
        fail(where, "has base64 in another spelling")
    return data


class Key:
    """A verifier key: NAME+ID+BASE64(algorithm, public key)."""

    def __init__(self, text):
        name, key_id, encoded = text.split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        if base64.b64encode(data).decode() != encoded or not NAME.fullmatch(name):
            raise ValueError("not the one spelling of a verifier key")
        made = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        if made.hex() != key_id or len(data) != 33 or data[0] not in (1, 4):
            raise ValueError("not an Ed25519 verifier key")
        self.name, self.id, self.algorithm = name, made, data[0]
        self.raw = data
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])

    def verifies(self, signature, message):
        """Whether a signature is this key's over the message."""
        try:
            self.public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def load_key(text):
    """A key from its line or from a file that holds it."""
    if os.path.isfile(text):
        with open(text, encoding="utf-8") as file:
            text = file.read()
    return Key(text.strip())


class Checkpoint:
    """A signed checkpoint, verified against the log's keys and the witnesses' that are given."""

    def __init__(self, data, log_keys, witness_keys, where):
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError:
            fail(where, "is not UTF-8")
        head, blank, tail = whole.rpartition("\n\n")
        lines = head.split("\n")
        if not blank or not tail.endswith("\n") or len(lines) < 3 or "" in lines or CONTROL.search(head):
            fail(where, "is no signed checkpoint")
        if len(data) > MAX_NOTE or len(lines) > 3 + MAX_EXTENSIONS or tail.count("\n") > MAX_SIGNATURES:
            fail(where, "is larger than a checkpoint may be")
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
            fail(where, "has no size")
        self.origin, self.size, self.root = lines[0], int(lines[1]), unbase64(lines[2], where)
        if len(self.root) != 32 or (self.size == 0 and self.root != subtree([])):
            fail(where, "has no root")
        self.witnesses = {}
        self.where, self.lines = where, []
        self.text = text = (head + "\n").encode()
        for line in tail[:-1].split("\n"):
            words = line.split(" ")
            if len(words) != 3 or words[0] != "\u2014":
                fail(where, "has a line that is no signature")
            signature = unbase64(words[2], where)
            if len(signature) < 5 or not NAME.fullmatch(words[1]):
                fail(where, "has a line that is no signature")
            self.lines.append((words[1], signature[:4], signature[4:]))
            self._check(words[1], signature[:4], signature[4:], text, log_keys, witness_keys, where)

    def _check(self, name, key_id, signature, text, log_keys, witness_keys, where):
        for key in log_keys:
            mine = (key.name, key.id) == (name, key_id)
            if mine and (len(signature) != 64 or not key.verifies(signature, text)):
                fail(where, "was changed after the log signed it")
        for key in witness_keys:
            if (key.name, key.id) == (name, key_id):
                if len(signature) != 72:
                    fail(where, f"has no cosignature of {name}")
                (time,) = struct.unpack(">Q", signature[:8])
                message = f"cosignature/v1\ntime {time}\n".encode() + text
                if not key.verifies(signature[8:], message):
                    fail(where, f"has a cosignature of {name} that is not over it")
                self.witnesses[name] = time

    def is_by(self, key):
        """Whether this key of the log signed it; a line that says so and is wrong makes all of it wrong."""
        mine = [signature for name, key_id, signature in self.lines if (key.name, key.id) == (name, key_id)]
        if not mine or key.algorithm != 1:
            return False
        if len(mine) > 1 or len(mine[0]) != 64 or not key.verifies(mine[0], self.text):
            fail(self.where, "was changed after the log signed it")
        return True


class LogKeys:
    """The log's keys: those given from outside, and those that the log's entries name under a believed key."""

    def __init__(self, origin, given, events):
        self.believed, self.spans = list(given), {}
        for index, event, vkey, last_good in events:
            where = f"entry {index}"
            try:
                key = Key(vkey)
            except ValueError:
                fail(where, "names a key of the log that is none")
            if event == "revoked" and key.name != origin:
                continue  # The key of the log that this one follows.
            if key.name != origin or key.algorithm != 1:
                fail(where, "names a key that is not one of this log")
            span = self.spans.get(vkey)
            if span is None and event == "added":
                self.spans[vkey] = [key, index, 2**63, 2**63]
            elif span is not None and event == "retired" and span[2] == 2**63:
                span[2] = index
            elif span is not None and event == "revoked" and is_count(last_good):
                span[3] = last_good
            else:
                fail(where, "adds a key that the log has, or gives one up that it does not have")
        if all(span[2] < 2**63 for span in self.spans.values()):
            fail("the log", "has retired all of its keys")

    def may_sign(self, key, size):
        """Whether a checkpoint of this size may rest on a key; one that no entry names has no bounds."""
        return all(
            added < size <= min(retired, last_good)
            for named, added, retired, last_good in self.spans.values()
            if (named.name, named.raw) == (key.name, key.raw)
        )

    def follow(self, checkpoints):
        """Believes the keys that are named below a checkpoint of a believed one."""
        waiting = list(self.spans.values())
        moved = True
        while moved and waiting:
            reached = max([one.size for one in checkpoints if self.signed(one)], default=0)
            more = [span for span in waiting if span[1] < reached]
            waiting = [span for span in waiting if span[1] >= reached]
            self.believed += [span[0] for span in more]
            moved = bool(more)

    def signed(self, checkpoint):
        """Whether a believed key signed it that may have. A log's keys bear its name."""
        signers = [key for key in self.believed if key.name == checkpoint.origin and checkpoint.is_by(key)]
        return any(self.may_sign(key, checkpoint.size) for key in signers)


def node(left, right):
    """RFC 6962: the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtree(hashes):
    """RFC 6962: the hash of a tree over hashes."""
    row = list(hashes)
    if not row:
        return hashlib.sha256(b"").digest()
    while len(row) > 1:
        paired = [node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
    return row[0]


def path_of(level, index, width):
    """C2SP tlog-tiles: where a tile is."""
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/" + "/".join(parts) + ("" if width == WIDTH else f".p/{width}")


class Tree:
    """Grows from leaf hashes, compares the tiles, and keeps the roots of the sizes that are asked for."""

    def __init__(self, root, size, wanted):
        self.folder, self.size, self.wanted = root, size, wanted
        self.levels = [[]]
        self.peaks = []  # (leaves, hash) of perfect subtrees, the largest first
        self.count = 0
        self.roots = {}

    def add(self, leaf):
        """The next leaf."""
        self.count += 1
        weight, made = 1, leaf
        while self.peaks and self.peaks[-1][0] == weight:
            made = node(self.peaks.pop()[1], made)
            weight *= 2
        self.peaks.append((weight, made))
        if self.count in self.wanted:
            self.roots[self.count] = self.root()
        level = 0
        self.levels[0].append(leaf)
        while len(self.levels[level]) == WIDTH:
            tile = self.levels[level]
            self.compare(level, (self.count >> (8 * (level + 1))) - 1, tile)
            self.levels[level] = []
            level += 1
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append(subtree(tile))

    def root(self):
        """The root so far."""
        if not self.peaks:
            return subtree([])
        made = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            made = node(left, made)
        return made

    def compare(self, level, index, hashes):
        """A tile in the folder has to hold these hashes."""
        name = path_of(level, index, len(hashes))
        if read(self.folder, name) != b"".join(hashes):
            fail(name, "does not hold the hashes of the entries")

    def finish(self):
        """The partial tiles."""
        for level, hashes in enumerate(self.levels):
            if hashes:
                self.compare(level, self.count >> (8 * (level + 1)), hashes)


def milliseconds(text, where):
    """The time of an entry."""
    found = TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        fail(where, "has no time")
    year, month, day, hour, minute, second, milli = map(int, found.groups())
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second, milli * 1000)
    except ValueError:
        fail(where, "has no time")
    made = (moment - EPOCH) // datetime.timedelta(milliseconds=1)
    return made if made >= 0 else fail(where, "is before 1970")


def is_hash(value):
    """Whether a value is the base64 of 32 bytes, in its one spelling."""
    return isinstance(value, str) and len(value) == 44 and len(unbase64(value, "an entry")) == 32


def is_count(value):
    """Whether a value is a number that counts; True is none."""
    return type(value) is int and value >= 0


def is_ranges(value):
    """Whether a value is ascending half-open ranges, flat, of which none touches another."""
    if not isinstance(value, list) or len(value) % 2 or not 0 < len(value) <= 2 * MAX_RANGES:
        return False
    return all(map(is_count, value)) and sorted(set(value)) == value


def fits(kind, value, where):
    """Whether a value is as the type of a field says."""
    if kind in FIELDS:
        return isinstance(value, dict) and has_fields(kind, value, where)
    if kind == "n":
        return is_count(value)
    if kind == "h":
        return is_hash(value)
    if kind == "R":
        return is_ranges(value)
    if not isinstance(value, str):
        return False
    if kind == "t":
        return milliseconds(value, where) >= 0
    if kind == "d":
        return DIGEST.fullmatch(value) is not None
    return value in kind.split("|") if kind else 0 < len(value) <= MAX_TEXT


def has_fields(name, value, where):
    """Whether an object has the fields of FIELDS, each as it should be, and no other."""
    left = set(value)
    for part in FIELDS[name].split():
        field, _, kind = part.rstrip("?").partition(":")
        if field not in left:
            if part.endswith("?"):
                continue
            return False
        if not fits(kind, value[field], where):
            return False
        left.discard(field)
    return not left


def check_fields(value, where):
    """An entry has the fields of its kind, which agree with each other."""
    kind = value["kind"]
    case = f"{kind} {value.get(CASE[kind])}" if kind in CASE else kind
    # Besides the kinds there are the objects in FIELDS, and cases under their full name.
    if case not in FIELDS or case in ("P", "L", "S", "body") or " " in kind:
        fail(where, "is of no kind that is known here")
    if not has_fields(case, {name: value[name] for name in value.keys() - COMMON}, where):
        fail(where, f"does not have the fields of its kind ({case})")
    either = EITHER.get(kind) or EITHER.get(case)
    if either and (either[0] in value) == (either[1] in value):
        fail(where, f"has to have either {either[0]} or {either[1]}")
    if "lost" in value and ("predecessor" not in value or value["lost"]["from"] > value["lost"]["to"]):
        fail(where, "tells of a lost range that is none")
    if kind == "coverage":
        start, stop = milliseconds(value["from"], where), milliseconds(value["to"], where)
        if start % MINUTE or stop % MINUTE or not start < stop <= start + MAX_COVERAGE:
            fail(where, "is not of 1 to 10 whole minutes")
    committed = value.get("commitments", {"": ""})
    if "commitments" in value and (
        not isinstance(committed, dict)
        or not committed
        or committed.keys() - set(COMMITTED.get(kind, "").split())
        or not all(map(is_hash, committed.values()))
    ):
        fail(where, "has commitments that are none of its kind")
    if "body" in value and not ("body" in committed and fits("body", value["body"], where)):
        fail(where, "has a body that it does not commit to")
    if "idempotency" in value and (
        not isinstance(value["idempotency"], str) or len(unbase64(value["idempotency"], where)) != 16
    ):
        fail(where, "has a request key that is none")


def canonical(value):
    """RFC 8785, for what entries hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def plain(value):
    """Whether a value is of those that an entry may hold."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and key.isascii() and plain(part) for key, part in value.items())
    if isinstance(value, list):
        return all(plain(part) for part in value)
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) < 2**53
    return isinstance(value, str)


def parse_entry(data, where):
    """An entry from its bytes: canonical, and with the fields of its kind."""
    if len(data) > MAX_ENTRY:
        fail(where, "is too large")
    try:
        value = json.loads(data)
        text = canonical(value)
    except (ValueError, RecursionError):
        fail(where, "is no JSON")
    if text != data or not plain(value) or not isinstance(value, dict):
        fail(where, "is not in canonical form")
    # True equals 1 in Python, and in JSON it does not.
    if type(value.get("v")) is not int or value["v"] != 1 or not isinstance(value.get("kind"), str):
        fail(where, "is of no version and kind that is known here")
    check_fields(value, where)
    return value


class Promotions:
    """Follows the entries about promotions, and the keys that sign for them: each rests on what stands before it."""

    def __init__(self):
        self.keys = {}
        self.requests, self.statements, self.approvals, self.made = {}, {}, {}, {}
        self.revoked = set()
        # What was made, by model, environment and bytes.
        self.brought = {}

    def add(self, index, value, where):
        """The next entry of kind key or promotion."""
        if value["kind"] == "key":
            if value["use"] == "statement":
                self._key(index, value, where)
            return
        what = tuple(
            value.get(name, "") for name in ("model", "version", "environment", "subject", "statement")
        )
        stream = "model/" + quote(what[0], safe="") + "/" + quote(what[2], safe="")
        if not {"promotion", stream} <= {link["k"] for link in value["streams"]}:
            fail(where, "is not in the streams of promotions")
        if value["event"] == "requested":
            self._request(index, value, what, where)
        elif value["event"] == "approved":
            self._approval(index, value, what, where)
        elif value["event"] == "revoked":
            made = self.made.get(value["promotion"])
            if not made or made["what"] != what or made["revoked"]:
                fail(where, "revokes no promotion that stands")
            for one in self.brought[(what[0], *what[2:4])]:
                one["revoked"] = True
            self.revoked.add(what[2:4])
        else:
            self._promotion(index, value, what, where)

    def _key(self, index, value, where):
        name = value.get("key", value.get("vkey"))
        if value["event"] == "added":
            if name in self.keys:
                fail(where, "adds a key that was there before")
            self.keys[name] = [False, None]
        elif name not in self.keys or self.keys[name][0]:
            fail(where, "gives up a key that is not there")
        else:
            self.keys[name] = [True, value.get("lastGood")]

    def _is_good(self, key, index):
        if not key:
            return True
        ended, last = self.keys[key]
        return not ended or last is None or index < last

    def _is_enrolled(self, key):
        return not key or not self.keys.get(key, [True])[0]

    def _stands(self, index):
        made = self.made.get(index)
        return (
            made is not None
            and not made["revoked"]
            and self._is_good(*made["request"]["signed"])
            and all(self._is_good(*self.approvals[one]["signed"]) for one in made["approvals"])
        )

    def _request(self, index, value, what, where):
        if what[4] in self.statements:
            fail(where, "asks again by a statement that was used")
        if not self._is_enrolled(value.get("key")) or what[2:4] in self.revoked:
            fail(where, "asks by a key that is not enrolled, or for what was revoked")
        before, target = value.get("predecessor"), value.get("target")
        if ("from" in value) != (before is not None) or (before is not None and target is not None):
            fail(where, "does not say where it comes from")
        for other, environment in ((before, value.get("from")), (target, what[2])):
            if other is None:
                continue
            if not self._stands(other) or self.made[other]["what"][:4] != (
                *what[:2],
                environment,
                what[3],
            ):
                fail(where, f"rests on entry {other}, which is no promotion of these bytes that stands")
        self.statements[what[4]] = index
        self.requests[index] = {
            "what": what,
            "signed": (value.get("key"), index),
            "requester": value["requester"],
            "own": "ownApproval" in value,
            "before": before,
            "target": target,
            "approvers": set(),
            "closed": False,
        }

    def _pending(self, value, what, where):
        request = self.requests.get(value["request"])
        if not request or request["what"] != what or request["closed"]:
            fail(where, "is of no request that is pending")
        return request

    def _approval(self, index, value, what, where):
        request = self._pending(value, what, where)
        approver = value["approver"]
        if (approver == request["requester"] and not request["own"]) or approver in request["approvers"]:
            fail(where, "approves what its own requester, or the same person before, stands for")
        if (value["assurance"] == "key") != ("key" in value) or not self._is_enrolled(value.get("key")):
            fail(where, "approves by a key that is not enrolled")
        request["approvers"].add(approver)
        self.approvals[index] = {"request": value["request"], "signed": (value.get("key"), index)}

    def _promotion(self, index, value, what, where):
        request = self._pending(value, what, where)
        if (value["event"] == "rolled-back") != (request["target"] is not None):
            fail(where, "makes something else than was asked for")
        rests = [one for one in (request["before"], request["target"]) if one is not None]
        if what[2:4] in self.revoked or not all(map(self._stands, rests)):
            fail(where, "rests on what was revoked")
        ranges = value.get("approvals", [])
        if sum(ranges[1::2]) - sum(ranges[::2]) > MAX_APPROVALS:
            fail(where, "has too many approvals")
        listed = [
            one for place in range(0, len(ranges), 2) for one in range(ranges[place], ranges[place + 1])
        ]
        for one in listed:
            approval = self.approvals.get(one)
            if not approval or approval["request"] != value["request"]:
                fail(where, f"rests on entry {one}, which does not approve it")
            if not self._is_good(*approval["signed"]):
                fail(where, "rests on a key that was revoked")
        if not self._is_good(*request["signed"]):
            fail(where, "rests on a key that was revoked")
        request["closed"] = True
        made = {"what": what, "request": request, "approvals": listed, "revoked": False}
        self.made[index] = made
        self.brought.setdefault((what[0], *what[2:4]), []).append(made)


class Entries:
    """Follows the entries: form, time, streams, repeated requests, erasures."""

    def __init__(self, origin):
        self.origin = origin
        self.streams = {}
        self.requests = {}
        self.erased = set()
        self.erased_streams = {}
        self.time = 0
        self.names = []
        self.active, self.holds, self.erasures = {}, [], []
        self.bodies = {}
        self.closed = False
        self.last_heads = -1
        self.keys, self.key_lines = [], []
        self.promotions = Promotions()

    def add(self, index, data, leaf):
        """The next entry."""
        where = f"entry {index}"
        value = parse_entry(data, where)
        kind = value["kind"]
        if self.closed:
            fail(where, "follows the closing of the log")
        opening = kind == "log" and value.get("event") == "opened"
        if opening != (index == 0) or (opening and value.get("origin") != self.origin):
            fail(where, "does not open this log, where it should or should not")
        self.closed = kind == "log" and value.get("event") == "closed"
        if opening or kind == "key":
            kept = {name: value[name] for name in KEY_FIELDS if name in value}
            self.key_lines.append({"index": index, **kept})
        if opening:
            self.keys.append((0, "added", value.get("vkey"), None))
        elif kind == "key" and value["use"] == "log":
            self.keys.append((index, value["event"], value.get("vkey", ""), value.get("lastGood")))
        time = milliseconds(value.get("time"), where)
        if value.get("clockAnomaly", True) is not True or (time < self.time - 2000) != (
            "clockAnomaly" in value
        ):
            fail(where, "is not at the time that it says")
        self.time = time
        self._links(value, index, leaf, where)
        request = value.get("idempotency")
        if request is not None and self.requests.setdefault(request, index) != index:
            fail(where, f"repeats the request of entry {self.requests[request]}")
        if kind in ("key", "promotion"):
            self.promotions.add(index, value, where)
        if kind == "stream-heads":
            self._heads(value, index, where)
        elif kind == "seen" and value["records"][-1] > index:
            fail(where, "tells of records that come behind it")
        elif kind == "erasure":
            if "stream" in value:
                self.erased_streams[value["stream"]] = index
            elif value["index"] < index:
                self.erased.add(value["index"])
            # Only of what was there: nobody has leave to erase what is yet to come.
            if value.get("index", -1) < index:
                self.erasures.append((index, value.get("index"), value.get("stream")))
        elif kind == "hold":
            before = self.active.pop(value["hold"], None)
            if before:
                before[1] = index
            if value["event"] == "placed":
                self.active[value["hold"]] = [index, 2**63, value.get("index"), value.get("stream")]
                self.holds.append(self.active[value["hold"]])
        names = tuple(link["k"] for link in value["streams"])
        self.names.append(names)
        if "body" in value:
            self.bodies[index] = (value["body"], value["commitments"]["body"], names)

    def _links(self, value, index, leaf, where):
        links = value.get("streams")
        if not isinstance(links, list):
            fail(where, "has no streams")
        for link in links:
            if (
                not isinstance(link, dict)
                or link.keys() - {"k", "n", "prev"}
                or not isinstance(link.get("k"), str)
                or not STREAM.fullmatch(link["k"])
            ):
                fail(where, "has a link that is none")
            n, last, _ = self.streams.get(link["k"], (0, None, -1))
            if type(link.get("n")) is not int or link["n"] != n + 1 or link.get("prev") != last:
                fail(where, f"does not follow number {n} of {link['k']}")
            self.streams[link["k"]] = (n + 1, base64.b64encode(leaf).decode(), index)
        if len({link["k"] for link in links}) != len(links):
            fail(where, "is twice in one stream")

    def check_holds(self):
        """Nothing was erased that a hold kept."""
        kept = {}
        for placed, lifted, index, stream in self.holds:
            names = self.names[index] if index is not None and index < len(self.names) else ()
            # By the entry or the stream that is kept; for a namespace's erasure also by the streams of such an entry.
            for key in [("entry", index), ("stream", stream), *(("through", name) for name in names)]:
                begins, ends = kept.setdefault(key, ([], []))
                begins.append(placed)
                ends.append(max([lifted, *ends[-1:]]))
        for at, index, stream in self.erasures:
            keys = [("stream", stream), ("through", stream)]
            if index is not None:
                keys = [("entry", index), *(("stream", name) for name in self.names[index])]
            for key in keys:
                begins, ends = kept.get(key, ([], []))
                before = bisect.bisect_left(begins, at)
                if before and ends[before - 1] > at:
                    fail(f"entry {at}", "records the erasure of what a hold kept")

    def _heads(self, value, index, where):
        # Otherwise recomputing them would cost whoever looks as much as the log's keeper likes.
        if (index - self.last_heads - 1) * HEADS_SHARE < value["count"]:
            fail(where, "tells the heads of the streams too soon after the last")
        self.last_heads = index
        made = []
        for name in sorted(self.streams, key=lambda one: one.encode()):
            n, leaf, _ = self.streams[name]
            text = canonical({"k": name, "leaf": leaf, "n": n})
            made.append(hashlib.sha256(b"\x00" + text).digest())
        told = (value.get("size"), value.get("count"), value.get("root"))
        if told != (index, len(made), base64.b64encode(subtree(made)).decode()):
            fail(where, "tells other heads of the streams")


def entries_of(root, size):
    """The entries, with their index."""
    for bundle in range(-(-size // WIDTH)):
        width = min(WIDTH, size - bundle * WIDTH)
        name = path_of("entries", bundle, width)
        data = read(root, name)
        place = 0
        for number in range(width):
            if place + 2 > len(data):
                fail(name, "is cut off")
            (length,) = struct.unpack_from(">H", data, place)
            entry = data[place + 2 : place + 2 + length]
            if len(entry) != length:
                fail(name, "is cut off")
            yield bundle * WIDTH + number, entry
            place += 2 + length
        if place != len(data):
            fail(name, "has bytes behind its last entry")


def check_bodies(root, entries, size):
    """Compares the bodies with their entries; opens those that have their key. Returns how many of each."""
    if not os.path.isdir(os.path.join(root, "bodies")):
        return None
    checked = opened = 0
    last = -1
    for bundle in range(-(-size // WIDTH)):
        name = "bodies/" + path_of("entries", bundle, WIDTH)[len("tile/entries/") :] + ".jsonl"
        if not os.path.lexists(os.path.join(root, name)):
            continue
        for line in lines_of(root, name):
            try:
                value = json.loads(line)
                index, sealed = value["index"], base64.b64decode(value["sealed"], validate=True)
                key = base64.b64decode(value.get("key", ""), validate=True)
            except (ValueError, KeyError, TypeError, RecursionError):
                fail(name, "has a line that is no body's")
            where = f"body {index}"
            if value.keys() - {"index", "sealed", "key"} or not line.endswith(b"\n"):
                fail(name, "has a line that is no body's")
            if type(index) is not int or index <= last or index // WIDTH != bundle:
                fail(where, "is out of its place")
            last = index
            told = entries.bodies.pop(index, None)
            if told is None:
                fail(where, "is of an entry without one")
            digest = "sha256:" + hashlib.sha256(sealed).hexdigest()
            if told[0] != {"sha256": digest, "size": len(sealed)}:
                fail(where, "is not the one that its entry names")
            checked += 1
            if key:
                check_opened(key, sealed, told[1], where)
                opened += 1
    for index, (_, _, names) in entries.bodies.items():
        by_stream = any(entries.erased_streams.get(name, -1) > index for name in names)
        if index not in entries.erased and not by_stream:
            fail(f"body {index}", "is missing, and no entry records its erasure")
    return checked, opened


def check_opened(key, sealed, commitment, where):
    """Opens a body and compares it with the commitment in its entry. Returns it."""
    sealing = hmac.new(key, b"lockgate-trail/v1 seal", "sha256").digest()
    try:
        packed = AESGCM(sealing).decrypt(sealed[4:16], sealed[16:], b"lockgate-trail/v1 body")
        inflater = zlib.decompressobj()
        body = inflater.decompress(packed, MAX_BODY + 1)
    except (InvalidTag, ValueError, zlib.error):
        fail(where, "does not open with its key")
    if sealed[:4] != b"LGB1" or len(body) > MAX_BODY or not inflater.eof:
        fail(where, "does not open with its key")
    field = hmac.new(key, b"lockgate-trail/v1 commit body", "sha256").digest()
    if base64.b64encode(hmac.new(field, body, "sha256").digest()).decode() != commitment:
        fail(where, "is not the one that its entry committed to")
    return body


def check_lists(root, entries):
    """The lists of streams and keys, and the key that lies in the folder, have to be as the entries say."""
    made = (
        canonical({"index": index, "k": name, "leaf": leaf, "n": n}) + b"\n"
        for name, (n, leaf, index) in sorted(entries.streams.items(), key=lambda one: one[0].encode())
    )
    for line in lines_of(root, "streams.jsonl"):
        if line != next(made, None):
            fail("streams.jsonl", "does not tell the last entries of the streams")
    if next(made, None) is not None:
        fail("streams.jsonl", "does not tell of every stream")
    if read(root, "keys.json") != canonical({"keys": entries.key_lines, "origin": entries.origin}):
        fail("keys.json", "does not tell the keys that the entries name")
    named = [f"{vkey}\n".encode() for _, event, vkey, _ in entries.keys if event == "added"]
    if read(root, "log.vkey") not in named:
        fail("log.vkey", "is not a key that the entries name")


def is_of_export(name, size):
    """Whether an export of this size may have such a file."""
    if name in NEEDED or name in FOR_PEOPLE:
        return True
    found = OTHERS.fullmatch(name)
    if not found or not name.isascii() or re.match("tile/0[0-9]", name):
        return False
    earlier, proven, bodies, level, index, width = found.groups()
    if earlier or proven:
        return 0 < int(earlier) < size if earlier else int(proven) < size
    number = int((bodies or index).replace("x", "").replace("/", ""))
    if bodies:
        return (
            number * WIDTH < size and name == "bodies" + path_of(0, number, WIDTH)[len("tile/0") :] + ".jsonl"
        )
    wide = min(WIDTH, (size >> (8 * int(level) if level != "entries" else 0)) - number * WIDTH)
    return wide == int(width or WIDTH) and name == path_of(level, number, wide)


def unlisted(error):
    """A folder that cannot be looked into may hold anything."""
    fail("the export", f"cannot be listed: {error.strerror}")


def check_manifest(root, needed, may_be, what):
    """Digests of the files, and no file beside them; those that are needed, and those that may be there, of `what`."""
    told, last = {}, ""
    for line in lines_of(root, "MANIFEST.sha256"):
        found = re.fullmatch(rb"([0-9a-f]{64})  ([!-~]{1,200})\n", line)
        name = found[2].decode() if found else ""
        if not found or name <= last:
            fail("MANIFEST.sha256", "has a line that is no digest and name, or is out of order")
        told[name], last = found[1].decode(), name
        if not may_be(name):
            fail(name, f"is no file of {what}")
    for name in sorted(needed - told.keys()):
        fail("MANIFEST.sha256", f"does not name {name}")
    for place, folders, names in os.walk(root, onerror=unlisted):
        links = [one for one in folders if os.path.islink(os.path.join(place, one))]
        for one in [*names, *links]:
            name = os.path.relpath(os.path.join(place, one), root).replace(os.sep, "/")
            if name == "MANIFEST.sha256":
                continue
            # One that nobody named is not even read: it may be larger than a disk.
            if name not in told or told.pop(name) != digest_of(root, name):
                fail(name, "is not the file that the manifest names")
    for name in told:
        fail(name, "is named by the manifest, and not there")


def parse_proof(data, name):
    """A tlog-proof: index, the entry that it may have with it, hashes from the leaf upwards, and the checkpoint."""
    head, blank, note = data.partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    if not blank or lines.pop(0) != "c2sp.org/tlog-proof@v1" or not lines:
        fail(name, "is no proof")
    extra = b""
    if lines[0].startswith("extra "):
        extra = unbase64(lines.pop(0)[6:], name) or fail(name, "has no extra data where it says so")
    if not lines or not re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines[0]) or len(lines) > 64:
        fail(name, "is no proof")
    hashes = [unbase64(line, name) for line in lines[1:]]
    if any(len(one) != 32 for one in hashes):
        fail(name, "has a hash that is none")
    return int(lines[0][6:]), extra, hashes, note


def climb(leaf, index, size, hashes, name):
    """RFC 6962: the root that an inclusion proof leads to, from a leaf hash in a tree of a size."""
    if index >= size:
        fail(name, "is of no entry")
    made, place, last = leaf, index, size - 1
    for other in hashes:
        if last == 0:
            fail(name, "is too long")
        if place & 1 or place == last:
            made = node(other, made)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            made = node(made, other)
        place, last = place >> 1, last >> 1
    return made if last == 0 else fail(name, "is too short")


def check_proofs(root, tree, leaves, log_keys, witness_keys, origin, keys):
    """The proofs of single entries have to lead to a checkpoint of this log."""
    folder = os.path.join(root, "proofs")
    for one in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        name = f"proofs/{one}"
        index, extra, hashes, note = parse_proof(read(root, name), name)
        checkpoint = Checkpoint(note, log_keys, witness_keys, name)
        if log_keys and not keys.signed(checkpoint):
            fail(name, "has a checkpoint that the log's key did not sign")
        if checkpoint.origin != origin or tree.roots.get(checkpoint.size) != checkpoint.root:
            fail(name, "is of another log, or of a size that is not shown")
        if index not in leaves or one != f"{index}.tlog-proof":
            fail(name, "is of no entry")
        if extra and hashlib.sha256(b"\x00" + extra).digest() != leaves[index]:
            fail(name, "has another entry with it than the log's")
        if climb(leaves[index], index, checkpoint.size, hashes, name) != checkpoint.root:
            fail(name, "does not lead to its checkpoint")


def check_heads(name, shown, heads):
    """The head of a stream under the root that an entry logged; None where it is shown that there was no such stream."""
    if len(shown) > 2:
        fail("proof", "has too many heads")
    for one in shown:
        if one.keys() != HEAD or not STREAM.fullmatch(one["name"]):
            fail("proof", "has a head that is none")
        leaf = canonical({"k": one["name"], "leaf": one["leaf"], "n": one["n"]})
        hashes = [unbase64(text, "proof") for text in one["hashes"]]
        if not (is_count(one["n"]) and is_count(one["index"]) and is_hash(one["leaf"]) and len(hashes) < 64):
            fail("proof", "has a head that is none")
        made = climb(hashlib.sha256(b"\x00" + leaf).digest(), one["index"], heads["count"], hashes, "proof")
        if one["count"] != heads["count"] or base64.b64encode(made).decode() != heads["root"]:
            fail("proof", "has a head that is not under the logged root")
    own = [one for one in shown if one["name"] == name]
    if own:
        return own[0] if len(shown) == 1 else fail("proof", "has another head beside the stream's own")
    below = [one["index"] for one in shown if one["name"].encode() < name.encode()] or [-1]
    above = [one["index"] for one in shown if one["name"].encode() > name.encode()] or [heads["count"]]
    if len(below) > 1 or len(above) > 1 or above[0] != below[0] + 1:
        fail("proof", "does not show that there is no such stream")
    return None


def check_stream_proof(value, heads):
    """What the proof of a stream says of it, by the entry of the stream heads. Returns a line for people."""
    name, size = value["stream"], value["size"]
    if heads["kind"] != "stream-heads" or type(size) is not int or heads["size"] != size:
        fail("proof", "has another entry than that of the stream heads")
    if not STREAM.fullmatch(name) or not all(map(is_count, value["entries"])):
        fail("proof", "names no stream, or entries that are none")
    own = check_heads(name, value["heads"], heads)
    if len(value["entries"]) != (own["n"] if own else 0):
        fail("proof", "does not name the entries of the stream")
    if own is None:
        return f"there is no stream {name} among the first {size} entries"
    return f"the stream {name} has {own['n']} entries among the first {size}; the last has {own['leaf']}"


def verify_proof(data, given, log_keys, witness_keys):
    """A proof on its own; `given`: the entry's bytes, where they lie apart. Returns lines for people."""
    value = None
    if data.startswith(b"{"):
        value = json.loads(data)
        if canonical(value) + b"\n" != data or value.keys() != STREAM_PROOF or value["v"] != 1:
            fail("proof", "is none of a stream")
    elif not data.startswith(b"c2sp.org/tlog-proof@"):
        raise Misused("that is no proof of an entry or of a stream")
    inner = data if value is None else value["proof"].encode()
    index, entry, hashes, note = parse_proof(inner, "proof")
    entry = entry if value is None else unbase64(value["headsEntry"], "proof")
    if entry and given and entry != given:
        fail("proof", "has another entry with it than the given one")
    entry = entry or given
    if not entry:
        raise Misused("the proof does not have its entry with it: give the entry's bytes with --entry")
    checkpoint = Checkpoint(note, log_keys, witness_keys, "proof")
    if log_keys and not any(checkpoint.is_by(key) and key.name == checkpoint.origin for key in log_keys):
        fail("proof", "has a checkpoint that no given key of the log signed")
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    if climb(leaf, index, checkpoint.size, hashes, "proof") != checkpoint.root:
        fail("proof", "does not lead from the entry to its checkpoint")
    parsed = parse_entry(entry, f"entry {index}")
    if value is None:
        told = f"entry {index} is in the log: {parsed['kind']} of {parsed['time']}"
    else:
        told = check_stream_proof(value, parsed)
        if index != value["size"]:
            fail("proof", "has stream heads of another size")
    lines = [f"{checkpoint.origin}: {told}", f"under the checkpoint of {checkpoint.size} entries"]
    lines += [f"signed by {key.name}+{key.id.hex()}" for key in log_keys if checkpoint.is_by(key)]
    lines += [f"witnessed by {name}" for name in sorted(checkpoint.witnesses)]
    if not checkpoint.witnesses:
        lines.append("self-attested: no witness whose key was given vouches for it")
    return lines


def proof_indices(root):
    """The entries that have a proof."""
    folder = os.path.join(root, "proofs")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return {int(name.split(".")[0]) for name in names if name.split(".")[0].isdigit()}


def verify(root, log_keys, witness_keys):
    """Everything; returns lines for people. Raises Tampered."""
    latest = Checkpoint(read(root, "checkpoint"), log_keys, witness_keys, "checkpoint")
    earlier = []
    folder = os.path.join(root, "checkpoints")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        made = Checkpoint(read(root, f"checkpoints/{name}"), log_keys, witness_keys, f"checkpoints/{name}")
        if name != f"{made.size:016}":
            fail(made.where, f"is the checkpoint of {made.size} entries")
        earlier.append(made)
    tree = Tree(root, latest.size, {one.size for one in [latest, *earlier]})
    entries = Entries(latest.origin)
    wanted, leaves = proof_indices(root), {}
    for index, data in entries_of(root, latest.size):
        leaf = hashlib.sha256(b"\x00" + data).digest()
        tree.add(leaf)
        entries.add(index, data, leaf)
        if index in wanted:
            leaves[index] = leaf
    tree.finish()
    entries.check_holds()
    for one in [latest, *earlier]:
        if one.origin != latest.origin or (one.size and tree.roots.get(one.size) != one.root):
            fail(f"checkpoint of size {one.size}", "was signed over other entries")
    keys = LogKeys(latest.origin, log_keys, entries.keys)
    keys.follow([latest, *earlier])
    for one in [latest, *earlier]:
        if log_keys and not keys.signed(one):
            fail(one.where, "is not signed by the log's key that was given, nor by one that its entries name")
    bodies = check_bodies(root, entries, latest.size)
    check_lists(root, entries)
    check_proofs(root, tree, leaves, log_keys, witness_keys, latest.origin, keys)
    check_manifest(root, NEEDED, lambda name: is_of_export(name, latest.size), "an export of this size")
    lines = [f"{latest.origin}: {latest.size} entries, {len(entries.streams)} streams"]
    lines.append(
        "without bodies" if bodies is None else f"{bodies[0]} bodies as their entries say, {bodies[1]} opened"
    )
    seen = {name: one.size for one in [*earlier, latest] for name in one.witnesses}
    lines += [f"witnessed by {name} up to entry {size - 1}" for name, size in sorted(seen.items())]
    if not seen:
        lines.append("self-attested: no witness whose key was given vouches for it")
    return lines


class Packed:
    """The entries of an evidence pack, each proven against the pack's checkpoint."""

    def __init__(self, root, note, checkpoint):
        self.root, self.raw, self.entries = root, {}, {}
        folder = os.path.join(root, "proofs")
        for one in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            name = f"proofs/{one}"
            index, entry, hashes, told = parse_proof(read(root, name), name)
            if one != f"{index}.tlog-proof" or told != note or not entry:
                fail(name, "is not of the pack's checkpoint, or does not have its entry with it")
            leaf = hashlib.sha256(b"\x00" + entry).digest()
            if climb(leaf, index, checkpoint.size, hashes, name) != checkpoint.root:
                fail(name, "does not lead from its entry to the checkpoint")
            self.entries[index] = parse_entry(entry, f"entry {index}")
            self.raw[index] = base64.b64encode(leaf).decode()

    def get(self, index, kind, where):
        """An entry that the pack has to have, of a kind."""
        value = self.entries.get(index) if is_count(index) else None
        if value is None or value["kind"] != kind:
            fail(where, f"names entry {index}, of which there is no proof here, or which is another")
        return value

    def check_listed(self, listed):
        """`entries` of pack.json are those of the proofs, and say of each body what became of it."""
        if [one["index"] for one in listed] != sorted(self.entries):
            fail("pack.json", "lists other entries than those that have a proof")
        for one in listed:
            index, where = one["index"], f"pack.json, entry {one['index']}"
            value = self.entries[index]
            if one["entry"] != value or one["leafHash"] != self.raw[index]:
                fail(where, "is not the entry of the proof")
            if (one["body"] == "none") == ("body" in value) or (one["body"] == "erased") == (
                one["erasedBy"] is None
            ):
                fail(where, "says another thing of its body than the entry")
            if one["body"] == "erased":
                self._check_erased(index, value, self.get(one["erasedBy"], "erasure", where), one["erasedBy"])

    @staticmethod
    def _check_erased(index, value, erasure, at):
        names = [link["k"] for link in value["streams"]]
        if not (erasure.get("index") == index or erasure.get("stream") in names) or at <= index:
            fail(f"entry {at}", f"does not record that the body of entry {index} was erased")

    def check_stream(self, told, since, until):
        """A stream's entries of the period are all here: their numbers and links lead from one to the next."""
        name, where = told["name"], f"pack.json, stream {told['name']}"
        found = {}
        for index, value in self.entries.items():
            for link in value["streams"]:
                if link["k"] == name:
                    found[link["n"]] = (index, value, link.get("prev"))
        first, last, before, after = told["first"], told["last"], told["before"], told["after"]
        start = before or first or after
        stop = after or last or before
        if told["end"] is not None:
            if after is not None:
                fail(where, "is said to end, and to go on")
            self._check_end(name, told["end"], found, stop or 0)
        if not start:
            if stop or found:
                fail(where, "is said to be empty, and is not")
            return
        if not all(n is None or is_count(n) for n in (first, last, before, after)):
            fail(where, "has counters that are none")
        if stop - start > len(found) or any(n not in found for n in range(start, stop + 1)):
            fail(where, "lacks an entry of the period")
        for n in range(start + 1, stop + 1):
            if found[n][2] != self.raw[found[n - 1][0]]:
                fail(where, f"does not lead from number {n - 1} to the next")
        if after is None and max(found) > stop:
            fail(where, "is said to end before its last entry here")
        edge = (before or 0) + 1
        if (first or (after or edge)) != edge or (after and after != (last or before or 0) + 1):
            fail(where, "begins or ends elsewhere than it says")

        def at(n):
            return milliseconds(found[n][1]["time"], where)

        if before and at(before) >= since:
            fail(where, "has its first entry of the period before the one that is named")
        if after and (until is None or at(after) < until):
            fail(where, "has its last entry of the period behind the one that is named")
        if first and (at(first) < since or (until is not None and at(last) >= until)):
            fail(where, "has entries that are not of the period")

    def _check_end(self, name, end, found, stop):
        """Where streams ended when that was logged last: with an entry that is here, and none that the pack leaves out."""
        index, where = end["heads"], f"pack.json, stream {name}"
        heads = self.get(index, "stream-heads", where)
        own = check_heads(name, end["shown"], heads)
        if heads["size"] != index:
            fail(where, "has stream heads of another size")
        if own is not None and own["n"] not in found:
            fail(where, f"ended with number {own['n']} by entry {index}, which is not here")
        if own is not None and (own["n"] > stop or self.raw[found[own["n"]][0]] != own["leaf"]):
            fail(where, f"ended with another entry by entry {index}")
        last = own["n"] if own else 0
        if any((n > last) != (at > index) for n, (at, _, _) in found.items()):
            fail(where, f"has an entry that the heads of entry {index} do not have")

    def opened(self, listed):
        """The bodies that the pack opens, compared with their entries, by index."""
        made = {}
        for one in listed:
            if one["body"] != "opened":
                continue
            index, name = one["index"], f"bodies/{one['index']}.json"
            value, line = self.entries[index], json.loads(read(self.root, name))
            sealed, key = unbase64(line["sealed"], name), unbase64(line["key"], name)
            digest = "sha256:" + hashlib.sha256(sealed).hexdigest()
            if line["index"] != index or value["body"] != {"sha256": digest, "size": len(sealed)}:
                fail(name, "is not the body that its entry names")
            made[index] = json.loads(check_opened(key, sealed, value["commitments"]["body"], name))
        return made

    def check_promotion(self, told):
        """What pack.json says of a promotion is what the entries say."""
        where = f"pack.json, promotion {told['entry']}"
        made, asked = (
            self.get(told["entry"], "promotion", where),
            self.get(told["request"], "promotion", where),
        )
        flat = made.get("approvals", [])
        ranges = [range(flat[place], flat[place + 1]) for place in range(0, len(flat), 2)]
        # Before they are made one by one: two numbers may name more than memory holds.
        if sum(map(len, ranges)) > MAX_APPROVALS:
            fail(where, "has more approvals than a promotion may have")
        approvals = [n for one in ranges for n in one]
        if made["event"] not in ("promoted", "rolled-back") or made["request"] != told["request"]:
            fail(where, "names an entry that made no promotion, or another request")
        before = asked.get("predecessor", asked.get("target"))
        if asked["event"] != "requested" or told["predecessor"] != before:
            fail(where, "names another request, or another entry before it")
        given = [self.get(n, "promotion", where) for n in approvals]
        if told["approvals"] != approvals or told["approvers"] != [one.get("approver") for one in given]:
            fail(where, "names other approvals than its entry")
        same = ("model", "version", "environment", "subject", "statement")
        for one in [asked, *given]:
            if [one.get(name) for name in same] != [made.get(name) for name in same]:
                fail(where, "has a request or an approval of another promotion")
        if any(one["event"] != "approved" or one["request"] != told["request"] for one in given):
            fail(where, "has an approval of another request")
        facts = {**made, "requester": asked["requester"]}
        if any(told.get(name) != facts.get(name) for name in PACK_FACTS):
            fail(where, "says other things of it than its entries")
        if told["revokedBy"] is not None:
            back = self.get(told["revokedBy"], "promotion", where)
            taken = [back.get(name) for name in ("event", "model", "environment", "subject")]
            if taken != ["revoked", made["model"], made["environment"], made["subject"]]:
                fail(where, "names an entry that did not take it back")
        return told


def check_people(answers, promotions, bodies):
    """The promotions that are answered are those of the entries, and names are those of the bodies."""
    made = {one["entry"]: one for one in promotions}
    for line in [line for one in answers if one["question"] == "a1" for line in one["lines"]]:
        where = f"pack.json, answer a1, entry {line['entry']}"
        told = made.pop(line["entry"], None)
        if told is None or any((line[name] or None) != told.get(name) for name in PACK_FACTS):
            fail(where, "is not the promotion that the entries tell of")
        entries = [one["entry"] for one in line["approvers"]]
        people = [one["person"] for one in line["approvers"]]
        if (entries, people, line["standing"]) != (told["approvals"], told["approvers"], told["standing"]):
            fail(where, "names other people than the entries")
        names = [(told["request"], line["requesterName"])]
        for index, name in [*names, *((one["entry"], one["name"]) for one in line["approvers"])]:
            body = bodies.get(index)
            if name and (body is None or name not in (body.get("actor"), stated(body).get("requester"))):
                fail(where, f"has a name that the body of entry {index} does not have")
    if made:
        fail("pack.json", "has a promotion that its answer lacks")


def stated(body):
    """What the statement says that a body has; nothing where it has none."""
    envelope = body.get("details", {}).get("envelope")
    if envelope is None:
        return {}
    return json.loads(unbase64(envelope["payload"], "an envelope")).get("predicate", {})


def check_envelopes(root, listed, packed, bodies):
    """Signed statements are those of the bodies, and about what the entries say."""
    for one in listed:
        index = one["entry"]
        name = f"envelopes/{index}.dsse.json"
        entry, envelope = packed.get(index, "promotion", name), json.loads(read(root, name))
        if index not in bodies or bodies[index]["details"]["envelope"] != envelope:
            fail(name, "is not the one that the body of its entry has")
        payload = unbase64(envelope["payload"], name)
        digest = "sha256:" + hashlib.sha256(payload).hexdigest()
        subject = json.loads(payload)["subject"][0]["digest"]["sha256"]
        about = digest if one["kind"] == "statement" else f"sha256:{subject}"
        kind = {"requested": "statement", "approved": "approval"}.get(entry["event"])
        if one["payload"] != digest or about != entry["statement"] or one["kind"] != kind:
            fail(name, "is about another promotion than its entry")


def verify_pack(root, log_keys, witness_keys):
    """An evidence pack; returns lines for people. Raises Tampered."""
    note = read(root, "checkpoint")
    checkpoint = Checkpoint(note, log_keys, witness_keys, "checkpoint")
    if log_keys and not any(checkpoint.is_by(key) and key.name == checkpoint.origin for key in log_keys):
        fail("checkpoint", "is signed by no given key of the log: give the one of its time")
    data = read(root, "pack.json")
    pack = json.loads(data)
    # One spelling, so that no other program reads something else in it.
    if (json.dumps(pack, indent=2, ensure_ascii=False) + "\n").encode() != data or pack["schemaVersion"] != 1:
        fail("pack.json", "is not as packs are written, or of a version that is not known here")
    as_of = {"origin": checkpoint.origin, "size": checkpoint.size}
    as_of["root"] = base64.b64encode(checkpoint.root).decode()
    if {name: pack["asOf"][name] for name in as_of} != as_of or pack["state"] != "self-attested":
        fail("pack.json", "is of another checkpoint, or says more of itself than it can")
    packed = Packed(root, note, checkpoint)
    packed.check_listed(pack["entries"])
    bodies = packed.opened(pack["entries"])
    if bodies and pack["identities"] != "revealed":
        fail("pack.json", "says that identities are masked, and opens bodies")
    promotions = [packed.check_promotion(one) for one in pack["promotions"]]
    scope = pack["scope"]
    if "promotion" in scope:
        if [one["entry"] for one in promotions] != [scope["promotion"]] or pack["streams"]:
            fail("pack.json", "is of another promotion than it says")
    else:
        since = milliseconds(scope["since"], "pack.json")
        until = None if scope["until"] is None else milliseconds(scope["until"], "pack.json")
        for one in pack["streams"]:
            packed.check_stream(one, since, until)
        check_period(packed, promotions, scope, since, until)
    check_people(pack["answers"], promotions, bodies)
    check_envelopes(root, pack["envelopes"], packed, bodies)
    files = {f"proofs/{index}.tlog-proof" for index in packed.entries} | {
        f"bodies/{index}.json" for index in bodies
    }
    files |= {f"envelopes/{one['entry']}.dsse.json" for one in pack["envelopes"]}
    files |= PACK_NEEDED
    check_manifest(root, files, lambda name: name in files or name == "oscal.json", "this pack")
    lines = [
        f"{checkpoint.origin}: an evidence pack of {len(packed.entries)} entries, {len(promotions)} promotions"
    ]
    lines.append(f"under the checkpoint of {checkpoint.size} entries")
    lines += [f"signed by {key.name}+{key.id.hex()}" for key in log_keys if checkpoint.is_by(key)]
    lines += [f"witnessed by {name}" for name in sorted(checkpoint.witnesses)]
    if not checkpoint.witnesses:
        lines.append("self-attested: no witness whose key was given vouches for it")
    lines.append(f"{len(bodies)} bodies opened, as their entries committed to")
    lines.append(
        "not compared: answers but for promotions, controls, the page, oscal.json; and signatures of people"
    )
    return lines


def check_period(packed, promotions, scope, since, until):
    """The promotions of a period are all that the entries of the pack tell of, within what was asked for."""
    named = [one["entry"] for one in promotions]
    found = []
    for index, value in sorted(packed.entries.items()):
        if value["kind"] != "promotion" or value["event"] not in ("promoted", "rolled-back"):
            continue
        at = milliseconds(value["time"], "an entry")
        asked = [scope[name] in ("", value[name]) for name in ("model", "environment")]
        if since <= at and (until is None or at < until) and all(asked):
            found.append(index)
    if found != named:
        fail("pack.json", "tells of other promotions of the period than its entries")


def alone(path):
    """The bytes of a file that was named on the command line."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE)
    except OSError as error:
        raise Misused(f"cannot read {path}: {error.strerror}") from None


def main(arguments=None):
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Verifies an export or a proof of a Lockgate trail.")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--proof", help="a proof of an entry or of a stream, in place of a folder")
    parser.add_argument("--entry", help="the entry's bytes, for a proof that does not have them with it")
    parser.add_argument("--log-key", action="append", default=[], help="the log's vkey, or a file with it")
    parser.add_argument("--witness-key", action="append", default=[], help="a witness's vkey, or a file")
    options = parser.parse_args(arguments)
    try:
        log_keys = [load_key(text) for text in options.log_key]
        witness_keys = [load_key(text) for text in options.witness_key]
    except (ValueError, OSError) as error:
        print(f"a key cannot be read: {error}", file=sys.stderr)
        return 2
    try:
        if (options.folder is None) == (options.proof is None) or (options.entry and not options.proof):
            raise Misused("give a folder, or a proof with --proof")
        if options.proof:
            entry = alone(options.entry) if options.entry else b""
            lines = verify_proof(alone(options.proof), entry, log_keys, witness_keys)
        elif os.path.isdir(options.folder):
            root = os.path.abspath(options.folder)
            is_pack = os.path.lexists(os.path.join(root, "pack.json"))
            lines = (verify_pack if is_pack else verify)(root, log_keys, witness_keys)
        else:
            raise Misused(f"there is no folder {options.folder}")
    except Misused as error:
        print(shown(str(error)), file=sys.stderr)
        return 2
    except Tampered as found:
        print(f"TAMPERED: {shown(str(found))}", file=sys.stderr)
        return 3
    except (ValueError, IndexError, TypeError, KeyError, AttributeError, OSError, RecursionError) as error:
        print(f"TAMPERED: it is malformed: {shown(str(error))}", file=sys.stderr)
        return 3
    print("\n".join(map(shown, lines)))
    if not log_keys:
        print("NOT PROVEN: give the log's key from outside with --log-key", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
