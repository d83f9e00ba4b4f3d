"""Verifies a capsule: what it proves, what it does not, or the first thing that is wrong.

After `tests/formats/CAPSULE.md` and `LEVELS.md` beside it, in the order of their steps.
"""
import re
from dataclasses import dataclass, field

import archive
import heads
import manifest
import streams
import summary
from claim import Court
from fault import Nothing, Unknown, Wrong, need
from merkle import check_growth, check_inclusion, sha256
from note import Checkpoint, Note, Proof, a_hash
from world import World

ID, HASH = r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", r"([0-9a-f]{64})"
KNOWN_AT = ["known-at/last.leaf", "known-at/last.tlog-proof",
            "known-at/next.leaf", "known-at/next.tlog-proof"]
HEADS = [heads.LEAF, heads.PROOF, heads.ROWS]
KINDS = ["checkpoint", "consistency", "|".join(map(re.escape, KNOWN_AT)), "|".join(map(re.escape, HEADS)),
         f"{heads.LATER}{ID}", f"streams/{ID}", f"proofs/{ID}\\.tlog-proof", f"texts/{ID}",
         f"documents/{HASH}"]


@dataclass
class Report:
    """What was found of a capsule that holds."""
    capsule: dict
    proved: list = field(default_factory=list)
    open: list = field(default_factory=list)
    levels: bool = False
    ends: heads.Heads | None = None

    def find(self, right, proved, otherwise=None):
        """Notes what is proved where that is so, else what is not; None is nothing to note."""
        found, text = (self.proved, proved) if right else (self.open, otherwise)
        if text:
            found.append(text)


class placed:
    """Turns what is wrong into what is wrong with a member."""

    def __init__(self, member, position=None):
        self.member, self.position = member, position

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if isinstance(error, ValueError):
            raise Wrong(self.member, error, None, self.position) from error


def many(count, what):
    return f"{count} {what}{'' if count == 1 else 's'}"


# 1. Members.

def members(data):
    """`capsule.json`, and every other member by its name."""
    with placed("capsule.json"):
        raw, at = archive.first(data)
        capsule = manifest.read(raw)
        ranks = [next((rank for rank, kind in enumerate(KINDS) if re.fullmatch(kind, one["name"])), None)
                 for one in capsule["members"]]
        names = [one["name"] for one in capsule["members"]]
        need(None not in ranks, "it names what is no member of a capsule")
        need(ranks == sorted(ranks) and len(set(names)) == len(names), "its members are not in order")
        with_heads = any(name.startswith("heads/") for name in names)
        need(with_heads == (capsule["format"] == 2), "format 2 has the members `heads/…`, and format 1 has none")
    found, before = {}, "capsule.json"
    for claim in capsule["members"]:
        name = before = claim["name"]
        with placed(name):
            entry = archive.entry(data, at)
            need(entry, "the file ends before it")
            need(entry[0] == name, f"`{entry[0]}` stands in its place")
            found[name], at = entry[1:]
    with placed(before):
        need(archive.entry(data, at) is None, "another member follows it, which `capsule.json` does not name")
    if not any(name.startswith("streams/") for name in found):
        raise Nothing("the capsule holds no record")
    return capsule, found


def unchanged(capsule, found, name):
    """That a member is the one that `capsule.json` names."""
    claim = next(one for one in capsule["members"] if one["name"] == name)
    seen = sha256(found[name]).hex()
    if (seen, len(found[name])) != (claim["sha256"], claim["bytes"]):
        raise Wrong(name, f"its SHA-256 is {seen}, which is not what `capsule.json` says")


def member(found, name):
    if name not in found:
        raise Wrong(name, "the capsule does not have it")
    return found[name]


# 2 to 4. Checkpoint, consistency, and what was known at a moment.

def signed(capsule, raw, keys, witnesses, report):
    """The checkpoint, once it is signed by a key of the log."""
    note = Note.parse(raw)
    checkpoint = Checkpoint.parse(note.text)
    by = [key for key in keys if key.has_signed(note)]
    need(by or not keys, "none of the keys that you gave has signed it")
    need(all(key.name == checkpoint.origin for key in by), "the key is that of another log")
    need((checkpoint.origin, checkpoint.size) == (capsule["origin"], capsule["checkpoint_size"]),
         f"it is of {checkpoint.size} records of `{checkpoint.origin}`, and `capsule.json` says another")
    report.find(by, f"the log of {many(checkpoint.size, 'record')} is the one that {by and by[0]} signed",
                "who signed: without a key of the log, anybody could have made these records")
    seen = [key.name for key in witnesses if key.has_signed(note)]
    report.find(seen, f"the same checkpoint was signed by: {', '.join(seen)}",
                "that others were shown the same log: no witness that you name signed the checkpoint")
    return checkpoint


def grown(capsule, raw, checkpoint):
    *lines, rest = raw.decode().split("\n")
    need(not rest, "it does not end in a newline")
    check_growth(capsule["log_size"], bytes.fromhex(capsule["root"]), checkpoint.size, checkpoint.root,
                 [a_hash(line) for line in lines])


