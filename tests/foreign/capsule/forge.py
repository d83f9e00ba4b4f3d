"""Logs that no server wrote, signed by a key of our own: two verifiers have to compute the same levels.

    python3 tests/foreign/capsule/forge.py GRADUS

Whoever operates a log can write what they like into it. So records are drawn here that a server would
have refused, of any order, in any stream and of any time; a capsule is made of them by the page of
formats alone, with the claims that this verifier computes, and `gradus capsule verify` has to come to
the same, digest for digest. Each log also says where its streams end, once as it is and twice not.
`GRADUS_SEED` says which, `GRADUS_FORGED` how many logs.
"""
import base64
import collections
import json
import os
import random
import struct
import sys

import nacl.signing

import manifest
from claim import Court, array, integer, target
from documents import DAY
from fault import Wrong
from formats import FORMATS
from histories import AREAS, TARGETS, TRUTHS, look
from merkle import leaf_hash, root, sha256, split
from note import DASH, NOTE, Key
from streams import hyphens, leaf
from tamper import agreed, found_by, program
from verify import verify
from world import World

from decode import BOUNDS, EVENTS, LENGTHS, MAPS, WORDS
from sealed import cbor, text

NUMBERS = {name: number for number, (name, _) in EVENTS.items()}


# Writing, by the page of formats.

def value(said, kind):
    """A value of a kind, in CBOR."""
    if kind in MAPS:
        return fields(said, MAPS[kind])
    if kind == "target":
        return target(said)
    if kind.endswith("*"):
        return array(*(value(one, kind[:-1]) for one in said))
    if kind in LENGTHS:
        return cbor(2, LENGTHS[kind]) + bytes.fromhex(said)
    if kind in BOUNDS:
        return text(said)
    if kind in WORDS:
        return integer(next(number for number, word in WORDS[kind].items() if word == said))
    return integer(said)


def fields(said, spec):
    """A map whose keys are the places of the fields."""
    names = [field.split(":") for field in spec.split()]
    parts = [integer(key) + value(said[name.rstrip("?")], kind)
             for key, (name, kind) in enumerate(names) if name.rstrip("?") in said]
    return cbor(5, len(parts)) + b"".join(parts)


def path(hashes, index):
    """The hashes beside the way from a leaf to the root (RFC 6962, 2.1.1)."""
    if len(hashes) == 1:
        return []
    left = split(len(hashes))
    if index < left:
        return [*path(hashes[:left], index), root(hashes[left:])]
    return [*path(hashes[left:], index - left), root(hashes[:left])]


def growth(hashes, old, is_known=True):
    """The hashes that prove the first `old` leaves to be the beginning of all (RFC 6962, 2.1.2)."""
    if old == len(hashes):
        return [] if is_known else [root(hashes)]
    left = split(len(hashes))
    if old <= left:
        return [*growth(hashes[:left], old, is_known), root(hashes[left:])]
    return [*growth(hashes[left:], old - left, False), root(hashes[:left])]


def bundle(leaves):
    """Leaves with their positions, as a member holds them."""
    return b"".join(struct.pack(">H", len(raw)) + raw for _, raw in leaves)


def b64(raw):
    return base64.b64encode(raw).decode()


