"""Summaries: levels that the log says itself, in the rows of a state digest; no record is here.

After the section *Summaries* of `tests/formats/CAPSULE.md` and *State digests* of `README.md` beside it.
"""
import json

import archive
import heads
import manifest
import streams
from fault import Wrong, need
from formats import sealed
from manifest import ANY, HASH, ID, SIZE, keyed, level, listed, moment, text
from merkle import check_inclusion, leaf_hash, root, sha256
from note import Proof

BEGINNING, BEGINNING_PROOF = "beginning.leaf", "beginning.tlog-proof"
LINE = keyed(entry=text("([0-9a-f]{2})+"), course=text("([0-9a-f]{2})+"))


def is_format(value):
    need(type(value) is int and value == 3, f"it has format {value!r:.60}, a summary has 3")


AREA = keyed(model=ANY, area=ANY, rated=level, ongoing=level)
SUMMARY = keyed(
    format=is_format, origin=ANY, valid_at=moment, log_size=SIZE, checkpoint_size=SIZE,
    units=listed(keyed(unit=ID, name=ANY, areas=listed(AREA))),
    members=listed(keyed(name=ANY, bytes=SIZE, sha256=HASH)), digest=HASH)
NONE = {1: "not_rated", 2: "not_applicable", 3: "not_determinable"}


def is_one(data):
    """Whether a file says that it is a summary."""
    try:
        said = manifest.loads(archive.first(data)[0])
    except Exception:                                                   # whatever is wrong is told by others
        return False
    return type(said) is dict and said.get("format") == 3


# CBOR in its one form: what is read is written again and compared.

def item(raw, at):
    """A number, text, bytes or array, and where the next item begins."""
    need(at < len(raw), "it ends too soon")
    major, low, at = raw[at] >> 5, raw[at] & 31, at + 1
    if low >= 24:
        need(low <= 27 and at + (1 << low - 24) <= len(raw), "it ends too soon")
        length = 1 << low - 24
        low, at = int.from_bytes(raw[at:at + length], "big"), at + length
    if major in (0, 1):
        return (low if major == 0 else -1 - low), at
    if major in (2, 3):
        need(at + low <= len(raw), "it ends too soon")
        found = raw[at:at + low]
        return (bytes(found) if major == 2 else found.decode()), at + low
    need(major == 4 and low <= len(raw), "it is no number, text or array")
    found = []
    for _ in range(low):
        one, at = item(raw, at)
        found.append(one)
    return found, at


def written(value):
    if type(value) is int:
        return sealed.cbor(0, value) if value >= 0 else sealed.cbor(1, -1 - value)
    if type(value) is list:
        return sealed.cbor(4, len(value)) + b"".join(map(written, value))
    raw = value if type(value) is bytes else value.encode()
    return sealed.cbor(2 if type(value) is bytes else 3, len(raw)) + raw


def read(raw, what):
    found, end = item(raw, 0)
    need(type(found) is list and end == len(raw) and written(found) == raw, what)
    return found


def entry(raw):
    """Model, area and the hash of the course."""
    found = read(raw, "an entry is [model, area, hash] in deterministic CBOR")
    need([type(one) for one in found] == [str, int, bytes] and 0 < found[1] < 100 and len(found[2]) == 32,
         "an entry is [model, area, hash]")
    return found


def a_level(said):
    if type(said) is int:
        need(said in NONE, f"{said} is no level")
        return {"none": NONE[said]}
    need(type(said) is list and [type(one) for one in said] == [int] * 3
         and all(0 <= one < most for one, most in zip(said, (256, 256, 65536))), f"{said} is no level")
    return {"range": dict(zip(("at_least", "at_most", "open"), said))}


def course_at(raw, valid_at):
    """The levels of a course at a moment."""
    found = read(raw, "a course is [levels, hash] in deterministic CBOR")
    need(len(found) == 2 and type(found[0]) is list and found[0] and type(found[1]) is bytes
         and len(found[1]) == 32, "a course is [levels, hash]")
    last, before, held = None, None, None
    for number, said in enumerate(found[0]):
        need(type(said) is list and len(said) == 2 + (number > 0), "levels are [rated, ongoing]")
        *since, rated, ongoing = said
        levels = a_level(rated), a_level(ongoing)
        need(levels != before and (number < 2 or since[0] > last), "a change changes nothing")
        last, before = (since[0] if since else None), levels
        if not since or since[0] <= valid_at:
            held = levels
    return held