def proof_of(found, name):
    with placed(name):
        proof = Proof.parse(member(found, name))
        need(proof.note == found["checkpoint"], "its checkpoint is another one than the capsule's")
    return proof


def known_at(capsule, found, checkpoint, report):
    """That the size is what was known at a moment: the records before and after it say so."""
    if "known_at" not in capsule:
        for name in KNOWN_AT:
            if name in found:
                raise Wrong(name, "no moment of knowledge was asked for")
        return
    size, at = capsule["log_size"], manifest.instant(capsule["known_at"])
    for name, position in (("last", size - 1), ("next", size)):
        if position < 0:
            continue
        leaf = f"known-at/{name}.leaf"
        raw, proof = member(found, leaf), proof_of(found, f"known-at/{name}.tlog-proof")
        with placed(f"known-at/{name}.tlog-proof"):
            need(proof.index == position, f"it is of position {proof.index}, not {position}")
        with placed(leaf, position):
            check_inclusion(sha256(b"\0" + raw), position, checkpoint.size, proof.path, checkpoint.root)
            one = streams.leaf(raw)
            need(one["position"] == position, "the record says that it stands elsewhere")
            stamp = manifest.shown(one["recorded_at"])
            need((one["recorded_at"] <= at) == (name == "last"), f"it was recorded at {stamp}")
    report.find(True, f"what was known at {capsule['known_at']}: {many(size, 'record')}, "
                      "no more and no less")


# 5 to 9. Streams, order, completeness, heads, texts.

def all_streams(capsule, found, checkpoint):
    read = {}
    for name, raw in found.items():
        if name.startswith("streams/"):
            stream = name[8:]
            proof = proof_of(found, f"proofs/{stream}.tlog-proof")
            read[stream] = streams.read(name, raw)
            streams.check(name, stream, read[stream], capsule["log_size"], proof, checkpoint)
            unchanged(capsule, found, name)
    for name in found:
        of = re.fullmatch(f"(?:proofs|texts)/{ID}.*", name)
        if of and of[1] not in read:
            raise Wrong(name, "the capsule does not have its stream")
    return read


def all_heads(capsule, found, checkpoint, read, organization):
    """What a state digest says of where the streams end; None where there is none."""
    if capsule["format"] == 1:
        return None
    raw, proof = member(found, heads.LEAF), proof_of(found, heads.PROOF)
    with placed(heads.LEAF, proof.index):
        digest = streams.leaf(raw)
        heads.is_digest(digest, proof, checkpoint, organization)
    rows = member(found, heads.ROWS)
    here = {stream.replace("-", ""): leaves for stream, leaves in read.items()}
    after = {name[len(heads.LATER):].replace("-", ""): streams.read(name, raw)
             for name, raw in found.items() if name.startswith(heads.LATER)}
    return heads.check(capsule, digest, rows, here, after)


def all_texts(capsule, found, read, report):
    if not any(name.startswith("texts/") for name in found):
        report.open.append("what any text says: all were left out")
        return
    total = {"shown": 0, "withheld": 0, "erased": 0}
    for stream, leaves in read.items():
        name = f"texts/{stream}"
        for what, count in streams.texts(name, member(found, name), leaves).items():
            total[what] += count
        unchanged(capsule, found, name)
    report.find(True, f"what was recorded is what is shown: {many(total['shown'], 'text')}")
    report.find(not total["withheld"], None, f"what is withheld: {many(total['withheld'], 'text')}")
    report.find(not total["erased"], None,
                f"what texts said that were erased, of {many(total['erased'], 'record')}")


# 10. Documents.

def all_documents(found, leaves):
    documents = {}
    for name, raw in found.items():
        if name.startswith("documents/"):
            with placed(name):
                need(sha256(raw).hex() == name[10:], f"its bytes hash to {sha256(raw).hex()}")
            documents[name[10:]] = raw
    published = {one["body"]["digest"]: one["position"] for one in leaves if 10 <= one["event_type"] <= 12}
    for digest, position in published.items():
        if digest not in documents:
            what = "the record names it, and the capsule does not have it"
            raise Wrong(f"documents/{digest}", what, None, position)
    for digest in documents:
        if digest not in published:
            raise Wrong(f"documents/{digest}", "no record of the capsule names it")
    return documents


# 11. Levels.

def of_level(claimed):
    if "none" in claimed:
        return claimed["none"].replace("_", " ")
    found = claimed["range"]
    if found["at_least"] == found["at_most"]:
        return str(found["at_least"])
    return f"{found['at_least']} to {found['at_most']}, {found['open']} open"