class Log:
    """Leaves in the order of the log, and what is needed to write the next."""

    def __init__(self, dice):
        self.dice, self.leaves, self.streams = dice, [], collections.defaultdict(list)
        self.id, self.stamp = self.draw(16), 1_700_000_000_000_000
        self.secret = nacl.signing.SigningKey(dice.randbytes(32))
        self.origin = f"gradus/{hyphens(self.id)}"
        self.key = Key(self.origin, NOTE, bytes(self.secret.verify_key))

    def draw(self, length):
        return self.dice.randbytes(length).hex()

    def record(self, stream, event, said, when, actor):
        """Appends a record without texts."""
        self.stamp += self.dice.randint(1, DAY)
        before, number = self.streams[stream], NUMBERS[event]
        body = fields(said, EVENTS[number][1])
        previous = leaf_hash(before[-1][1]) if before else bytes(32)
        raw = b"".join((
            struct.pack(">HQq", 1, len(self.leaves), self.stamp), bytes.fromhex(stream),
            struct.pack(">Q", len(before) + 1), previous, struct.pack(">HHq", number, 1, when),
            bytes.fromhex(actor), bytes([1, 0]), self.dice.randbytes(16), struct.pack(">I", 0), bytes(32),
            self.dice.randbytes(16), struct.pack(">I", len(body)), body))
        before.append((len(self.leaves), raw))
        self.leaves.append(raw)

    def proof(self, index, checkpoint):
        hashes = [leaf_hash(raw) for raw in self.leaves]
        front = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(b64, path(hashes, index)), "", ""]
        return "\n".join(front).encode() + checkpoint

    def checkpoint(self):
        """The note of all records."""
        signed = f"{self.origin}\n{len(self.leaves)}\n{b64(root([leaf_hash(raw) for raw in self.leaves]))}\n"
        signature = self.key.id() + self.secret.sign(signed.encode()).signature
        return f"{signed}\n{DASH}{self.origin} {b64(signature)}\n".encode()

    def below(self, size):
        """The leaves of every stream that has some below a size, with their positions."""
        all_of = ((stream, [one for one in leaves if one[0] < size]) for stream, leaves in self.streams.items())
        return {stream: leaves for stream, leaves in all_of if leaves}

    def capsule(self, documents, units, moment, size=None, streams=None, heads=()):
        """A capsule of the first records, or of all, with the claims that follow from them.

        `streams` are others than those below the size, `heads` the members of format 2.
        """
        hashes, size = [leaf_hash(raw) for raw in self.leaves], len(self.leaves) if size is None else size
        streams = sorted((self.below(size) if streams is None else streams).items())
        checkpoint = self.checkpoint()
        grown = "".join(f"{b64(one)}\n" for one in growth(hashes, size))
        members = [("checkpoint", checkpoint), ("consistency", grown.encode()), *heads]
        members += [(f"streams/{hyphens(stream)}", bundle(leaves)) for stream, leaves in streams]
        members += [(f"proofs/{hyphens(stream)}.tlog-proof", self.proof(leaves[-1][0], checkpoint))
                    for stream, leaves in streams]
        members += [(f"texts/{hyphens(stream)}", b"") for stream, _ in streams]
        members += [(f"documents/{digest}", raw) for digest, raw in sorted(documents.items())]
        known = sorted(one for _, leaves in streams for one in leaves)
        world = World([leaf(raw) for _, raw in known], size)
        claims = [Court(world, documents).claim(hyphens(self.id), hyphens(unit), moment) for unit in units]
        capsule = {
            "format": 2 if heads else 1, "log": hyphens(self.id), "origin": self.origin,
            "valid_at": manifest.shown(moment), "log_size": size, "root": root(hashes[:size]).hex(),
            "checkpoint_size": len(hashes), "units": claims, "members": [], "digest": ""}
        return agreed(capsule, members)


# What may stand in such a log.

def rules(dice):
    """Rules by the dice, in TOML."""
    period = lambda: "P" + dice.choice(["1Y", "1M", "2M", "30D", "1Y2M3W4D", "0Y1D", "900Y", "7W"])
    some = lambda of: [one for one in of if dice.random() < 0.5]
    kinds, pairs = list(WORDS["kind"].values()), ["provider-reviews", "provider-rates", "reviewer-rates",
                                                  "conflicted-rates"]
    lines = ['id = "drawn"', 'title = "Drawn"', "evaluator = 1", 'scheme = "sse-cmm"', "[reads]",
             f"satisfaction = {'true' if dice.random() < 0.9 else 'false'}",
             f"nplf = {json.dumps(dice.choice(['F', ['L', 'F'], ['L+', 'F'], ['P', 'L', 'F']]))}",
             "[coverage]", f'window = "{period()}"',
             f'minimum_strength = "{dice.choice(list(WORDS["strength"].values()))}"']
    lines += [f'appraisals = "{period()}"'] * (dice.random() < 0.7)
    lines += ["[coverage.kinds]"] + [f'{kind} = "{period()}"' for kind in some(kinds)]
    lines += ["[coverage.practices]"] + [f'"{one}" = "{period()}"' for one in some(TARGETS[:4])]
    if dice.random() < 0.7:
        lines += ["[[trusted]]", 'principals = "services"', f"kinds = {json.dumps(some(kinds))}"]
    lines += ["[inheritance]", f"categories = {json.dumps(some(['organizational', 'security-engineering']))}"]
    for pair in some(pairs):
        lines += ["[[duties.relaxed]]", f'pair = "{pair}"', 'reason = "drawn"']
    return "\n".join(lines).encode() + b"\n"


