"""Changes the golden capsules in every way that it can think of, and expects a refusal each time.

    python3 tests/foreign/capsule/tamper.py [GRADUS]

`GRADUS_SEED` says which bytes (2,000 of them, or with `GRADUS_EVERY_BYTE` all). With the path of the
program, what this verifier accepts and a sample of what it refuses go before our own one, too; of what
says where streams end, all.
"""
import copy
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

import archive
import heads
import manifest
import summary
from fault import Nothing, Wrong
from formats import FORMATS, decode, sealed
from merkle import sha256
from note import Key
from verify import KINDS, verify, verify_summary


TLS, ACME = "51515151-5151-5151-5151-515151515151", "20202020-2020-2020-2020-202020202020"


def golden():
    """The golden capsules in the order of their page, each with its key and the findings named there."""
    with open(os.path.join(FORMATS, "CAPSULE.md"), encoding="utf-8") as page:
        blocks = re.findall(r"^key (\S+)\n((?:[+-] .*\n)+)", page.read(), re.M)
    for name, (key, findings) in zip(("tls", "heads", "summary"), blocks, strict=True):
        with open(os.path.join(FORMATS, f"golden/{name}.capsule"), "rb") as file:
            yield name, file.read(), Key.parse(key), findings.splitlines()


def check(data, key):
    """What is found of a capsule or a summary."""
    return (verify_summary if summary.is_one(data) else verify)(data, [key])


def verdict(data, key):
    """0 where it is accepted, else the exit code, and the member that is named."""
    try:
        check(data, key)
    except Wrong as wrong:
        return 11, wrong.member
    except Nothing:
        return 12, None
    return 0, None


def members(data):
    """(where it begins, name, content) of every member."""
    found, at = [], 0
    while entry := archive.entry(data, at):
        found.append((at, *entry[:2]))
        at = entry[2]
    return found


def flipped(data, dice):
    """Files with one bit of a byte changed, and the member that has to be named (None for the end)."""
    of = members(data)
    places = range(len(data))
    if "GRADUS_EVERY_BYTE" not in os.environ:
        places = sorted(dice.sample(places, 2_000))
    end = of[-1][0] + 512 + len(of[-1][2]) + -len(of[-1][2]) % 512
    for at in places:
        changed = bytearray(data)
        changed[at] ^= 1 << dice.randrange(8)
        name = next(name for begin, name, _ in reversed(of) if begin <= at)
        yield f"byte {at}", bytes(changed), name if at < end else None


def cut(data, dice):
    """Files that end too early, or go on."""
    for end in [0, 1, 511, 512, *dice.sample(range(len(data)), 50)]:
        yield f"cut at {end}", data[:end], None
    yield "one more byte", data + b"\0", None
    yield "one more block", data + bytes(512), None


def wild(data, dice):
    """Files that nobody wrote."""
    (_, _, first), *rest = members(data)
    rest = [(name, raw) for _, name, raw in rest]
    odd = [b"", b"[" * 100_000, b"{\"format\":" * 50_000, b"null", b"[]", b"{}", b"\xff", b"1" * 10_000,
           b'{"format": 1}', first.replace(b'"tls"', b'"\\ud800"'), first.replace(b"17,", b"17e0,"),
           first.replace(b"17,", b"-17,"), first.replace(b"17,", b"9" * 5_000 + b","),
           first.replace(b"17,", b"true,"), first.replace(b"17,", b"NaN,")]
    for number, raw in enumerate(odd):
        yield f"odd {number}", archive.written([("capsule.json", raw), *rest]), None
    for number in range(300):
        yield f"noise {number}", dice.randbytes(dice.randrange(2_000)), None
        whole = dice.randbytes(dice.randrange(2_000))
        yield f"noise {number} in a capsule", archive.written([("capsule.json", whole)]), None


def agreed(capsule, contents):
    """The file whose `capsule.json` names the members as they are, and itself."""
    capsule = copy.deepcopy(capsule)
    capsule["members"] = [{"name": name, "bytes": len(raw), "sha256": sha256(raw).hex()}
                          for name, raw in contents]
    capsule["digest"] = manifest.computed(capsule)
    return archive.written([("capsule.json", manifest.written(capsule)), *contents])