def levels(capsule, world, documents, report):
    """Computes every claim anew; what this verifier does not know is said, not guessed."""
    court, same = Court(world, documents), 0
    for claimed in capsule["units"]:
        unit = claimed["unit"]
        try:
            found = court.claim(capsule["log"], unit, manifest.instant(capsule["valid_at"]))
        except Unknown as why:
            report.open.append(f"the levels of unit {unit}, which were NOT RECOMPUTED: {why}")
            continue
        if found != claimed:
            raise Wrong("capsule.json", difference(unit, claimed, found))
        same += 1
    report.levels = same == len(capsule["units"])
    report.find(same, f"the levels of {many(same, 'unit')} follow from these records by the rules in "
                      "them, which were run again")


def difference(unit, claimed, found):
    for one, other in zip(claimed["areas"], found["areas"]):
        if one != other:
            said, right = ((f"{of_level(area['rated'])} and {of_level(area['ongoing'])} in {area['area']}")
                           for area in (one, other))
            return f"unit {unit} is claimed at {said}, and the records give {right}"
    keys = ", ".join(key for key in claimed if claimed[key] != found[key])
    return f"unit {unit} is claimed otherwise than the records say: {keys}"


def verify_summary(data, keys=(), witnesses=()):
    """A `Report` on a summary that holds; raises `Wrong` or `Nothing`."""
    report = Report({})

    def of(said, raw):
        with placed("checkpoint"):
            return signed(said, raw, keys, witnesses, report)
    said, checkpoint, position = summary.verify(data, of)
    report.capsule, size = said, said["log_size"]
    report.find(True, f"the own levels of {many(len(said['units']), 'unit')} are those that the log itself says were "
                      f"told with its first {size} records, in its state digest at position {position}")
    report.open += [
        "that the levels follow from what was recorded: no record is here, and no rule was run; whoever ran the "
        "log could have told others than its records give",
        "what units inherit from those above them, and which areas do not apply to them",
        "what the units are called, and that there are no others",
        f"what changed after the first {size} records: the log of the checkpoint has {checkpoint.size}"]
    return report


def verify(data, keys=(), witnesses=()):
    """A `Report` on a capsule that holds; raises `Wrong` or `Nothing`.

    `keys` are those of the log, of which one has to have signed; `witnesses` are others you trust.
    """
    capsule, found = members(data)
    report = Report(capsule)
    # Streams and texts name the record that was changed, which their hash cannot.
    for name in found:
        if not name.startswith(("streams/", "texts/")):
            unchanged(capsule, found, name)
    with placed("checkpoint"):
        checkpoint = signed(capsule, member(found, "checkpoint"), keys, witnesses, report)
    with placed("consistency"):
        grown(capsule, member(found, "consistency"), checkpoint)
    known_at(capsule, found, checkpoint, report)
    read = all_streams(capsule, found, checkpoint)
    leaves = streams.in_order(read, capsule["log"])
    size = capsule["log_size"]
    report.find(True, f"{many(len(leaves), 'record')} in {many(len(read), 'stream')} are in the log of "
                      f"{size}, unchanged and each in its place, and no stream misses one before the "
                      "last that is here")
    world = World(leaves, size)
    is_whole = streams.is_whole(leaves, size, capsule["root"])
    seen = report.ends = all_heads(capsule, found, checkpoint, read, leaves[0]["stream"])
    if seen:
        report.find(True, f"none of {many(len(seen.whole), 'stream')} has a record among the first "
                          f"{min(size, seen.size)} that is not here: the log says so itself, in its state "
                          f"digest of {many(seen.size, 'record')} at position {seen.position}")
    if is_whole:
        report.find(True, f"nothing was left out: here is the whole log, {many(size, 'record')}")
    else:
        here, whole = {one["stream"] for one in leaves}, seen.whole if seen and seen.size >= size else set()
        report.find(False, None, later(capsule, world, here, whole, seen, size - len(leaves)))
        report.find(False, None, unseen(leaves, here | whole))
    all_texts(capsule, found, read, report)
    documents = all_documents(found, leaves)
    levels(capsule, world, documents, report)
    return report


def unseen(leaves, known):
    """What only the streams of appraisals say that are not here, while ratings name them."""
    named = {one["body"].get("appraisal") for one in leaves if one["event"] == "practice-rated"}
    if without := sorted(named - known - {None}):
        return ("what was recorded of appraisals that ratings name, whose streams are not here: whether "
                f"ratings were brought in with them: {', '.join(map(streams.hyphens, without))}")
    return None


def later(capsule, world, here, whole, seen, missing):
    """What is not known of streams that may go on; None where a state digest says where all end."""
    above = {one for claim in capsule["units"] for one in world.ever_above(claim["unit"].replace("-", ""))}
    if here | above <= whole:
        return None
    why = "nothing says of which streams they are"
    if seen and seen.size < capsule["log_size"]:
        why = (f"the newest state digest of the log was of its first {seen.size}, so that nothing says of "
               "which streams those after them are")
    what = f"that no stream has a later record: some of the log are not here ({missing}), and {why}"
    without = sorted(above - here - whole)
    if without:
        what += f"; that nothing was recorded of units above: {', '.join(map(streams.hyphens, without))}"
    return what