class Forger:
    """Draws records: few things, so that they meet."""

    def __init__(self, dice):
        self.dice, self.log = dice, Log(dice)
        draw = self.log.draw
        self.people = {draw(16): kind for kind in ("person", "person", "service", "system")}
        self.units = [draw(16) for _ in range(5)]
        self.items = collections.defaultdict(list)
        self.ratings = collections.defaultdict(list)
        with open(os.path.join(FORMATS, "capsule/model.toml"), "rb") as model:
            documents = [model.read(), rules(dice), rules(dice)]
        self.documents = {sha256(raw).hex(): raw for raw in documents}
        self.model, *self.rules = self.documents
        self.base = manifest.instant(dice.choice(["2024-02-29T23:00:00Z", "2021-12-31T12:00:00Z",
                                                  "1900-02-01T00:00:00Z", "9997-06-01T00:00:00Z"]))
        self.begin()
        for _ in range(dice.randint(20, 160)):
            self.step()

    def when(self):
        """Often the very same moments."""
        far = self.dice.choice([0, 1, 30, 31, 60, 365, 366, 800])
        moment = self.base + far * DAY * self.dice.choice([1, 1, -1]) + self.dice.choice([0, 0, 1, -1])
        return min(max(moment, manifest.FIRST), manifest.LAST)

    def record(self, stream, event, when=None, **said):
        when = self.when() if when is None else when
        self.log.record(stream, event, said, when, self.dice.choice(list(self.people)))

    def begin(self):
        first = self.units[0]
        self.record(first, "log-created", log=self.log.id, organization=first, origin=self.log.origin)
        for principal, kind in self.people.items():
            self.record(first, "principal-added", principal=principal, kind=kind)
        for digest in self.documents:
            what, name = ("model", "small") if digest == self.model else ("rules", "drawn")
            self.record(first, f"{what}-published", id=name, digest=digest)
        ever = manifest.FIRST if self.dice.random() < 0.8 else None
        self.record(first, "model-adopted", ever, id="small", digest=self.model)
        self.record(first, "rules-adopted", ever, id="drawn", digest=self.rules[0])
        for number, unit in enumerate(self.units):
            above = {"parent": self.dice.choice(self.units[:number])} if number else {}
            self.record(self.dice.choice([first, first, unit]), "unit-registered", unit=unit,
                        kind="project", name=f"unit-{number}", **above)

    def step(self):
        dice, unit = self.dice, self.dice.choice(self.units)
        what = dice.choice(["item"] * 8 + ["standing"] * 8 + ["rating"] * 10 + ["else"] * 8)
        getattr(self, f"a_{what}")(unit)

    def a_item(self, unit):
        dice, item = self.dice, self.log.draw(16)
        self.items[unit].append(item)
        more = {"work_from": self.when()} if dice.random() < 0.4 else {}
        more |= {"valid_until": self.when()} if dice.random() < 0.2 else {}
        more |= {"tool": {"name": "lint", "version": dice.choice("12"), "mapping": dice.choice(["git/a", "gitb"])}
                 if dice.random() < 0.7 else {"name": "lint"}} if dice.random() < 0.5 else {}
        self.record(unit, "evidence-submitted", evidence=item, kind=dice.choice(list(WORDS["kind"].values())),
                    outcome=dice.choice(["supports"] * 5 + ["contradicts", "inconclusive"]),
                    strength=dice.choice(list(WORDS["strength"].values())),
                    practices=dice.sample(TARGETS, dice.randint(0, 4)), source={"name": dice.choice("ab"), "id": item},
                    measures=[], subjects=[], attachments=[], **more)

    def of(self, things, unit):
        """Something of the unit, or of another, or of nobody."""
        known = things[unit if self.dice.random() < 0.95 else self.dice.choice(self.units)]
        return self.dice.choice(known) if known and self.dice.random() < 0.97 else self.log.draw(16)

    def a_standing(self, unit):
        item, dice = self.of(self.items, unit), self.dice
        event = dice.choice(["accepted"] * 6 + ["rejected", "withdrawn", "ended", "ended", "confirmed"])
        if dice.random() < 0.7:
            self.record(unit, f"evidence-{event}", evidence=item)
        elif dice.random() < 0.4:
            self.record(unit, "evidence-superseded", evidence=item, by=self.of(self.items, unit))
        else:
            self.record(unit, f"evidence-{dice.choice(['linked', 'unlinked'])}", evidence=item,
                        practices=dice.sample(TARGETS, 3))

    def a_rating(self, unit):
        dice = self.dice
        if dice.random() < 0.15:
            event = dice.choice(["rating-withdrawn", "rating-ended", "rating-ended"])
            self.record(unit, event, rating=self.of(self.ratings, unit))
            return
        actor_of = dice.random()
        for name in dice.sample(TARGETS, dice.choice([1, 3, len(TARGETS)])):
            rating = self.log.draw(16)
            self.ratings[unit].append(rating)
            more = {"instance": dice.choice(["east", "wést"])} if dice.random() < 0.1 else {}
            more |= {"appraisal": dice.choice(self.units)} if actor_of < 0.1 else {}
            if actor_of > 0.9:
                more["basis"] = {"valid_at": self.when(), "log_size": 1, "rules": self.rules[0]}
            cited = [self.of(self.items, unit) for _ in range(dice.choice([0, 0, 1, 2]))]
            self.record(unit, "practice-rated", rating=rating, target=name, value=dice.choice(TRUTHS),
                        evidence=cited, **more)

    def a_else(self, unit):
        dice, first = self.dice, self.units[0]
        area = {"model": dice.choice(["small", "small", "other"]), "area": int(dice.choice(list(AREAS))[2:])}
        somebody = dice.choice(list(self.people))
        suspect = dice.choice([{"principal": somebody}, {"tool": {"name": "lint"}}, {"source": dice.choice("ab")},
                               {"mapping": {"name": "git", "version": "1"}}, {"tool": {"name": "lint", "version": "2"}}])
        until = {"until": self.log.stamp} if dice.random() < 0.5 else {}
        later = {"until": self.when()} if dice.random() < 0.5 else {}
        event, stream, said = dice.choice([
            ("area-tailored-out", unit, {"area": area}), ("area-tailored-in", unit, {"area": area}),
            ("area-inheritance-set", unit, {"area": area, "inheritance": dice.choice(["by-rules", "inherited", "own"])}),
            ("rules-adopted", unit, {"id": "drawn", "digest": dice.choice(self.rules)}),
            ("model-adopted", unit, {"id": "small", "digest": self.model}),
            ("unit-moved", first, {"unit": unit, "parent": dice.choice(self.units)}),
            ("unit-archived", first, {"unit": unit}), ("unit-renamed", first, {"unit": unit, "name": "again"}),
            ("source-distrusted", first, {"suspect": suspect, **until}),
            ("source-restored", first, {"distrust": dice.randrange(len(self.log.leaves))}),
            ("conflict-declared", unit, {"principal": somebody, **later}),
            ("conflict-withdrawn", unit, {"principal": somebody}),
        ])
        self.record(stream, event, **said)


