"""`capsule.json` and other JSON that has one form: read, held against a shape, written again."""
import json
import re
from datetime import datetime, timedelta

from fault import need
from merkle import sha256

U64 = range(2**64)
EPOCH = datetime(1970, 1, 1)
FIRST, LAST = -2208988800000000, 253370764799999999     # 1900-01-01 to the end of 9998


def shown(micros):
    """An instant as RFC 3339 in UTC, with as many digits after the second as are needed."""
    text = (EPOCH + timedelta(microseconds=micros)).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def instant(text):
    """The microseconds since 1970 of an instant in its one form."""
    parts = re.fullmatch(r"([0-9-]{10}T[0-9:]{8})(?:\.([0-9]{1,6}))?Z", text)
    need(parts, f"`{text[:60]}` is no instant in UTC")
    seconds = (datetime.strptime(parts[1], "%Y-%m-%dT%H:%M:%S") - EPOCH) // timedelta(seconds=1)
    micros = seconds * 1_000_000 + int((parts[2] or "").ljust(6, "0"))
    need(FIRST <= micros <= LAST and shown(micros) == text, f"`{text[:60]}` is no instant in UTC")
    return micros


def loads(raw):
    """JSON, whatever it is; a text that nests too deeply is no more than a wrong one."""
    try:
        return json.loads(raw.decode())
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error


# Shapes: a function refuses what it does not take.

def number(most):
    def check(value):
        need(type(value) is int and 0 <= value <= most, f"{value!r:.60} is no number up to {most}")
    return check


def text(pattern):
    def check(value):
        need(type(value) is str and re.fullmatch(pattern, value, re.S), f"{value!r:.80} is not right")
    return check


def moment(value):
    need(type(value) is str, f"{value!r:.60} is no instant")
    instant(value)


def or_null(shape):
    return lambda value: None if value is None else shape(value)


def listed(shape):
    def check(value):
        need(type(value) is list, f"{value!r:.60} is no list")
        for one in value:
            shape(one)
    return check


def keyed(**shapes):
    """An object with these keys in this order; a name that ends in `_` may be left out."""
    def check(value):
        need(type(value) is dict, f"{value!r:.60} is no object")
        names = [name.rstrip("_") for name in shapes if name[-1] != "_" or name[:-1] in value]
        need(list(value) == names, f"the keys {', '.join(value)} are not {', '.join(names)}")
        for name, shape in shapes.items():
            if name.rstrip("_") in value:
                shape(value[name.rstrip("_")])
    return check


def level(value):
    need(type(value) is dict and len(value) == 1, f"{value!r:.60} is no level")
    if "range" in value:
        keyed(at_least=number(255), at_most=number(255), open=number(65535))(value["range"])
    else:
        keyed(none=text("not_rated|not_applicable|not_determinable"))(value)


def is_format(value):
    need(type(value) is int and value in (1, 2), f"it has format {value!r:.60}, this verifier reads 1 and 2")


HASH = text("[0-9a-f]{64}")
ID = text("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ANY = text(".*")
SIZE = number(U64[-1])
COUNT = number(2**32 - 1)
UNIT = keyed(
    unit=ID, name=or_null(ANY), model=or_null(HASH), rules=or_null(HASH), digest=HASH,
    digest_with_practices=HASH, ratings_relaxed=COUNT, ratings_conflicted=COUNT,
    areas=listed(keyed(area=ANY, rated=level, ongoing=level, inherited_from_=ID)))
CAPSULE = keyed(
    format=is_format, log=ID, origin=ANY, valid_at=moment, log_size=SIZE, root=HASH,
    known_at_=moment, checkpoint_size=SIZE, units=listed(UNIT),
    members=listed(keyed(name=ANY, bytes=SIZE, sha256=HASH)), digest=HASH)


def written(capsule):
    return (json.dumps(capsule, indent=2, ensure_ascii=False) + "\n").encode()


def computed(capsule):
    """The SHA-256 of the document with zeros in place of its digest."""
    return sha256(written({**capsule, "digest": "0" * 64})).hex()


def read(raw):
    """`capsule.json` as a dictionary, once it has its shape, its form and its digest."""
    capsule = loads(raw)
    need(type(capsule) is dict, "it is no object")
    is_format(capsule.get("format"))
    CAPSULE(capsule)
    need(written(capsule) == raw, "it is not written as it must be")
    digest = computed(capsule)
    need(digest == capsule["digest"], f"its digest is {digest}, and it says {capsule['digest']}")
    return capsule
