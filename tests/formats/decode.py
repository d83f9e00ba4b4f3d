#!/usr/bin/env python3
"""Reads a leaf of format 1 and checks its hashes. Needs Python 3.8 and its standard library.

    decode.py HEX               a leaf in hexadecimal (or on the standard input)
    decode.py FILE.jsonl...     every record of these golden files
    decode.py --check FILE...   says nothing but what is wrong; exits 0 when nothing is
"""
import hashlib, json, sys
sys.dont_write_bytecode = True
import sealed

DOCUMENT, EVIDENCE, RATING = "id:name digest:digest", "evidence:id", "rating:id"
AREA, PHASE, LINKS = "area:area", "phase:phase", "evidence:id practices:target*"
INSTANCES = "evidence:id instances:label*"
INPUT = "appraisal:id input:input"
EVENTS = {  # Number: name, and the fields of the body, whose keys are 0, 1, 2, ...
    1: ("log-created", "log:id organization:id origin:label"),
    2: ("log-forked", "size:u64 root:digest known_size?:u64 origin:label"),
    3: ("clock-accepted", "wall:time expected:time"),
    10: ("model-published", DOCUMENT), 11: ("profile-published", DOCUMENT),
    12: ("rules-published", DOCUMENT),
    20: ("unit-registered", "unit:id kind:unit-kind parent?:id name:name"),
    21: ("unit-renamed", "unit:id name:name"), 22: ("unit-moved", "unit:id parent:id"),
    23: ("unit-archived", "unit:id"),
    24: ("unit-succeeded", "unit:id successors:id*"),
    30: ("principal-added", "principal:id kind:principal-kind by?:by-rule"),
    31: ("principal-disabled", "principal:id"),
    34: ("token-issued", "token:id principal:id hash:digest expires_at?:time"),
    35: ("token-revoked", "token:id"),
    36: ("certificate-registered", "key:digest principal:id expires_at?:time"),
    37: ("certificate-revoked", "key:digest"),
    40: ("role-granted", "principal:id role:role unit:id until?:time"),
    41: ("role-revoked", "principal:id role:role unit:id"),
    44: ("token-rotated", "token:id by:id hash:digest expires_at?:time old_until:time"),
    46: ("claim-rule-set", "rule:name issuer:foreign conditions:condition* subject:label role:role "
         "unit:id named_after?:label until?:time"),
    47: ("claim-rule-removed", "rule:name unit:id"),
    50: ("source-distrusted", "suspect:suspect from?:time until?:time"),
    51: ("source-restored", "distrust:u64"),
    60: ("state-digest-recorded", "size:u64 root:digest rows:u64 projector:u64"),
    70: ("legal-hold-placed", "hold:name unit:id records?:run"),
    71: ("legal-hold-lifted", "hold:name"),
    72: ("retention-set", "unit:id class?:payload-class days:u32"),
    73: ("retention-removed", "unit:id class?:payload-class"),
    80: ("log-key-rotated", "from:digest to:digest signature:signature"),
    90: ("queries-recorded", "auditor:id engagement:u32 first:u64 count:u64 root:digest"),
    91: ("engagement-ended", "auditor:id engagement:u32 count:u64"),
    92: ("queries-opened",
         "auditor:id engagement:u32 recorded:u64 first:u64 count:u64 root:digest"),
    100: ("model-adopted", DOCUMENT), 101: ("rules-adopted", DOCUMENT),
    102: ("profile-adopted", DOCUMENT),
    110: ("area-tailored-out", AREA), 111: ("area-tailored-in", AREA),
    112: ("area-inheritance-set", "area:area inheritance:inheritance"),
    113: ("context-recorded", "customer_base?:label assurance_need?:assurance activity?:activity "
          "disciplines:label*"),
    114: ("unit-labelled", "labels:label*"), 115: ("baseline-raised", "floors:floor*"),
    120: ("phase-entered", PHASE), 121: ("phase-left", PHASE),
    122: ("marker-placed", "kind:marker-kind label:label"),
    130: ("conflict-declared", "principal:id until?:time"),
    131: ("conflict-withdrawn", "principal:id"),
    200: ("evidence-submitted", "evidence:id kind:kind outcome:outcome strength:strength "
          "practices:target* work_from?:time valid_until?:time source:source "
          "producer_sequence?:u64 instance?:label about?:id measures:measure* "
          "subjects:subject* tool?:tool attachments:digest*"),
    201: ("evidence-accepted", EVIDENCE), 202: ("evidence-rejected", EVIDENCE),
    203: ("evidence-withdrawn", EVIDENCE), 204: ("evidence-ended", EVIDENCE),
    205: ("evidence-superseded", "evidence:id by:id"), 206: ("evidence-confirmed", EVIDENCE),
    207: ("evidence-linked", LINKS), 208: ("evidence-unlinked", LINKS),
    209: ("payload-erased", "version:u64"),
    210: ("evidence-instance-linked", INSTANCES), 211: ("evidence-instance-unlinked", INSTANCES),
    212: ("payloads-erased", "runs:run* rule?:u64"),
    213: ("attachments-erased", "digests:digest* rule?:u64"),
    300: ("practice-rated", "rating:id target:target value:value instance?:label appraisal?:id "
          "basis?:basis evidence:id*"),
    301: ("rating-withdrawn", RATING), 302: ("rating-ended", RATING),
    400: ("appraisal-opened", INPUT), 401: ("appraisal-changed", INPUT),
    402: ("individual-rating-sealed", "appraisal:id subject:rated evidence:id*"),
    403: ("individual-ratings-revealed", "appraisal:id subjects:rated*"),
    404: ("consensus-reached", "appraisal:id subject:rated value?:value evidence:id* dissent:id*"),
    405: ("finding-recorded", "appraisal:id kind:finding-kind unit?:id area?:area "
          "practice?:target evidence:id*"),
    406: ("appraisal-closed", "appraisal:id unit:id ratings:u64"),
    407: ("appraisal-cancelled", "appraisal:id"), 408: ("appraisal-signed-off", "appraisal:id"),
    409: ("appraisal-imported", "appraisal:id input:input conducted_from:time "
          "conducted_until:time ratings:u64"),
}
MAPS = {
    "area": "model:name area:u8", "source": "name:foreign id:foreign",
    "subject": "kind:label id:foreign", "tool": "name:label version?:label mapping?:label",
    "measure": "name:label value:i64 decimals:u8 unit:label",
    "floor": "area:area level:u8", "run": "first:u64 last:u64",
    "condition": "claim:label value:foreign", "by-rule": "rule:name issuer:foreign unit:id",
    "suspect": "principal?:id tool?:versioned mapping?:versioned source?:foreign",
    "versioned": "name:label version?:label",
    "basis": "valid_at:time log_size:u64 rules:digest",
    "rated": "unit:id target:target instance?:label", "member": "principal:id part:part",
    "scoped": "area:area highest:u8", "base": "valid_at:time log_size:u64",
    "method": "process:label class:class body:independence lead:independence team:independence "
              "rating?:label aggregation?:label",
    "input": "units:id* areas:scoped* instances:label* sponsor:id team:member* method:method "
             "base?:base",
}
WORDS = {name: dict(enumerate(words.split(), 1)) for name, words in {
    "kind": "policy plan process-definition design analysis review-record test-result "
            "test-definition scan-report sbom provenance configuration change-record release "
            "advisory incident measurement training-record interview questionnaire agreement "
            "audit-report guidance document",
    "outcome": "supports contradicts inconclusive", "strength": "weak indirect direct",
    "unit-kind": "organization team project", "principal-kind": "person service system",
    "role": "viewer collector assessor lead sponsor auditor admin",
    "phase": "concept-definition requirements-analysis design development integration "
             "installation operation maintenance decommissioning",
    "marker-kind": "release audit milestone", "inheritance": "by-rules inherited own",
    "assurance": "basic moderate high", "activity": "development operation both",
    "payload-class": "ordinary confidential unattributed",
    "class": "class-1 class-2 class-3", "independence": "A B C D",
    "part": "lead member observer", "finding-kind": "strength weakness question comment",
}.items()}
WORDS["value"] = {1: "not-satisfied", 2: "satisfied",
                  **dict(enumerate("N P- P P+ L- L L+ F".split(), 10))}
