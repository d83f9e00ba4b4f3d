"""Where streams end: a state digest, by which the log says itself how far each had come."""
import json
from dataclasses import dataclass

from fault import Wrong, need
from formats import decode, sealed
from manifest import HASH, SIZE, keyed, listed, loads, text
from merkle import check_inclusion, leaf_hash
from streams import ZEROS, hyphens

LEAF, PROOF, ROWS, LATER = "heads/digest.leaf", "heads/digest.tlog-proof", "heads/rows", "heads/later/"
LINE = keyed(index=SIZE, row=text("([0-9a-f]{2})+"), proof=listed(HASH))


@dataclass
class Heads:
    """A state digest, and the streams that are proved to have no record but those here."""
    size: int
    position: int
    whole: set


@dataclass
class Row:
    """What was known of a stream: the version of its last record, and the hash of that."""
    stream: str
    version: int
    head: str

    @classmethod
    def read(cls, raw):
        """A row in its one form."""
        try:
            (major, version, at), inner = decode.head(raw, 18), [raw[2:18], raw[-66:-34], raw[-32:]]
        except IndexError as error:
            raise ValueError("the row ends too soon") from error
        again = b"\x84\x50" + inner[0] + sealed.cbor(0, version) + b"".join(b"\x58\x20" + one for one in inner[1:])
        need(major == 0 and len(raw) == at + 68 and again == raw,
             "the row is not [stream, version, hash, digest] in deterministic CBOR")
        return cls(inner[0].hex(), version, inner[1].hex())


def is_digest(one, proof, checkpoint, organization):
    """That a leaf is in the log, in the organization's stream, and a state digest of what came before it."""
    check_inclusion(bytes.fromhex(one["hash"]), proof.index, checkpoint.size, proof.path, checkpoint.root)
    need(one["position"] == proof.index, "the record says that it stands elsewhere")
    need(one["stream"] == organization, f"it is of stream {hyphens(one['stream'])}, and the organization's is "
                                        f"{hyphens(organization)}")
    need(one["event"] == "state-digest-recorded", f"it is `{one['event']}`, and no state digest")
    need(one["body"]["size"] <= one["position"], "it describes records that come after it")


def lines(raw):
    """The lines of `heads/rows`: index, row, its bytes, and the hashes of its proof."""
    found, last = [], -1
    *parts, rest = raw.split(b"\n")
    need(not rest, "it does not end in a newline")
    for number, part in enumerate(parts, 1):
        try:
            line = loads(part)
            LINE(line)
            need(json.dumps(line, separators=(",", ":")).encode() == part, "it is not written as it must be")
            need(line["index"] > last, "lines stand in the order of their rows, each once")
            bytes_of = bytes.fromhex(line["row"])
            found.append((line["index"], Row.read(bytes_of), bytes_of, [*map(bytes.fromhex, line["proof"])]))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        last = line["index"]
    return found


def follow(row, leaves, size):
    """The last leaf below a size, of leaves that follow each other from version 1 on; None for none."""
    version, previous, position, reached = 0, ZEROS, -1, None
    for one in leaves:
        version += 1
        for what, needed in (("stream", row.stream), ("stream_version", version), ("previous", previous)):
            need(one[what] == needed, f"version {version} of stream {hyphens(row.stream)}: its {what} is "
                                      f"{one[what]}, and {needed} has to come")
        need(one["position"] > position, f"version {version} stands before the record that it follows")
        previous, position = one["hash"], one["position"]
        reached = one if position < size else reached
    return reached


def ends(row, size, log_size, here, later):
    """That the leaves of a stream, and those after them, lead to its row in the digest of a size."""
    last = follow(row, here + later, size)
    version, head = (last["stream_version"], last["hash"]) if last else (0, ZEROS)
    need((version, head) == (row.version, row.head),
         f"the row says that stream {hyphens(row.stream)} had come to version {row.version} with {row.head} "
         f"below {size}: the leaves say version {version} with {head}")
    if not later:
        return
    first, member = later[0], LATER + hyphens(row.stream)
    stands = first["stream_version"], first["position"]
    if size < log_size:
        raise Wrong(member, "the state digest is of less than the capsule's size", *stands)
    if first["position"] < log_size:
        raise Wrong(member, f"it lies below {log_size}, and the stream ends before it", *stands)
    if later[-1]["stream_version"] != row.version:
        raise Wrong(member, f"it ends at version {later[-1]['stream_version']}, and the row at {row.version}")


def check(capsule, digest, raw, here, later):
    """What a proved digest says of streams: `here` and `later` hold their leaves, by stream."""
    said, rest, whole, order = digest["body"], dict(later), set(), iter(later)
    try:
        for index, row, bytes_of, path in lines(raw):
            check_inclusion(leaf_hash(bytes_of), index, said["rows"], path, bytes.fromhex(said["root"]))
            if row.stream in rest and next(order) != row.stream:
                raise Wrong(LATER + hyphens(row.stream), f"members `{LATER}…` stand in the order of `{ROWS}`")
            ends(row, said["size"], capsule["log_size"], here.get(row.stream, []), rest.pop(row.stream, []))
            whole.add(row.stream)
    except ValueError as error:
        raise Wrong(ROWS, error) from error
    for stream in rest:
        raise Wrong(LATER + hyphens(stream), f"`{ROWS}` has no row of its stream")
    return Heads(said["size"], digest["position"], whole)
