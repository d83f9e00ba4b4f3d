"""Changes the golden capsule in every way that it can think of, and expects a refusal each time.

    python3 tests/foreign/capsule/tamper.py [GRADUS]

`GRADUS_SEED` says which bytes (2,000 of them, or with `GRADUS_EVERY_BYTE` all). With the path of the
program, what this verifier accepts and a sample of what it refuses go before our own one, too.
"""
import copy
import os
import random
import re
import subprocess
import sys
import tempfile

import archive
import manifest
from fault import Nothing, Wrong
from formats import FORMATS
from merkle import sha256
from note import Key
from verify import verify


def golden():
    """The golden capsule, and the key that its page names."""
    with open(os.path.join(FORMATS, "golden/tls.capsule"), "rb") as file:
        data = file.read()
    with open(os.path.join(FORMATS, "CAPSULE.md"), encoding="utf-8") as page:
        key = re.search(r"^key (\S+)$", page.read(), re.M)[1]
    return data, Key.parse(key)


def verdict(data, key):
    """0 where it is accepted, else the exit code, and the member that is named."""
    try:
        verify(data, [key])
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
    capsule, rest = manifest.read(first), [(name, raw) for _, name, raw in rest]
    sizes = [len(raw) for _, raw in rest]
    for _ in range(600):
        number = dice.choices(range(len(rest)), sizes)[0]
        name, raw = rest[number]
        changed, at = bytearray(raw), dice.randrange(len(raw))
        changed[at] ^= 1 << dice.randrange(8)
        yield f"byte {at} of {name}", agreed(capsule, replaced(rest, number, bytes(changed))), None
    for number, (name, raw) in enumerate(rest):
        yield f"without {name}", agreed(capsule, rest[:number] + rest[number + 1:]), None
        yield f"{name} is empty", agreed(capsule, replaced(rest, number, b"")), None
        yield f"{name} without its end", agreed(capsule, replaced(rest, number, raw[:-1])), None
        other = dice.choice(rest)[1]
        if other != raw:
            yield f"{name} is another", agreed(capsule, replaced(rest, number, other)), None


def replaced(rest, number, raw):
    return [(name, raw if at == number else old) for at, (name, old) in enumerate(rest)]


def claimed(data, _):
    """Files in which one thing that `capsule.json` says is another, with its digest right again."""
    (_, _, first), *rest = members(data)
    rest = [(name, raw) for _, name, raw in rest]
    for path in paths(manifest.read(first)):
        if path[0] not in ("members", "digest"):
            capsule = manifest.read(first)
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


def main():
    seed = int(os.environ.get("GRADUS_SEED", "1"))
    gradus, wrong = (sys.argv + [None])[1], []
    print(f"GRADUS_SEED={seed}")
    data, key = golden()
    if verdict(data, key)[0] != 0:
        sys.exit("FAILED: the golden capsule is refused")
    for kind in (flipped, cut, wild, forged, claimed):
        tried = asked = 0
        dice = random.Random(f"{seed} {kind.__name__}")
        for what, changed, named in kind(data, dice):
            tried += 1
            code, seen = verdict(changed, key)
            sampled = dice.random() < 0.03
            if gradus and (code == 0 or sampled):
                asked += 1
                ours = program(gradus, changed, key)
                if ours != code:
                    wrong.append(f"{what}: {code}, and our own verifier ends with {ours}")
            elif code == 0:
                wrong.append(f"{what}: accepted")
            if named and seen != named:
                wrong.append(f"{what}: it is in {named}, and {seen} is named")
        print(f"{kind.__name__}: {tried} capsules, {asked} of them before our own verifier, too")
    for one in wrong[:20]:
        print("FAILED:", one)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