# Where streams end, by a digest that the log's own key vouches for.

class Described:
    """A state digest in a log: what it says, where it stands, and its rows."""

    def __init__(self, forger, size, change=None, said_size=None, where=None):
        self.log, self.size = forger.log, size if said_size is None else said_size
        first, below = forger.units[0], self.log.below(size)
        self.streams = [first] + sorted({*forger.units, *below} - {first})
        self.rows = []
        for stream in self.streams:
            leaves = below.get(stream, [])
            version, head = len(leaves), leaf_hash(leaves[-1][1]) if leaves else bytes(32)
            if change and change[0] == stream:
                version, head = change[1](version, head)
            self.rows.append(array(value(stream, "id"), integer(version), value(head.hex(), "digest"),
                                   value(self.log.draw(32), "digest")))
        self.hashes = [leaf_hash(row) for row in self.rows]
        self.position = len(self.log.leaves)
        forger.record(where or first, "state-digest-recorded", size=self.size, root=root(self.hashes).hex(),
                      rows=len(self.rows), projector=1)

    def later(self, known):
        """The leaves that lead from a size of the log to the rows."""
        after = ((stream, [one for one in leaves if one[0] >= known])
                 for stream, leaves in self.log.below(self.size).items())
        return {stream: leaves for stream, leaves in after if leaves}

    def members(self, streams, later):
        """The members of a capsule, with lines of some streams."""
        line = lambda index: json.dumps({
            "index": index, "row": self.rows[index].hex(),
            "proof": [one.hex() for one in path(self.hashes, index)]}, separators=(",", ":"))
        asked = [index for index, stream in enumerate(self.streams) if stream in streams]
        of = [("heads/digest.leaf", self.log.leaves[self.position]),
              ("heads/digest.tlog-proof", self.log.proof(self.position, self.log.checkpoint())),
              ("heads/rows", "".join(f"{line(index)}\n" for index in asked).encode())]
        return of + [(f"heads/later/{hyphens(self.streams[index])}", bundle(later[self.streams[index]]))
                     for index in asked if later.get(self.streams[index])]