WORDS["grade"] = dict(enumerate("internal token mtls oidc signed".split()))
LENGTHS = {"id": 16, "digest": 32, "signature": 64}                      # byte strings
BOUNDS = {"name": 63, "label": 128, "foreign": 512}     # text, in bytes of UTF-8
RANGES = {"u8": (0, 255), "u32": (0, 2**32 - 1), "u64": (0, 2**64 - 1), "i64": (-2**63, 2**63 - 1),
          "time": (-2208988800000000, 253370764799999999)}


def need(right, what):
    if not right:
        raise ValueError(what)


def head(b, at):
    """One CBOR head in its shortest form: major type, number, and where it ends."""
    major, info = b[at] >> 5, b[at] & 31
    if info < 24:
        return major, info, at + 1
    need(info <= 27 and major < 7, "an indefinite length, a float or a simple value")
    size = 1 << (info - 24)
    number = int.from_bytes(b[at + 1:at + 1 + size], "big")
    need(number >= (24 if size == 1 else 1 << (4 * size)), "a number longer than needed")
    return major, number, at + 1 + size


def item(b, at, kind):
    """One value of a kind, and where it ends."""
    if kind in MAPS:
        found, end = fields(b, at, MAPS[kind])
        need(kind != "suspect" or len(found) == 1, "no one suspect")
        return found, end
    major, number, start = head(b, at)
    end = start + number
    if kind.endswith("*") or kind == "target":
        need(major == 4, "no array")
        values = []
        for place in range(number):
            inner = kind[:-1] if kind != "target" else "u8" if place else "name"
            value, start = item(b, start, inner)
            values.append(value)
        return (target(values) if kind == "target" else values), start
    if kind in LENGTHS:
        need(major == 2 and number == LENGTHS[kind] and end <= len(b), "no " + kind)
        return b[start:end].hex(), end
    if kind in BOUNDS:
        text = b[start:end].decode()
        need(major == 3 and 0 < number <= BOUNDS[kind] and end <= len(b), "no " + kind)
        need(not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text), "a control character")
        need(kind != "name" or text[0] != "-" and not set(text) -
             set("abcdefghijklmnopqrstuvwxyz0123456789-"), "no name")
        return text, end
    need(major < 2, "no number")
    number = -1 - number if major else number
    if kind in WORDS:
        need(number in WORDS[kind], "no " + kind)
        return WORDS[kind][number], start
    need(RANGES[kind][0] <= number <= RANGES[kind][1], "out of range")
    return number, start