def forged(data, dice):
    """Files in which all digests of `capsule.json` are right again: a byte of a member is another one,
    a member is gone, or twice, or another's."""
    (_, _, first), *rest = members(data)
    capsule, rest = manifest.loads(first), [(name, raw) for _, name, raw in rest]
    sizes = [len(raw) for _, raw in rest]
    for _ in range(600):
        number = dice.choices(range(len(rest)), sizes)[0]
        name, raw = rest[number]
        changed, at = bytearray(raw), dice.randrange(len(raw))
        changed[at] ^= 1 << dice.randrange(8)
        yield f"byte {at} of {name}", agreed(capsule, replaced(rest, number, bytes(changed))), None
    for number, (name, raw) in enumerate(rest):
        yield f"without {name}", agreed(capsule, rest[:number] + rest[number + 1:]), None
        if raw:
            yield f"{name} is empty", agreed(capsule, replaced(rest, number, b"")), None
            yield f"{name} without its end", agreed(capsule, replaced(rest, number, raw[:-1])), None
        other = dice.choice(rest)[1]
        if other != raw:
            yield f"{name} is another", agreed(capsule, replaced(rest, number, other)), None


def ended(data, dice):
    """Files with a state digest in which all digests of `capsule.json` are right again, and what is said
    of where streams end is not."""
    (_, _, first), *rest = members(data)
    of = {name: raw for _, name, raw in rest}
    if heads.ROWS not in of or summary.is_one(data):
        return
    capsule = manifest.read(first)
    later, other = f"{heads.LATER}{TLS}", f"{heads.LATER}{ACME}"
    lines = [json.loads(line) for line in of[heads.ROWS].splitlines()]

    def put(what, members, size=None):
        """These members in place of those of their names; None for none."""
        contents = {name: raw for name, raw in {**of, **members}.items() if raw is not None}
        rank = lambda name: next(rank for rank, kind in enumerate(KINDS) if re.fullmatch(kind, name))
        changed = {**capsule, "log_size": size} if size is not None else capsule
        return what, agreed(changed, sorted(contents.items(), key=lambda one: rank(one[0]))), None

    def rows(what, *said):
        written = (json.dumps(line, separators=(",", ":")) + "\n" for line in said)
        return put(what, {heads.ROWS: "".join(written).encode()})

    for number, line in enumerate(lines):
        raw, rest = bytes.fromhex(line["row"]), lines[:number] + lines[number + 1:]
        with_line = lambda what, **change: rows(f"row {number}: {what}", *sorted(
            [*rest, {**line, **change}], key=lambda one: one["index"]))
        yield with_line("a version less", row=(raw[:18] + bytes([raw[18] - 1]) + raw[19:]).hex())
        yield with_line("a version in two bytes", row=(raw[:18] + b"\x18" + raw[18:]).hex())
        yield with_line("of a stream without records", row=(raw[:18] + b"\0\x58\x20" + bytes(32) + raw[53:]).hex())
        yield with_line("of another stream", row=(raw[:2] + bytes(16) + raw[18:]).hex())
        yield with_line("of a stream that is here", row=(raw[:2] + bytes.fromhex(
            (ACME if number else TLS).replace("-", "")) + raw[18:]).hex())
        yield with_line("no row", row="")
        yield with_line("in capitals", row=line["row"].upper())
        yield with_line("that of another", row=rest[0]["row"])
        yield with_line("another number", index=2)
        yield with_line("a number that is none", index=2**64)
        yield with_line("without a proof", proof=[])
        yield with_line("with half a proof", proof=line["proof"][1:])
        yield with_line("with more of a proof", proof=[*line["proof"], "00" * 32])
        yield with_line("with the proof of another", proof=rest[0]["proof"])
        yield with_line("with another key", more=1)
        yield rows(f"row {number} twice", *sorted([*lines, line], key=lambda one: one["index"]))
        for byte in dice.sample(range(len(raw)), 12):
            changed = bytearray(raw)
            changed[byte] ^= 1 << dice.randrange(8)
            yield with_line(f"byte {byte}", row=changed.hex())
    yield rows("rows in another order", *reversed(lines))
    yield rows("no row of a stream with a later leaf", lines[0])
    yield put("rows without a last newline", {heads.ROWS: of[heads.ROWS][:-1]})
    yield put("rows with spaces", {heads.ROWS: of[heads.ROWS].replace(b",", b", ")})
    yield put("rows and an empty line", {heads.ROWS: of[heads.ROWS] + b"\n"})

    # The last leaves that a row leads to: cut off, put twice, of another stream, elsewhere.
    leaf, bundle = of[later][2:], lambda *leaves: b"".join(struct.pack(">H", len(one)) + one for one in leaves)
    yield put("a later leaf is cut off", {later: None})
    yield put("a list of no later leaf", {later: b""})
    yield put("half a later leaf", {later: bundle(leaf[:100])})
    yield put("a later leaf twice", {later: bundle(leaf, leaf)})
    yield put("a later leaf of another stream after it", {later: bundle(leaf, of[heads.LEAF])})
    yield put("a later leaf of another stream before it", {later: bundle(of[heads.LEAF], leaf)})
    yield put("a later leaf of another stream in its place", {later: bundle(of[heads.LEAF])})
    yield put("an earlier leaf before a later one", {later: bundle(of["known-at/last.leaf"], leaf)})
    yield put("the later leaf in another stream", {later: None, other: of[later]})
    yield put("the later leaf in two streams", {other: of[later]})
    yield put("the later leaf of a stream of nobody", {f"{heads.LATER}{TLS[:-1]}2": of[later]})
    yield put("the record of the digest behind its row", {other: bundle(of[heads.LEAF])})
    yield put("a later leaf among those of the capsule", {
        later: None, f"streams/{TLS}": of[f"streams/{TLS}"] + of[later]})
    for at, what in ((9, "position"), (17, "stamp"), (33, "stream"), (41, "version"), (73, "previous")):
        changed = bytearray(leaf)
        changed[at] ^= 1
        yield put(f"a later leaf with another {what}", {later: bundle(bytes(changed))})

    # The digest: of another size, of more rows, of none; and no digest at all.
    digest = decode.leaf(of[heads.LEAF])["body"]
    body = lambda **change: b"\xa4" + b"".join(
        (b"\x00", sealed.cbor(0, {**digest, **change}["size"]),
         b"\x01\x58\x20", bytes.fromhex({**digest, **change}["root"]),
         b"\x02", sealed.cbor(0, {**digest, **change}["rows"]),
         b"\x03", sealed.cbor(0, {**digest, **change}["projector"])))
    front = of[heads.LEAF][:-len(body()) - 4]
    written = lambda **change: front + struct.pack(">I", len(body(**change))) + body(**change)
    assert written() == of[heads.LEAF]
    for size in (0, 1, 16, 17, 19, 20, 2**63, 2**64 - 1):
        yield put(f"a digest of {size}", {heads.LEAF: written(size=size)})
    for count in (0, 1, 2, 4, 2**64 - 1):
        yield put(f"a digest of {count} rows", {heads.LEAF: written(rows=count)})
    yield put("a digest of another root", {heads.LEAF: written(root=lines[0]["proof"][0])})
    yield put("a digest of another projector", {heads.LEAF: written(projector=digest["projector"] + 1)})
    for position in ("last", "next"):
        other = {heads.LEAF: of[f"known-at/{position}.leaf"], heads.PROOF: of[f"known-at/{position}.tlog-proof"]}
        yield put(f"a record that is no digest, {position}", other)
        yield put(f"the proof of another record, {position}", {heads.PROOF: other[heads.PROOF]})
    for size in (16, 18, 19):
        yield put(f"a capsule of {size}", {}, size)
    for name in (heads.LEAF, heads.PROOF, heads.ROWS):
        yield put(f"without {name}", {name: None})
    none = {name: None for name in of if name.startswith("heads/")}
    yield put("format 2 without a digest", none)
    for number in (0, 1, 3):
        capsule["format"] = number
        yield put(f"format {number} with a digest", {})


