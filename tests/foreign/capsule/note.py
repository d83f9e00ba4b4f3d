"""C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof, in their one form."""
import base64
import re
from dataclasses import dataclass

import nacl.exceptions
import nacl.signing

from fault import need
from merkle import sha256

DASH = "\u2014 "
NOTE, COSIGNATURE = 1, 4


def unbase64(text):
    """Base64 with its padding and no bits left over."""
    raw = base64.b64decode(text, validate=True)
    need(base64.b64encode(raw).decode() == text, f"`{text[:60]}` is not the one form of base64")
    return raw


def a_hash(line):
    raw = unbase64(line)
    need(len(raw) == 32, f"`{line[:60]}` is no hash")
    return raw


def decimal(text):
    need(re.fullmatch("0|[1-9][0-9]{0,19}", text) and int(text) < 2**64, f"`{text[:60]}` is no number")
    return int(text)


def is_name(name):
    return name and not re.search(r"[\s+\x00-\x1f]", name)


@dataclass(frozen=True)
class Key:
    """A public key and the name that it signs with: written `name+id+base64`."""
    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text):
        name, number, encoded = (text.split("+", 2) + ["", ""])[:3]
        raw = unbase64(encoded)
        need(is_name(name) and len(raw) == 33 and raw[0] in (NOTE, COSIGNATURE),
             f"`{text[:200]}` is no Ed25519 key of a note")
        key = cls(name, raw[0], raw[1:])
        need(key.id().hex() == number, f"key `{name}` has the id {key.id().hex()}, not {number}")
        return key

    def id(self):
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    def __str__(self):
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id().hex()}+{encoded}"

    def has_signed(self, note):
        """Whether this key signed; a signature that names it and is not of it is an error."""
        mine = [raw for name, number, raw in note.signatures
                if (name, number) == (self.name, self.id())]
        for raw in mine:
            message = note.text.encode()
            if self.kind == COSIGNATURE:
                time, raw = int.from_bytes(raw[:8], "big"), raw[8:]
                need(time < 2**63, "a cosignature of no time")
                message = f"cosignature/v1\ntime {time}\n".encode() + message
            try:
                need(len(raw) == 64, "no Ed25519 signature")
                nacl.signing.VerifyKey(self.public).verify(message, raw)
            except (ValueError, nacl.exceptions.CryptoError) as error:
                raise ValueError(f"the signature of `{self.name}` with the key {self.id().hex()} "
                                 "is not on this text") from error
        return bool(mine)


@dataclass(frozen=True)
class Note:
    """A text, with signatures of anybody: (name, id of the key, bytes)."""
    text: str
    signatures: tuple

    @classmethod
    def parse(cls, raw):
        need(len(raw) <= 1 << 20, "the note has more than 1 MiB")
        whole = raw.decode()
        need(not re.search(r"[\x00-\x09\x0b-\x1f]", whole), "the note has a control character")
        text, empty, signed = whole.rpartition("\n\n")
        lines = signed.split("\n")
        need(empty and lines.pop() == "", "the note has no signatures, or does not end in a newline")
        need(0 < len(lines) <= 100, "the note has no signature, or more than 100")
        return cls(text + "\n", tuple(map(signature, lines)))


def signature(line):
    need(line.startswith(DASH), f"`{line[:60]}` is no signature")
    name, _, encoded = line[len(DASH):].partition(" ")
    raw = unbase64(encoded)
    need(is_name(name) and len(raw) > 4, f"`{line[:60]}` is no signature")
    return name, raw[:4], raw[4:]


@dataclass(frozen=True)
class Checkpoint:
    """The size and root of a log."""
    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text):
        """Reads a note's text; nobody vouches for extension lines, which are passed over."""
        lines = text.split("\n")
        need(len(lines) > 3 and all(lines[:-1]) and not lines[-1], "the note is no checkpoint")
        return cls(lines[0], decimal(lines[1]), a_hash(lines[2]))


@dataclass(frozen=True)
class Proof:
    """A tlog-proof: where a leaf is, the hashes beside its way up, and the bytes of the note."""
    index: int
    path: tuple
    note: bytes

    @classmethod
    def parse(cls, raw):
        need(len(raw) <= 1 << 20, "the proof has more than 1 MiB")
        front, empty, note = raw.partition(b"\n\n")
        lines = front.decode().split("\n")
        need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "the proof does not begin as one does")
        if lines and lines[0].startswith("extra "):
            unbase64(lines.pop(0)[6:])
        need(lines and lines[0].startswith("index ") and empty, "the proof has no index")
        need(len(lines) <= 65, "the proof has more than 64 hashes")
        return cls(decimal(lines[0][6:]), tuple(map(a_hash, lines[1:])), note)