def target(parts):
    model, numbers = parts[0], parts[1:]
    most = {2: (99, 99), 3: (99, 5, 9), 4: (99, 5, 9, 9)}.get(len(numbers), ())
    need(most and all(0 < n <= m for n, m in zip(numbers, most)), "no practice")
    form = {2: "{}/BP.{:02}.{:02}", 3: "{}/PA{:02}/{}.{}", 4: "{}/PA{:02}/GP {}.{}.{}"}
    return form[len(numbers)].format(model, *numbers)


def fields(b, at, spec):
    """A map whose keys are the places of the fields in `spec`, ascending."""
    major, count, at = head(b, at)
    need(major == 5, "no map")
    found, last = {}, -1
    names = [field.split(":") for field in spec.split()]
    for _ in range(count):
        major, key, at = head(b, at)
        need(major == 0 and last < key < len(names), "an unknown key, or out of order")
        found[names[key][0].rstrip("?")], at = item(b, at, names[key][1])
        last = key
    need(all(name in found for name, _ in names if name[-1] != "?"), "a field is missing")
    return found, at


def body(event_type, schema, b):
    need(event_type in EVENTS and (schema == 1 or (event_type, schema) == (30, 2)),
         f"unknown type {event_type}, schema {schema}")
    name, spec = EVENTS[event_type]
    found, end = fields(b, 0, spec)
    need(end == len(b), "bytes after the body")
    need(schema == 1 + (event_type == 30 and "by" in found), "a field of another schema")
    return name, found


