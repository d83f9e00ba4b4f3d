"""The container: a POSIX tar archive of which everything but names and contents is fixed."""
from fault import Nothing, need

BLOCK, NAME, MAGIC = 512, 100, b"ustar\x0000"
ZEROS = bytes(BLOCK)


def header(name, size):
    """The one header that a member of this name and size has."""
    before = name.ljust(NAME, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0%011o\0" % (size, 0)
    after = b"0" + bytes(NAME) + MAGIC + bytes(64) + b"0000000\0" * 2
    after = after.ljust(BLOCK - len(before) - 8, b"\0")
    # The sum is taken with spaces in its own place.
    return before + b"%06o\0 " % (sum(before) + sum(after) + 8 * 32) + after


def begins(data):
    """Whether a file begins as a capsule does, be it damaged or not."""
    return data[257:265] == MAGIC or data.startswith(b"capsule.json")


def entry(data, at):
    """The name and content of the member at a byte, and where the next begins; None at the end."""
    head = data[at:at + BLOCK]
    need(len(head) == BLOCK, f"byte {at} of the file: a header or two blocks of zeros must follow")
    if head == ZEROS:
        need(data[at:] == ZEROS * 2, f"byte {at} of the file: two blocks of zeros have to end it")
        return None
    name, size = head[:NAME].split(b"\0")[0], head[124:135]
    size = int(size, 8) if not set(size) - set(b"01234567") else -1
    need(size >= 0 and name and head == header(name, size),
         f"byte {at} of the file: the header is not one that a capsule has")
    end = at + BLOCK + size
    content, after = data[at + BLOCK:end], end + -size % BLOCK
    need(after <= len(data), f"byte {at} of the file: the file ends before the member does")
    need(not any(data[end:after]), f"byte {end} of the file: a member is filled up with zeros")
    return name.decode(), content, after


def first(data):
    """The content of the first member, which says what the others are, and where they begin."""
    if not data:
        raise Nothing("the file is empty")
    try:
        found = entry(data, 0)
    except ValueError:
        if begins(data):
            raise
        found = None
    if found is None:
        raise Nothing("the file is no capsule")
    if found[0] != "capsule.json":
        raise Nothing("the file does not begin with `capsule.json`")
    return found[1:]


def written(members):
    """The file of these names and contents, as capsules are written."""
    parts = [header(name.encode(), len(content)) + content + bytes(-len(content) % BLOCK)
             for name, content in members]
    return b"".join(parts) + ZEROS * 2
