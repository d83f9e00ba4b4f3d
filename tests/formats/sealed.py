"""Payload roots, sealed payloads and key trees, from the page of formats alone."""
import hashlib, hmac, struct


def sha(b):
    return hashlib.sha256(b).digest()


def cbor(major, number):
    """A CBOR head in its shortest form."""
    for info, size, code in ((24, 1, "B"), (25, 2, ">H"), (26, 4, ">I"), (27, 8, ">Q")):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | info]) + struct.pack(code, number)


def text(value):
    raw = value.encode()
    return cbor(3, len(raw)) + raw


def field(name, value):
    return b"\x82" + text(name) + text(value)


def merkle(leaves):
    """The RFC 6962 root over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1" + merkle(leaves[:left]) + merkle(leaves[left:]))


def field_leaf(salt, pair):
    return sha(b"\0" + salt + field(*pair))


def payload_root(fields, salts):
    if len(fields) != len(salts):
        raise ValueError("every field has one salt")
    names = {name for name, _ in fields}
    if "" in names or len(names) < len(fields):
        raise ValueError("a field without a name, or two of one name")
    if not fields:
        return bytes(32)
    leaves = [field_leaf(salt, pair) for salt, pair in zip(salts, fields)]
    return sha(b"gradus/v1/payload-fields" + struct.pack(">I", len(leaves)) + merkle(leaves))


def derived(seed, label, number=b""):
    return hmac.new(seed, b"gradus/v1/" + label + number, "sha256").digest()


def plaintext(seed, fields):
    return b"\x82\x58\x20" + seed + cbor(4, len(fields)) + b"".join(field(*f) for f in fields)


def record_key(root, version):
    """The key of a record: forty steps down the key tree."""
    for depth in range(40):
        root = sha(b"gradus/v1/key" + bytes([version >> 39 - depth & 1]) + root)
    return root


def rounds(state):
    """The twenty rounds of ChaCha (RFC 8439), without the last addition."""
    s = list(state)
    columns = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)]
    diagonals = [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
    for a, b, c, d in (columns + diagonals) * 10:
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = s[x] + s[y] & 0xffffffff
            mixed = s[z] ^ s[x]
            s[z] = (mixed << turn | mixed >> 32 - turn) & 0xffffffff
    return s


def xchacha(key, nonce, count):
    """`count` blocks of XChaCha20 (draft-irtf-cfrg-xchacha-03), from block 0."""
    sigma = struct.unpack("<4I", b"expand 32-byte k")
    s = rounds(sigma + struct.unpack("<8I", key) + struct.unpack("<4I", nonce[:16]))
    start = sigma + tuple(s[:4] + s[12:])
    for block in range(count):
        state = start + (block, 0) + struct.unpack("<2I", nonce[16:])
        yield struct.pack("<16I", *(x + y & 0xffffffff for x, y in zip(rounds(state), state)))


def opened(key, sealed, associated):
    """The plaintext of sealed bytes; raises if they are not those of this place and key."""
    nonce, cipher, tag = sealed[1:25], sealed[25:-16], sealed[-16:]
    stream = b"".join(xchacha(key, nonce, len(cipher) // 64 + 2))
    r = int.from_bytes(stream[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    padded = [part + bytes(-len(part) % 16) for part in (associated, cipher)]
    whole = b"".join(padded) + struct.pack("<2Q", len(associated), len(cipher))
    for at in range(0, len(whole), 16):
        total = (total + int.from_bytes(whole[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    total += int.from_bytes(stream[16:32], "little")
    if sealed[0] != 1 or not hmac.compare_digest((total % 2**128).to_bytes(16, "little"), tag):
        raise ValueError("it does not open")
    return bytes(a ^ b for a, b in zip(cipher, stream[64:]))


def open_record(key, sealed, log, stream, version, root):
    """The seed and the fields' plaintext of a record's sealed payload."""
    place = b"gradus/v1/payload" + log + stream + struct.pack(">Q", version) + root
    return opened(key, sealed, place)


def check(line):
    """Whether a line of payload, key or id vectors is right; raises what is wrong."""
    h = bytes.fromhex
    right = {}
    if "plaintext" in line:
        seed, fields = h(line["seed"]), line["fields"]
        salts = [derived(seed, b"salt", struct.pack(">I", i)) for i in range(len(fields))]
        root = payload_root(fields, salts)
        right = {
            "salts": [salt.hex() for salt in salts],
            "nonce": derived(seed, b"nonce")[:24].hex(),
            "blind": derived(seed, b"blind")[:16].hex(),
            "field_leaves": [field_leaf(*pair).hex() for pair in zip(salts, fields)],
            "payload_root": root.hex(),
            "plaintext": plaintext(seed, fields).hex() if fields else "",
        }
        if fields:
            sealed, key = h(line["sealed"]), h(line["key"])
            place = h(line["log"]), h(line["stream"]), line["version"], root
            right["plaintext"] = open_record(key, sealed, *place).hex()
            right["nonce"] = sealed[1:25].hex()
            if right["plaintext"] != plaintext(seed, fields).hex():
                raise ValueError("another plaintext")
    elif "keys" in line:
        gone = set(line["erased"])
        keys = {v: None if int(v) in gone else record_key(h(line["root"]), int(v)).hex()
                for v in line["keys"]}
        right = {"keys": keys, "file": key_file(line).hex()}
    elif "id" in line:
        label = b"gradus/v1/id/" + line["case"].encode()
        parts = h(line["log"]) + h(line["actor"]) + h(line["request"])
        raw = bytearray(sha(label + parts + struct.pack(">I", line["item"]))[:16])
        raw[6], raw[8] = raw[6] & 0x0f | 0x40, raw[8] & 0x3f | 0x80
        right = {"id": raw.hex()}
    elif "root" in line:
        right = {"root": merkle([h(leaf) for leaf in line["leaf_hashes"]]).hex()}
    else:
        raise ValueError("a line of no known sort")
    for name, value in right.items():
        if value != line[name]:
            raise ValueError(f"{name} should be {value}")


def key_file(line):
    """The key file after some keys were erased, from the root."""
    h = bytes.fromhex
    nodes = {(0, 0): h(line["root"])}
    for version in line["erased"]:
        depth = next(d for d in range(41) if (d, version >> 40 - d) in nodes)
        seed = nodes.pop((depth, version >> 40 - depth))
        for below in range(depth + 1, 41):
            prefix = version >> 40 - below
            for bit in (0, 1):
                child = sha(b"gradus/v1/key" + bytes([bit]) + seed)
                if bit == prefix & 1:
                    kept = child
                else:
                    nodes[below, prefix ^ 1] = child
            seed = kept
    file = b"gradus-keys\n" + struct.pack(">H", 1) + h(line["log"]) + h(line["unit"])
    file += struct.pack(">I", len(nodes))
    for depth, prefix in sorted(nodes, key=lambda node: node[1] << 40 - node[0]):
        file += struct.pack(">BQ", depth, prefix) + nodes[depth, prefix]
    return file + sha(file)