def leaf(b):
    """The header's fields, the signature and the body of a leaf."""
    need(len(b) <= 4096, "longer than a leaf may be")
    need(b[:2] == b"\0\1", "another format")
    need(len(b) >= 176, "too short")
    number = lambda at, size, signed=False: int.from_bytes(b[at:at + size], "big", signed=signed)
    end = 176 + number(172, 4)
    kind, rest = b[103], b[end:]
    need(end <= len(b) and (kind > 0) == (len(rest) > 0), "a wrong length")
    name, found = body(number(74, 2), number(76, 2), b[176:end])
    read = {
        "format": 1, "position": number(2, 8), "recorded_at": number(10, 8, True),
        "stream": b[18:34].hex(), "stream_version": number(34, 8), "previous": b[42:74].hex(),
        "event_type": number(74, 2), "schema": number(76, 2),
        "effective_at": number(78, 8, True), "actor": b[86:102].hex(),
        "grade": WORDS["grade"].get(b[102]),
        "signature": {"kind": kind, "bytes": rest.hex()} if kind else {},
        "request": b[104:120].hex(), "item": number(120, 4), "payload_root": b[124:156].hex(),
        "blind": b[156:172].hex(), "event": name, "body": found,
    }
    need(read["grade"], "no origin grade")
    low, high = RANGES["time"]
    need(all(low <= read[at] <= high for at in ("recorded_at", "effective_at")), "no instant")
    return read


def check(line):
    """Whether a golden line is what it says; raises what is wrong."""
    h = bytes.fromhex
    if "decoded" in line:
        read = leaf(h(line["leaf"]))
        need(read == line["decoded"], f"decoded as {read}")
        need(line["leaf_hash"] == hashlib.sha256(b"\0" + h(line["leaf"])).hexdigest(), "leaf hash")
        salts = [h(salt) for salt in line.get("salts", [])]
        root = sealed.payload_root(line.get("fields", []), salts).hex()
        need(root == read["payload_root"], f"payload root {root}")
        if "sealed" in line:
            place = h(line["log"]), h(read["stream"]), read["stream_version"], h(root)
            plain = sealed.open_record(h(line["key"]), h(line["sealed"]), *place)
            need(plain == sealed.plaintext(plain[3:35], line["fields"]), "another plaintext")
    elif "leaf" in line or "body" in line:
        try:
            leaf(h(line["leaf"])) if "leaf" in line else \
                body(line["event_type"], line["schema"], h(line["body"]))
        except (ValueError, IndexError):
            return
        raise ValueError("it should have been refused")
    else:
        sealed.check(line)


def main(args):
    wrong, quiet = 0, args[:1] == ["--check"]
    for arg in args[quiet:] or [sys.stdin.read()]:
        if not arg.endswith(".jsonl"):
            raw = bytes.fromhex(arg)
            shown = {"leaf_hash": hashlib.sha256(b"\0" + raw).hexdigest(), **leaf(raw)}
            print(json.dumps(shown, indent=2, ensure_ascii=False))
            continue
        for number, text in enumerate(open(arg, encoding="utf-8"), 1):
            line = json.loads(text)
            try:
                check(line)
                if not quiet:
                    print(json.dumps(line.get("decoded", line), indent=2, ensure_ascii=False))
            except (ValueError, IndexError) as error:
                wrong += 1
                print(f"{arg}:{number}: {line.get('case', line.get('type'))}: {error}")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