def areas(raw, row, valid_at):
    """The levels of every entry that a row has."""
    found, entries = [], []
    *parts, rest = raw.split(b"\n")
    need(not rest, "it does not end in a newline")
    for part in parts:
        line = manifest.loads(part)
        LINE(line)
        need(json.dumps(line, separators=(",", ":")).encode() == part, "it is not written as it must be")
        of, course = bytes.fromhex(line["entry"]), bytes.fromhex(line["course"])
        model, area, hash_of = entry(of)
        need(sha256(course) == hash_of, "the course is not the one that its entry names")
        need(not entries or entries[-1][0] < (model.encode(), area), "entries are not in their order")
        entries.append(((model.encode(), area), leaf_hash(of)))
        rated, ongoing = course_at(course, valid_at)
        found.append({"model": model, "area": f"PA{area:02}", "rated": rated, "ongoing": ongoing})
    projection = root([one for _, one in entries]) if entries else bytes(32)
    need(projection == row[-32:], "the entries are not all those of the row")
    return found


def verify(data, signed):
    """What a summary says of itself, once it holds, its checkpoint, and where its digest stands.

    `signed` gives the checkpoint of a note, once it is of an origin and a size.
    """
    found, names = {}, []
    try:
        raw, at = archive.first(data)
        said = manifest.loads(raw)
        SUMMARY(said)
        need(manifest.written(said) == raw, "it is not written as it must be")
        need(manifest.computed(said) == said["digest"], "its digest is another one")
        names = ["checkpoint", BEGINNING, BEGINNING_PROOF, heads.LEAF, heads.PROOF, heads.ROWS,
                 *(f"levels/{one['unit']}" for one in said["units"])]
        need(said["units"] and [one["name"] for one in said["members"]] == names, "its members are others")
    except ValueError as error:
        raise Wrong("capsule.json", error) from error
    for claim in said["members"]:
        try:
            one = archive.entry(data, at)
            need(one and one[0] == claim["name"], "another member stands in its place")
            found[one[0]], at = one[1:]
            need((sha256(one[1]).hex(), len(one[1])) == (claim["sha256"], claim["bytes"]), "its hash is another")
            if claim["name"] == names[-1]:
                need(archive.entry(data, at) is None, "another member follows it")
        except ValueError as error:
            raise Wrong(claim["name"], error) from error
    checkpoint = signed(said, found["checkpoint"])
    at_member = BEGINNING
    try:
        first, of_first = streams.leaf(found[BEGINNING]), Proof.parse(found[BEGINNING_PROOF])
        need(of_first.note == found["checkpoint"], "its checkpoint is another one than the summary's")
        check_inclusion(bytes.fromhex(first["hash"]), of_first.index, checkpoint.size, of_first.path, checkpoint.root)
        need((of_first.index, first["position"], first["event"]) == (0, 0, "log-created"),
             "it is not the record that a log begins with")
        at_member = heads.LEAF
        proof, leaf = Proof.parse(found[heads.PROOF]), streams.leaf(found[heads.LEAF])
        need(proof.note == found["checkpoint"], "its checkpoint is another one than the summary's")
        heads.is_digest(leaf, proof, checkpoint, first["body"]["organization"])
        body = leaf["body"]
        need(body["size"] == said["log_size"] and body["projector"] >= 2, "it is not the digest that is needed")
        at_member = heads.ROWS
        lines, valid_at = heads.lines(found[heads.ROWS]), manifest.instant(said["valid_at"])
        need(len(lines) == len(said["units"]), "it has not one line for each unit")
        for claim, (index, row, bytes_of, path) in zip(said["units"], lines):
            at_member = heads.ROWS
            need(row.stream == claim["unit"].replace("-", ""), "a line is of another unit")
            check_inclusion(leaf_hash(bytes_of), index, body["rows"], path, bytes.fromhex(body["root"]))
            at_member = f"levels/{claim['unit']}"
            told = areas(found[at_member], bytes_of, valid_at)
            at_member = "capsule.json" if told != claim["areas"] else at_member
            need(told == claim["areas"], f"unit {claim['unit']} is claimed otherwise than its courses say")
    except ValueError as error:
        raise Wrong(at_member, error) from error
    return said, checkpoint, leaf["position"]
