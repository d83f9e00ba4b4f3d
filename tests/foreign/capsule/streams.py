"""Leaves: one stream after the other, each backwards from its last, and the texts beside them."""
import json
import struct

from fault import Wrong, need
from formats import decode, sealed
from manifest import HASH, ANY, keyed, listed, loads, number
from merkle import check_inclusion, leaf_hash, root, sha256

ZEROS = "00" * 32


def leaf(raw):
    """A leaf in words, with the hash that it has; a ValueError for what is no leaf."""
    try:
        return {**decode.leaf(raw), "hash": leaf_hash(raw).hex()}
    except IndexError as error:
        raise ValueError("the leaf ends too early") from error


def read(member, raw):
    """The leaves of a stream, not proved yet."""
    leaves, at = [], 0
    while at < len(raw):
        version = len(leaves) + 1
        try:
            need(at + 2 <= len(raw), "the member ends where 2 bytes of a length are needed")
            end = at + 2 + struct.unpack_from(">H", raw, at)[0]
            need(end <= len(raw), "the member ends before the leaf does")
            leaves.append(leaf(raw[at + 2:end]))
        except ValueError as error:
            raise Wrong(member, error, version) from error
        at = end
    if not leaves:
        raise Wrong(member, "it holds no record")
    return leaves


def check(member, stream, leaves, size, proof, checkpoint):
    """That the last is in the log, each before it is the one that the next names, and none is missing."""
    try:
        last = bytes.fromhex(leaves[-1]["hash"])
        check_inclusion(last, proof.index, checkpoint.size, proof.path, checkpoint.root)
    except ValueError as error:
        what = f"the record is not in the log: {error}"
        raise Wrong(member, what, len(leaves), proof.index) from error
    for before, after in reversed(list(zip(leaves, leaves[1:]))):
        if after["previous"] != before["hash"]:
            what = (f"the record has hash {before['hash']}, and the one after it, at position "
                    f"{after['position']}, says that it follows {after['previous']}")
            raise Wrong(member, what, leaves.index(before) + 1, before["position"])
    if leaves[0]["previous"] != ZEROS:
        what = f"it follows {leaves[0]['previous']}, and it is the first here"
        raise Wrong(member, what, 1, leaves[0]["position"])
    for version, one in enumerate(leaves, 1):
        position = one["position"]
        if (one["stream"], one["stream_version"]) != (stream.replace("-", ""), version):
            what = f"the record is version {one['stream_version']} of stream {one['stream']}"
            raise Wrong(member, what, version, position)
        if position >= size:
            raise Wrong(member, f"the capsule is of the first {size} records", version, position)
    if leaves[-1]["position"] != proof.index:
        what = f"the record says that it stands elsewhere: at {leaves[-1]['position']}"
        raise Wrong(member, what, len(leaves), proof.index)


def in_order(streams, log):
    """All leaves in the order of the log: no position twice, stamps that increase, and the first."""
    leaves = sorted((one for all_of in streams.values() for one in all_of),
                    key=lambda one: one["position"])
    for before, after in zip(leaves, leaves[1:]):
        stands = after["stream_version"], after["position"]
        member = "streams/" + hyphens(after["stream"])
        if before["position"] == after["position"]:
            raise Wrong(member, f"stream {before['stream']} has that position, too", *stands)
        if before["recorded_at"] >= after["recorded_at"]:
            raise Wrong(member, "it was not recorded after the record before it", *stands)
    begin = leaves[0]
    if begin["position"] != 0 or begin["event"] != "log-created":
        raise Wrong("capsule.json", "it does not hold the log's first record", None, 0)
    if begin["body"]["log"] != log.replace("-", ""):
        raise Wrong("capsule.json", f"the log is {begin['body']['log']}, as its first record says", None, 0)
    return leaves


def is_whole(leaves, size, claimed):
    """Whether these are all leaves of a log of a size, which then has to have this root."""
    if len(leaves) != size:
        return False
    found = root([bytes.fromhex(one["hash"]) for one in leaves]).hex()
    if found != claimed:
        raise Wrong("capsule.json", f"all {size} records have the root {found}, and it says {claimed}")
    return True


def hyphens(stream):
    return "-".join((stream[:8], stream[8:12], stream[12:16], stream[16:20], stream[20:]))


LINE = keyed(version=number(2**64 - 1), fields=listed(
    lambda field: keyed(withheld=HASH)(field) if "withheld" in field
    else keyed(name=ANY, salt=HASH, text=ANY)(field)))


def is_true(value):
    need(value is True, "it is erased, or it is not said")


ERASED = keyed(version=number(2**64 - 1), erased=is_true)


def texts(member, raw, leaves):
    """How many texts are shown, withheld, and of how many records erased; each as committed to."""
    *lines, rest = raw.split(b"\n")
    lines = [line + b"\n" for line in lines] + [rest] * bool(rest)
    with_texts = [one for one in leaves if one["payload_root"] != ZEROS]
    counted = {"shown": 0, "withheld": 0, "erased": 0}
    for one, line in zip(with_texts, lines):
        try:
            line_of(one, line, counted)
        except ValueError as error:
            raise Wrong(member, error, one["stream_version"], one["position"]) from error
    if len(lines) < len(with_texts):
        one = with_texts[len(lines)]
        what = "the record's texts have no line"
        raise Wrong(member, what, one["stream_version"], one["position"])
    if len(lines) > len(with_texts):
        raise Wrong(member, "it has more lines than the stream has texts")
    return counted


def line_of(one, raw, counted):
    line = loads(raw)
    need(type(line) is dict, "the line is no object")
    (ERASED if "erased" in line else LINE)(line)
    compact = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    need(compact.encode() + b"\n" == raw, "the line is not written as it must be")
    need(line["version"] == one["stream_version"], f"the line is of version {line['version']}")
    if "erased" in line:
        counted["erased"] += 1
        return
    found = commitment(line["fields"])
    need(found == one["payload_root"],
         f"the texts hash to {found}, and the leaf commits to {one['payload_root']}")
    withheld = sum("withheld" in field for field in line["fields"])
    counted["withheld"] += withheld
    counted["shown"] += len(line["fields"]) - withheld


def commitment(fields):
    """The payload root over fields, shown or withheld."""
    if not fields:
        return ZEROS
    hashes = [bytes.fromhex(field["withheld"]) if "withheld" in field
              else sealed.field_leaf(bytes.fromhex(field["salt"]), (field["name"], field["text"]))
              for field in fields]
    return sha256(b"gradus/v1/payload-fields" + struct.pack(">I", len(hashes)) + root(hashes)).hex()
