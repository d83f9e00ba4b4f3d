"""Trees of RFC 6962, by the recursive definitions of its section 2.1."""
import hashlib

from fault import need


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(leaf):
    return sha256(b"\0" + leaf)


def node(left, right):
    return sha256(b"\1" + left + right)


def split(size):
    """The largest power of two below a size of at least 2."""
    return 1 << (size - 1).bit_length() - 1


def root(hashes):
    """The root over leaf hashes (2.1)."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    left = split(len(hashes))
    return node(root(hashes[:left]), root(hashes[left:]))


def of_path(leaf, index, size, path):
    """The root that the path leads to from leaf `index` of `size` (2.1.1)."""
    need(0 <= index < size, f"there is no leaf {index} among {size}")
    if size == 1:
        need(not path, "the proof has more hashes than are needed")
        return leaf
    need(path, "the proof has fewer hashes than are needed")
    left, rest, beside = split(size), path[:-1], path[-1]
    if index < left:
        return node(of_path(leaf, index, left, rest), beside)
    return node(beside, of_path(leaf, index - left, size - left, rest))


def check_inclusion(leaf, index, size, path, claimed):
    """That a leaf hash is at `index` in the tree of `size` leaves with this root."""
    found = of_path(leaf, index, size, path)
    need(found == claimed, f"the proof leads to root {found.hex()}, not to {claimed.hex()}")


def of_growth(old, new, path, old_root):
    """The roots of the first `old` and of `new` leaves that a path leads to (2.1.2).

    `old_root` is what the old tree is known to have as its root; None within a subtree.
    """
    if old == new and old_root is not None:
        need(not path, "the proof has more hashes than are needed")
        return old_root, old_root
    need(path, "the proof has fewer hashes than are needed")
    rest, beside = path[:-1], path[-1]
    if old == new:
        need(not rest, "the proof has more hashes than are needed")
        return beside, beside
    left = split(new)
    if old <= left:
        before, after = of_growth(old, left, rest, old_root)
        return before, node(after, beside)
    before, after = of_growth(old - left, new - left, rest, None)
    return node(beside, before), node(beside, after)


def check_growth(old, old_root, new, new_root, path):
    """That the tree of `new` leaves begins with the tree of `old` leaves."""
    need(0 <= old <= new, f"a log of {old} records cannot have become one of {new}")
    if old == 0:
        need(not path and old_root == sha256(b""), "the empty tree has no other root, nor a proof")
        return
    before, after = of_growth(old, new, path, old_root)
    need(before == old_root, f"the proof leads to root {before.hex()} of {old} leaves")
    need(after == new_root, f"the proof leads to root {after.hex()} of {new} leaves")