def less(data):
    """Files that hold and say less, with what has to be left open then: nobody can be kept from leaving
    the digest out, or the line of a stream."""
    (_, _, first), *rest = members(data)
    rest = [(name, raw) for _, name, raw in rest]
    if summary.is_one(data) or not any(name == heads.ROWS for name, _ in rest):
        return
    capsule, line = manifest.read(first), dict(rest)[heads.ROWS].splitlines(True)[1]
    told = "that no stream has a later record: some of the log are not here (1), and nothing says of which"
    rows = [(name, line if name == heads.ROWS else raw) for name, raw in rest]
    yield "a stream without its line", agreed(capsule, rows), told
    rest = [(name, raw) for name, raw in rest if not name.startswith("heads/")]
    yield "without its digest", agreed({**capsule, "format": 1}, rest), told


def replaced(rest, number, raw):
    return [(name, raw if at == number else old) for at, (name, old) in enumerate(rest)]


def claimed(data, _):
    """Files in which one thing that `capsule.json` says is another, with its digest right again."""
    (_, _, first), *rest = members(data)
    rest = [(name, raw) for _, name, raw in rest]
    for path in paths(manifest.loads(first)):
        proved = path[-1] != "name" or not summary.is_one(data)
        if path[0] not in ("members", "digest") and proved:
            capsule = manifest.loads(first)
            at = capsule
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = other(at[path[-1]])
            yield f"claims {'.'.join(map(str, path))}", agreed(capsule, rest), None


