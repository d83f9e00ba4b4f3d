"""Our proofs and checkpoints before verifiers of others, in Python, Node and Go.

    python judge.py PROOFS.jsonl TOOLS

The file is written by `tests/foreign/rust` (`GRADUS_PROOFS_TO`): each true proof is followed by a changed
one, and `what` says how. Everybody has to accept the first and to refuse the second. `TOOLS` is the
folder where `.ci/run` puts what others wrote. What is not there is SKIPPED, and said so.
"""
import base64
import collections
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = "inclusion", "consistency", "checkpoint"

# Who takes a checkpoint in more than one form, and why: what is signed is read as it was signed. We take
# one form alone.
FORMS = {
    "tlog-scales": "it takes any empty line, other ends of lines, and bits left over in base64",
    "x/mod/sumdb": "it takes bits left over in the base64 of a signature",
}


def reading(claim):
    """What somebody reads in a checkpoint who is not strict: origin, size, root, and signatures."""
    lines = bytes.fromhex(claim["note"]).decode("utf-8", "replace").splitlines()
    lax = lambda line: [*line.split()[:-1], base64.b64decode(line.split()[-1])]
    return lines[:2], base64.b64decode(lines[2]), [lax(line) for line in lines[4:]]


def is_another_form(name, before, claim):
    """Whether a changed checkpoint says the same as the true one before it, to somebody who is not strict."""
    if claim["kind"] != "checkpoint" or name not in FORMS or before["key"] != claim["key"]:
        return False
    try:
        return reading(before) == reading(claim)
    except (ValueError, IndexError):
        return False


def hashes(claim):
    return [bytes.fromhex(one) for one in claim["path"]]


def refuses(*errors):
    """Makes a verifier that raises one that says whether it accepts."""
    def wrap(verify):
        def accepts(claim):
            try:
                return verify(claim) is not False
            except errors:
                return False
        return accepts
    return wrap


def aics():
    """aics-tlog: after RFC 9162, of its own."""
    from aics_tlog.checkpoint import checkpoint_from_note
    from aics_tlog.note import parse_note, parse_vkey, verify_note
    from aics_tlog.tree import verify_consistency, verify_leaf_inclusion

    def inclusion(claim):
        leaf, root = bytes.fromhex(claim["leaf"]), bytes.fromhex(claim["root"])
        return verify_leaf_inclusion(leaf, claim["index"], claim["size"], hashes(claim), root)

    def consistency(claim):
        roots = bytes.fromhex(claim["old_root"]), bytes.fromhex(claim["new_root"])
        return verify_consistency(claim["old"], claim["new"], *roots, hashes(claim))

    @refuses(ValueError)
    def checkpoint(claim):
        note = parse_note(bytes.fromhex(claim["note"]))
        return verify_note(note, [parse_vkey(claim["key"])]) and bool(checkpoint_from_note(note))

    return {"inclusion": inclusion, "consistency": consistency, "checkpoint": checkpoint}


def scales():
    """tlog-scales: RFC 9162 to the letter, of its own; work in progress, as it says."""
    from cryptography.exceptions import InvalidSignature
    from tlog_scales.signing import Vkey
    from tlog_scales.tlog import (
        Checkpoint, ConsistencyProof, ConsistencyProofInvalid, InclusionProof, InclusionProofInvalid)

    @refuses(InclusionProofInvalid)
    def inclusion(claim):
        leaf, root = bytes.fromhex(claim["leaf_hash"]), bytes.fromhex(claim["root"])
        InclusionProof(claim["index"], claim["size"], hashes(claim)).check(leaf, root)

    @refuses(ConsistencyProofInvalid)
    def consistency(claim):
        roots = bytes.fromhex(claim["old_root"]), bytes.fromhex(claim["new_root"])
        ConsistencyProof(claim["old"], claim["new"], hashes(claim)).check(*roots)

    @refuses(ValueError, IndexError, RuntimeError, InvalidSignature)
    def checkpoint(claim):
        key = Vkey.from_string(claim["key"])
        Checkpoint.from_text(bytes.fromhex(claim["note"]).decode()).verify(key)

    return {"inclusion": inclusion, "consistency": consistency, "checkpoint": checkpoint}


def sigstore():
    """sigstore: inclusion alone, after Trillian."""
    from sigstore._internal.merkle import verify_merkle_inclusion
    from sigstore.errors import VerificationError

    @refuses(VerificationError)
    def inclusion(claim):
        proof = SimpleNamespace(log_index=claim["index"], tree_size=claim["size"], hashes=hashes(claim),
                                root_hash=bytes.fromhex(claim["root"]))
        body = bytes.fromhex(claim["leaf"])
        verify_merkle_inclusion(SimpleNamespace(
            _inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=body)))

    return {"inclusion": inclusion}