def ended(gradus, forger, seen):
    """What is wrong with capsules whose log says where streams end, the truth or not."""
    dice, log, wrong = forger.dice, forger.log, []
    size = dice.randint(20, len(log.leaves))
    truth = Described(forger, size)
    liar, lie = dice.choice(sorted(log.below(size))), dice.choice([
        lambda version, head: (version - 1, head), lambda version, head: (version + 1, head),
        lambda version, head: (version, bytes(32)), lambda version, head: (0, bytes(32))])
    lies = {"a row that the leaves contradict": Described(forger, size, (liar, lie)),
            "a digest of what comes after it": Described(forger, size, said_size=len(log.leaves) + 1),
            "a digest in the stream of a unit": Described(forger, size, where=dice.choice(forger.units[1:]))}
    for _ in range(dice.randint(0, 20)):
        forger.step()
    known, moment = dice.randint(20, len(log.leaves)), forger.when()
    here, first = log.below(known), forger.units[0]
    for stream in sorted(here):
        if stream != first and dice.random() < 0.2:
            del here[stream]
    registered = World([leaf(raw) for _, raw in sorted(sum(here.values(), []))], known).registered
    units = [unit for unit in forger.units if unit in registered]
    # Streams without a record have a row, too; nobody can be kept from leaving out a line.
    asked = {stream for stream in {*here, *forger.units} - ({*log.streams} - {*here}) if dice.random() < 0.95}
    make = lambda of, streams, later: log.capsule(forger.documents, units, moment, known, streams,
                                                  of.members(asked | {*streams}, later))
    later = truth.later(known)
    data = log.capsule(forger.documents, units, moment, known, here, truth.members(asked, later))
    report = verify(data, [log.key])
    seen["with a digest"] += 1
    seen["of which no stream ends too soon"] += not any("later record" in one for one in report.open)
    if differ := set(found_by(gradus, data, log.key)) ^ {*report.proved, *report.open}:
        wrong.append(f"only one verifier finds: {differ}")

    forged = {what: make(of, here, of.later(known)) for what, of in lies.items() if liar in here}
    members = truth.members(asked | {*here}, later)
    if len(members) > 4:
        other = [*members[:3], *reversed(members[3:])]
        forged["later leaves in another order"] = log.capsule(
            forger.documents, units, moment, known, here, other)
    for stream, leaves in here.items():
        goes_on, behind = later.get(stream, []), [one for one in log.streams[stream] if one[0] >= max(known, size)]
        if stream != first and len(leaves) > 1 and leaves[-1][0] < size:
            shorter = {**here, stream: leaves[:-1]}
            forged["a stream without its last leaf"] = make(truth, shorter, {**later, stream: goes_on})
            forged["a leaf among later ones"] = make(truth, shorter, {**later, stream: leaves[-1:] + goes_on})
        if goes_on:
            forged["later leaves without the last"] = make(truth, here, {**later, stream: goes_on[:-1]})
            forged["later leaves without the first"] = make(truth, here, {**later, stream: goes_on[1:]})
        if behind:
            forged["leaves behind the row"] = make(truth, here, {**later, stream: goes_on + behind})
    for what, data in forged.items():
        seen["refused"] += 1
        try:
            verify(data, [log.key])
            wrong.append(f"{what}: accepted")
        except Wrong as why:
            seen[f"refused: {what}"] += 1
            if not why.member.startswith("heads/"):
                wrong.append(f"{what}: refused for {why}")
        code, told = program(gradus, data, log.key, with_words=True)
        if code != 11 or "heads/" not in told:
            wrong.append(f"{what}: our own verifier ends with {code}: {told.strip()}")
    return wrong


def main():
    gradus, seed = os.path.abspath(sys.argv[1]), int(os.environ.get("GRADUS_SEED", "1"))
    logs, seen, wrong = int(os.environ.get("GRADUS_FORGED", "100")), collections.Counter(), []
    print(f"GRADUS_SEED={seed}")
    for number in range(logs):
        forger = Forger(random.Random(f"{seed} {number}"))
        for _ in range(2):
            moment = forger.when()
            data = forger.log.capsule(forger.documents, forger.units, moment)
            look(verify(data, [forger.log.key]), seen)
            seen["capsules"] += 1
            code, told = program(gradus, data, forger.log.key, with_words=True)
            if code != 0:
                wrong.append(f"log {number} at {manifest.shown(moment)}: {told.strip()}")
        wrong += [f"log {number}: {one}" for one in ended(gradus, forger, seen)]
    print(f"{seen['capsules']} capsules of {logs} logs that nobody wrote:", dict(seen))
    for one in wrong[:10]:
        print("FAILED: our own verifier says otherwise:", one)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