def paths(value, before=()):
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[key], (*before, key))
    else:
        yield before


def other(value):
    """Another value of the same form."""
    if type(value) is int:
        return value + 1
    if value is None:
        return "00" * 32
    last = len(value) - 2 if value.endswith("Z") else len(value) - 1
    return value[:last] + ("1" if value[last] != "1" else "2") + value[last + 1:]


def program(gradus, data, key, with_words=False):
    """The exit code of `gradus capsule verify`, and what it says."""
    with tempfile.NamedTemporaryFile(suffix=".capsule") as file:
        file.write(data)
        file.flush()
        asked = [gradus, "capsule", "verify", file.name, "--key", str(key)]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        return (done.returncode, done.stderr) if with_words else done.returncode


def found_by(gradus, data, key):
    """What `gradus capsule verify` finds, proved or not, of a capsule that holds."""
    with tempfile.NamedTemporaryFile(suffix=".capsule") as file:
        file.write(data)
        file.flush()
        asked = [gradus, "capsule", "verify", file.name, "--key", str(key)]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return [line.split("\t", 2)[2] for line in told.splitlines()[1:] if line.startswith(("yes\t", "no\t"))]


def look(data, key, gradus, seed):
    """What was wrong with the verdicts on one golden capsule, changed in all ways."""
    wrong = []
    for kind in (flipped, cut, wild, forged, claimed, ended):
        tried = asked = 0
        dice = random.Random(f"{seed} {kind.__name__}")
        for what, changed, named in kind(data, dice):
            tried += 1
            code, seen = verdict(changed, key)
            sampled = dice.random() < 0.03
            if gradus and (code == 0 or sampled or kind is ended):
                asked += 1
                ours = program(gradus, changed, key)
                if ours != code:
                    wrong.append(f"{what}: {code}, and our own verifier ends with {ours}")
            if code == 0 and (kind is ended or not gradus):
                wrong.append(f"{what}: accepted")
            if named and seen != named:
                wrong.append(f"{what}: it is in {named}, and {seen} is named")
        print(f"{kind.__name__}: {tried} capsules, {asked} of them before our own verifier, too")
    for what, changed, told in less(data):
        found = verify(changed, [key]).open
        if not any(one.startswith(told) for one in found):
            wrong.append(f"{what}: it is left open {found}")
        if gradus and program(gradus, changed, key) != 0:
            wrong.append(f"{what}: refused by our own verifier")
    return wrong


def main():
    seed = int(os.environ.get("GRADUS_SEED", "1"))
    gradus, wrong = (sys.argv + [None])[1], []
    print(f"GRADUS_SEED={seed}")
    for name, data, key, told in golden():
        print(f"{name}.capsule")
        try:
            report = check(data, key)
        except (Wrong, Nothing) as error:
            sys.exit(f"FAILED: the golden capsule is refused: {error}")
        found = [f"{sign} {one}" for sign, all_of in (("+", report.proved), ("-", report.open)) for one in all_of]
        wrong += [f"{name}: the page says, or this verifier finds: {one}" for one in set(found) ^ set(told)]
        wrong += [f"{name}: {one}" for one in look(data, key, gradus, seed)]
    for one in wrong[:20]:
        print("FAILED:", one)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