def pymerkle():
    """pymerkle: its own arithmetic and form, in which a proof begins with the leaf.

    Its proofs of growth take hashes that those of RFC 9162 do not have, so that it cannot judge ours.
    """
    from pymerkle import InvalidProof
    from pymerkle.core import _inclusion_path_layout
    from pymerkle.proof import InclusionProof

    @refuses(InvalidProof)
    def inclusion(claim):
        index, size = claim["index"] + 1, claim["size"]
        leaf, root = bytes.fromhex(claim["leaf_hash"]), bytes.fromhex(claim["root"])
        rule, _ = _inclusion_path_layout(index, size)
        proof = InclusionProof("sha256", True, size, index, rule, [leaf, *hashes(claim)])
        proof.verify(leaf, root, index=index, size=size, algorithm="sha256")

    return {"inclusion": inclusion}


def program(*command, **environment):
    """A program that is given all lines of a kind, and answers each."""
    def verdicts(claims):
        lines = "".join(json.dumps(claim) + "\n" for claim in claims)
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True,
                              env={**os.environ, **environment})
        return [answer == "1" for answer in done.stdout.split()]
    return verdicts


def node(tools):
    """@sigstore/verify: inclusion alone, after Trillian."""
    modules = os.path.join(tools, "sigstore", "node_modules")
    if not shutil.which("node") or not os.path.isdir(os.path.join(modules, "@sigstore", "verify")):
        return None
    ask = program("node", os.path.join(HERE, "judge.cjs"), NODE_PATH=modules)
    return {"inclusion": ask}


def go(tools):
    """x/mod/sumdb, as the Go toolchain has it: whoever downloads Go modules relies on it."""
    with_path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    found = shutil.which("go", path=with_path)
    if not found:
        return None
    environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOTOOLCHAIN": "local",
                   "GOCACHE": os.path.join(tools, "go-cache"), "GOPATH": os.path.join(tools, "go")}
    run = lambda *command: subprocess.run([found, *command], env=environment, capture_output=True,
                                          text=True, check=True).stdout
    # Debian has the package in a folder of its own, toolchains in theirs.
    places = [os.path.join(run("env", "GOROOT").strip(), "src/cmd/vendor/golang.org/x/mod"),
              "/usr/share/gocode/src/golang.org/x/mod"]
    source = next((place for place in places if os.path.isdir(os.path.join(place, "sumdb/tlog"))), None)
    if source is None:
        return None
    target = os.path.join(environment["GOPATH"], "src/golang.org/x/mod")
    shutil.copytree(source, target, dirs_exist_ok=True)
    judge = os.path.join(tools, "judge-go")
    run("build", "-o", judge, os.path.join(HERE, "judge.go"))
    ask = program(judge)
    return dict.fromkeys(KINDS, ask)


def installed(package, make):
    """A verifier with the version that is there; None where it is not."""
    try:
        return importlib.metadata.version(package), make()
    except ImportError:
        return None


def judges(tools):
    """Name, language and what each judges: one claim after the other, or all at once."""
    for name, make in (("aics-tlog", aics), ("tlog-scales", scales), ("sigstore", sigstore),
                       ("pymerkle", pymerkle)):
        found = installed(name, make)
        one_by_one = found and {
            kind: lambda claims, accepts=accepts: [accepts(claim) for claim in claims]
            for kind, accepts in found[1].items()}
        yield f"{name}", "Python", one_by_one
    yield "@sigstore/verify", "Node", node(tools)
    yield "x/mod/sumdb", "Go", go(tools)


def main():
    by_kind, languages, wrong = {kind: [] for kind in KINDS}, set(), []
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            claim = json.loads(line)
            by_kind[claim["kind"]].append(claim)
    for name, language, judged in judges(os.path.abspath(sys.argv[2])):
        if judged is None:
            print(f"SKIPPED: {name} ({language}) is not on this machine")
            continue
        languages.add(language)
        for kind, verdicts in judged.items():
            told, seen = collections.Counter(), verdicts(by_kind[kind])
            if len(seen) != len(by_kind[kind]):
                sys.exit(f"FAILED: {name} answered {len(seen)} times")
            before = None
            for claim, accepted in zip(by_kind[kind], seen):
                what = claim["what"]
                before = before if what else claim
                if accepted and what and is_another_form(name, before, claim):
                    told[f"accepted in another form ({FORMS[name]})"] += 1
                elif accepted == bool(what):
                    verdict = "accepted" if accepted else "refused"
                    wrong.append(f"{name} {verdict}: {json.dumps(claim)[:300]}")
                else:
                    told["refused" if what else "accepted"] += 1
            counts = ", ".join(f"{count} {word}" for word, count in told.items())
            print(f"{name} ({language}), {kind}: {counts}")
    for one in wrong[:10]:
        print("FAILED:", one)
    if wrong:
        sys.exit(f"FAILED: {len(wrong)} verdicts are not ours")
    if len(languages) < 2:
        sys.exit("FAILED: verifiers in two languages besides Rust are needed")
    print(f"{', '.join(sorted(languages))}, and Rust beside them, agree on every one")


main()
