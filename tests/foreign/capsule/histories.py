"""Random histories on a real server, and capsules of them before the verifier that is not ours.

    python3 tests/foreign/capsule/histories.py GRADUS

`GRADUS_SEED` says which history, `GRADUS_STEPS` how many calls. People and a tool put forward, review,
rate, distrust, move and tailor; what the server refuses is left out. Then capsules are made, of many
moments and sizes of the log, and each has to hold, with every level and digest computed anew. One server
records no state digest; another does, and its capsules have to say where streams end.
"""
import collections
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, ".."))

import grpc  # noqa: E402
from client import Client, Server  # noqa: E402
from formats import FORMATS  # noqa: E402
from note import Key  # noqa: E402
from streams import read  # noqa: E402
from fault import Nothing, Wrong  # noqa: E402
from verify import members, verify, verify_summary  # noqa: E402

KINDS = "POLICY PLAN DESIGN REVIEW_RECORD TEST_RESULT SCAN_REPORT SBOM CONFIGURATION INCIDENT".split()
RULES = b"""id = "mixed"
title = "What the shipped rules do not do"
evaluator = 1
scheme = "sse-cmm"
[reads]
satisfaction = true
nplf = ["F", "L"]
[coverage]
window = "P3M"
appraisals = "P2M"
minimum_strength = "weak"
[coverage.kinds]
scan-report = "P30D"
design = "P1Y2M3W4D"
[coverage.practices]
"small/BP.01.02" = "P1M"
[[trusted]]
principals = "services"
kinds = ["scan-report", "test-result"]
[inheritance]
categories = ["organizational", "security-engineering"]
[rater]
minimum_strength = "indirect"
[[duties.relaxed]]
pair = "provider-reviews"
reason = "a test"
[[duties.relaxed]]
pair = "reviewer-rates"
reason = "a test"
[[duties.relaxed]]
pair = "conflicted-rates"
reason = "a test"
"""
AREAS = {"PA01": ["BP.01.01", "BP.01.02"], "PA02": ["BP.02.01"]}
GENERIC = ["GP 2.1.1", "GP 3.1.1", "GP 4.1.1", "GP 5.1.1"]
TARGETS = [f"small/{base}" for of in AREAS.values() for base in of] + [
    f"small/{area}/{generic}" for area in AREAS for generic in GENERIC]
# A model that lists some, borrows others, and of some areas knows no practice.
BORROWING = ["sse-cmm-1997/BP.01.01", "sse-cmm-1997/BP.01.02", "iso-21827-2008/BP.12.01",
             "iso-21827-2008/BP.12.02", "sse-cmm-1997/PA01/GP 2.1.1", "sse-cmm-1997/PA11/GP 2.1.1"]
TRUTHS = ["satisfied"] * 9 + ["not-satisfied", "F", "L-", "L", "P"]
VALUES = ["SATISFIED"] * 9 + ["NOT_SATISFIED", "FULLY", "LARGELY_LOW", "PARTIALLY"]
ORGANIZATION, NOW = "organization", datetime.now(timezone.utc) - timedelta(hours=1)


class History:
    """What happens to an organization, as the dice say."""

    def __init__(self, server, dice):
        self.dice, self.done, self.refused = dice, collections.Counter(), collections.Counter()
        self.operator = Client(server.address, server.token)
        self.units, self.items, self.ratings = [ORGANIZATION], [], []
        self.number, self.server = 0, server
        self.people = {"operator": self.operator}
        self.settle()

    def settle(self):
        with open(os.path.join(FORMATS, "capsule/model.toml"), "rb") as model:
            self.call("ModelService", "PublishModel", {"content": base64(model.read())})
        self.call("ModelService", "PublishRules", {"content": base64(RULES)})
        begin = {"unit": ORGANIZATION, "effective_at": "2019-01-01T00:00:00Z"}
        self.call("UnitService", "AdoptModel", {**begin, "document": "small"})
        self.call("UnitService", "AdoptRules", {**begin, "document": "mixed"})
        for name, kind, roles in (("ann", "PERSON", ["ASSESSOR", "LEAD"]), ("bob", "PERSON", ["ASSESSOR"]),
                                  ("eve", "PERSON", ["SPONSOR"]), ("ci", "SERVICE", ["COLLECTOR"])):
            self.call("PrincipalService", "AddPrincipal", {"name": name, "kind": f"PRINCIPAL_KIND_{kind}"})
            for role in roles:
                self.call("RoleService", "GrantRole",
                          {"principal": name, "role": f"ROLE_{role}", "unit": ORGANIZATION})
            issued = self.call("PrincipalService", "IssueToken", {"principal": name})
            self.people[name] = Client(self.server.address, issued["secret"])
        for name, above in (("red", ORGANIZATION), ("blue", ORGANIZATION), ("one", "red"), ("two", "red"),
                            ("three", "blue")):
            kind = "TEAM" if above == ORGANIZATION else "PROJECT"
            self.call("UnitService", "RegisterUnit",
                      {"kind": f"UNIT_KIND_{kind}", "name": name, "parent": above, "effective_at": self.early()})
            self.units.append(name)
        self.call("UnitService", "RegisterUnit",
                  {"kind": "UNIT_KIND_PROJECT", "name": "four", "parent": "blue",
                   "effective_at": self.early()})
        self.call("UnitService", "AdoptModel",
                  {"unit": "four", "document": "sse-cmm-1997", "effective_at": "2020-01-01T00:00:00Z"})
        self.units.append("four")

    @staticmethod
    def targets(unit):
        return BORROWING if unit == "four" else TARGETS

    def call(self, service, method, request, by="operator"):
        return self.people[by].call(service, method, request)

    # Moments.

    def moment(self):
        return NOW - timedelta(days=self.dice.choice([1, 30, 90, 365, 900]) * self.dice.random())

    def when(self):
        return self.moment().isoformat()

    @staticmethod
    def early():
        return (NOW - timedelta(days=800)).isoformat()

    # What may happen; each makes one call.

    def submit(self):
        begin, end = sorted([self.moment(), self.moment()])
        unit, by = self.dice.choice(self.units), self.dice.choice(["operator", "ann", "bob", "ci", "ci"])
        self.number += 1
        item = {
            "kind": f"KIND_{self.dice.choice(KINDS)}",
            "outcome": "OUTCOME_" + self.dice.choice(["SUPPORTS"] * 8 + ["CONTRADICTS", "INCONCLUSIVE"]),
            "strength": f"STRENGTH_{self.dice.choice(['DIRECT', 'DIRECT', 'INDIRECT', 'WEAK'])}",
            "practices": self.some(self.targets(unit), 5), "work_to": end.isoformat(),
            "source": {"name": self.dice.choice(["scanner", "wiki"]), "id": str(self.number)},
            "title": f"Item {self.number} – ü", "note": "what was seen",
        }
        if self.dice.random() < 0.5:
            item["work_from"] = begin.isoformat()
        if self.dice.random() < 0.2:
            until = end + timedelta(days=200 * self.dice.random())
            item["valid_until"] = until.isoformat()
        if self.dice.random() < 0.3:
            item["instance"] = self.dice.choice(["east", "west"])
        if self.dice.random() < 0.4:
            item["tool"] = {"name": "lint", "version": self.dice.choice("12"),
                            "mapping": self.dice.choice(["git/a", "git/b", "gitlab/a"])}
        found = self.call("EvidenceService", "SubmitEvidence", {"unit": unit, "items": [item]}, by)
        self.items.append((unit, found["items"][0]["evidence"]))

    def of_item(self, method, **more):
        unit, item = self.dice.choice(self.items)
        self.call("EvidenceService", method, {"unit": unit, "evidence": [{"evidence": item}], **more},
                  self.dice.choice(["operator", "ann", "bob"]))

    def accept(self):
        self.of_item("AcceptEvidence")

    def reject(self):
        self.of_item("RejectEvidence", reason="no")

    def withdraw(self):
        self.of_item("WithdrawEvidence", reason="no")

    def confirm(self):
        self.of_item("ConfirmEvidence")

    def end(self):
        self.of_item("EndEvidence", reason="over", at=self.when())

    def supersede(self):
        unit, item = self.dice.choice(self.items)
        other = self.dice.choice([other for of, other in self.items if of == unit])
        self.call("EvidenceService", "SupersedeEvidence", {
            "unit": unit, "evidence": {"evidence": item}, "by": {"evidence": other},
            "effective_at": self.when(), "reason": "newer"})

    def link(self, method="LinkEvidence"):
        unit, item = self.dice.choice(self.items)
        more = {"reason": "no"} if method == "UnlinkEvidence" else {}
        self.call("EvidenceService", method, {
            "unit": unit, "evidence": {"evidence": item}, "practices": self.some(self.targets(unit), 3), **more})

    def unlink(self):
        self.link("UnlinkEvidence")

    def erase(self):
        unit, item = self.dice.choice(self.items)
        self.call("EvidenceService", "ErasePayload",
                  {"unit": unit, "evidence": {"evidence": item}, "reason": "asked for"})

    def rate(self):
        # What is seldom rated has to inherit.
        unit = self.dice.choices(self.units, [8, 6, 2, 0.5, 1, 3, 3])[0]
        area = self.dice.choice(["BP.01", "BP.02", "PA01", "PA02", "/", "/"])
        ratings = []
        for target in (target for target in self.targets(unit) if area in target and self.dice.random() < 0.8):
            rating = {"practice": target, "value": f"VALUE_{self.dice.choice(VALUES)}",
                      "effective_at": self.when(), "rationale": "as seen"}
            if self.dice.random() < 0.15:
                rating["instance"] = self.dice.choice(["east", "west"])
            mine = [item for of, item in self.items if of == unit]
            if mine and self.dice.random() < 0.3:
                rating["evidence"] = [{"evidence": item} for item in self.some(mine, 3)]
            ratings.append(rating)
        found = self.call("RatingService", "RatePractices", {"unit": unit, "ratings": ratings},
                          self.dice.choice(["operator", "ann", "bob"]))
        self.ratings += [(unit, rating) for rating in found["ratings"]]

    def end_rating(self):
        unit, rating = self.dice.choice(self.ratings)
        self.call("RatingService", "EndRating",
                  {"unit": unit, "ratings": [rating], "at": self.when(), "reason": "over"})

    def withdraw_rating(self):
        unit, rating = self.dice.choice(self.ratings)
        self.call("RatingService", "WithdrawRating", {"unit": unit, "ratings": [rating], "reason": "wrong"})

    def rate_by_rule(self):
        self.call("RatingService", "RunRuleRater",
                  {"unit": self.dice.choice(self.units), "valid_at": [self.when()]})

    def adopt(self):
        rules = self.dice.choice(["mixed", "mixed", "solo", "strict", "trusted-tools"])
        self.call("UnitService", "AdoptRules",
                  {"unit": self.dice.choice(self.units), "document": rules, "effective_at": self.when()})

    def tailor(self):
        self.call("UnitService", "TailorArea", {
            "unit": self.dice.choice(self.units), "area": self.dice.choice(list(AREAS)), "reason": "so",
            "applicable": self.dice.random() < 0.6, "effective_at": self.when()})

    def inherit(self):
        self.call("UnitService", "SetAreaInheritance", {
            "unit": self.dice.choice(self.units), "area": self.dice.choice(list(AREAS)),
            "inheritance": f"INHERITANCE_{self.dice.choice(['INHERITED', 'OWN', 'BY_RULES'])}",
            "effective_at": self.when()})

    def move(self):
        self.call("UnitService", "MoveUnit", {
            "unit": self.dice.choice(["one", "three", "four"]),
            "parent": self.dice.choice(["red", "blue", ORGANIZATION]),
            "effective_at": self.when()})

    def rename(self):
        name = f"two-{self.dice.randrange(99)}"
        self.call("UnitService", "RenameUnit", {"unit": self.units[4], "name": name})
        self.items = [(name if unit == self.units[4] else unit, item) for unit, item in self.items]
        self.units[4] = name

    def archive(self):
        if self.done["archive"] < 1 and len(self.items) > 150:
            self.call("UnitService", "ArchiveUnit",
                      {"unit": "three", "reason": "done", "effective_at": self.when()})

    def distrust(self):
        suspect = self.dice.choice([
            {"principal": "ci"}, {"tool": {"name": "lint", "version": "1"}}, {"source": "wiki"},
            {"mapping": {"name": "git"}}, {"mapping": {"name": "git/b"}}])
        request = {"suspect": suspect, "reason": "leaked"}
        if self.dice.random() < 0.7:
            request["until"] = datetime.now(timezone.utc).isoformat()
        self.call("SourceService", "DistrustSource", request)

    def restore(self):
        found = self.call("SourceService", "ListDistrusted", {})["distrusts"]
        self.call("SourceService", "RestoreSource",
                  {"distrust": self.dice.choice(found)["position"], "reason": "it was none"})

    def declare(self):
        request = {"unit": self.dice.choice(self.units), "principal": self.dice.choice(["ann", "bob"]),
                   "from": self.when(), "reason": "a cousin"}
        if self.dice.random() < 0.5:
            request["until"] = self.when()
        self.call("DutyService", "DeclareConflict", request)

    def undeclare(self):
        self.call("DutyService", "WithdrawConflict", {
            "unit": self.dice.choice(self.units), "principal": self.dice.choice(["ann", "bob"]),
            "effective_at": self.when(), "reason": "sold"})

    def bring_in(self):
        unit, until = self.dice.choice(self.units), self.moment()
        ratings = [{"subject": {"unit": unit, "practice": target},
                    "value": f"VALUE_{self.dice.choice(['SATISFIED', 'SATISFIED', 'NOT_SATISFIED'])}"}
                   for target in self.some(TARGETS, 8)]
        self.call("AppraisalService", "ImportAppraisal", {
            "input": {
                "units": [unit], "areas": [{"area": area, "highest": 5} for area in AREAS],
                "sponsor": "eve", "team": [{"principal": "ann", "part": "TEAM_PART_LEAD"}],
                "method": {"process": "SSAM", "class": "APPRAISAL_CLASS_THREE", "body": "INDEPENDENCE_D",
                           "lead": "INDEPENDENCE_D", "team": "INDEPENDENCE_D"},
                "texts": {"purpose": "before all this"}},
            "conducted_from": (until - timedelta(days=9)).isoformat(), "conducted_until": until.isoformat(),
            "effective_at": until.isoformat(), "ratings": ratings, "statement": "as on paper"})

    STEPS = {submit: 30, accept: 24, rate: 22, reject: 2, withdraw: 3, confirm: 2, end: 4, supersede: 3,
             link: 4, unlink: 4, erase: 2, end_rating: 3, withdraw_rating: 3, rate_by_rule: 4, adopt: 3,
             tailor: 3, inherit: 3, move: 2, rename: 1, archive: 1, distrust: 2, restore: 2,
             declare: 2, undeclare: 1, bring_in: 2}

    def some(self, of, most):
        return self.dice.sample(of, min(len(of), self.dice.randint(1, most)))

    def step(self):
        what = self.dice.choices(list(self.STEPS), list(self.STEPS.values()))[0]
        try:
            what(self)
            self.done[what.__name__] += 1
        except (grpc.RpcError, IndexError, KeyError) as error:
            why = error.details() if isinstance(error, grpc.RpcError) else "there is none"
            self.refused[what.__name__, why.split(":")[0][:90]] += 1


def base64(raw):
    import base64 as of
    return of.b64encode(raw).decode()


def create(gradus, server, path, *asked):
    """Makes a capsule with the command line, which has it verified before it is written."""
    environment = {**os.environ, "GRADUS_SERVER": f"http://{server.address}", "GRADUS_TOKEN": server.token,
                   "XDG_STATE_HOME": os.path.dirname(path), "XDG_CONFIG_HOME": os.path.dirname(path)}
    run = lambda *command: subprocess.run(
        [gradus, *command], env=environment, capture_output=True, text=True, check=True).stdout
    run("capsule", "create", *asked, "-o", path)
    key = next(line.split()[-1] for line in run("checkpoint").splitlines() if line.startswith("key"))
    with open(path, "rb") as file:
        return file.read(), Key.parse(key)


def look(report, seen):
    """Counts what a capsule tells, so that it is seen that histories have something in them."""
    for unit in report.capsule["units"]:
        seen["relaxed"] += unit["ratings_relaxed"]
        seen["conflicted"] += unit["ratings_conflicted"]
        for area in unit["areas"]:
            seen["areas"] += 1
            seen["inherited"] += "inherited_from" in area
            rated, ongoing = area["rated"].get("range"), area["ongoing"].get("range")
            seen["not applicable"] += area["rated"].get("none") == "not_applicable"
            seen["not determinable"] += area["rated"].get("none") == "not_determinable"
            if rated and ongoing:
                seen["rated"] += 1
                seen["below rated"] += rated != ongoing
                seen[f"at least {ongoing['at_least']}"] += 1


def digests(data):
    """(size, position) of every state digest in a capsule's streams, in the order of the log."""
    found = [one for name, raw in members(data)[1].items() if name.startswith("streams/")
             for one in read(name, raw) if one["event"] == "state-digest-recorded"]
    return sorted((one["body"]["size"], one["position"]) for one in found)


def described(history, every):
    """Waits until the log says of its last multiple what was known; a digest makes none due itself."""
    for _ in range(50):
        found = history.call("ProofService", "ListStateDigests", {}).get("digests", [])
        last = int(found[-1]["log_size"]) if found else 0
        size = int(history.call("ProofService", "GetCheckpoint", {})["log_size"])
        if last == size // every * every:
            return
        time.sleep(0.1)


def heads_of(data, report, known, seen):
    """What is wrong with what a capsule says of where its streams end, by the digests of its log."""
    size = report.capsule["log_size"]
    before = [one for one in known if one[1] < size][-1:]
    expected = ([one for one in known if one[0] >= size][:1] or before or [None])[0]
    found = report.ends and (report.ends.size, report.ends.position)
    if found != expected or report.capsule["format"] != (2 if expected else 1):
        return f"a capsule of {size} has the digest {found}, not {expected}"
    names = members(data)[1]
    whole, later = bool(expected) and expected[0] >= size, [name for name in names if "/later/" in name]
    seen["with a digest"] += bool(expected)
    seen["of which no stream ends too soon"] += whole
    seen["later leaves"] += len(later)
    told = [one for one in report.open if one.startswith("that no stream has a later record")]
    all_here = any(one.startswith("nothing was left out") for one in report.proved)
    if bool(told) != (not whole and not all_here):
        return f"a capsule of {size}, of which the digest {expected} tells: {told}"
    missing = {name[8:].replace("-", "") for name in names if name.startswith("streams/")}
    if whole and not missing <= report.ends.whole:
        return f"a capsule of {size} with the digest {expected} has no row of {missing - report.ends.whole}"
    return None


def summed(gradus, server, path, made, until, seen):
    """What is wrong with a summary of all units, by a capsule of as many records."""
    data, key = made
    told = verify_summary(data, [key]).capsule
    whole, key = create(gradus, server, path, "--all", "--log-size", str(told["log_size"]), *until)
    claims = {claim["unit"]: claim["areas"] for claim in verify(whole, [key]).capsule["units"]}
    nothing = {"none": "not_rated"}
    for unit in told["units"]:
        said = collections.defaultdict(list)
        for one in unit["areas"]:
            said[one["area"]].append((one["rated"], one["ongoing"]))
            seen["told by a summary"] += 1
        for claim in claims[unit["unit"]]:
            if "inherited_from" in claim or claim["rated"].get("none") in ("not_applicable", "not_determinable"):
                continue
            levels = claim["rated"], claim["ongoing"]
            if levels not in (said[claim["area"]] or [(nothing, nothing)]):
                return f"{unit['name']} {claim['area']}: {said[claim['area']]}, and the records give {levels}"
            seen["told as the records give it"] += claim["rated"] != nothing
    for at in range(0, len(data), 97):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        try:
            verify_summary(bytes(changed), [key])
            return f"byte {at} is changed, and it is taken"
        except (Wrong, Nothing):
            seen["changed summaries refused"] += 1
    return None


def held(gradus, dice, steps, every, seen):
    """Capsules of one history, each of which holds; how many."""
    settings, capsules = (["--state-digest-every", str(every)] if every else []), 0
    with tempfile.TemporaryDirectory() as directory:
        server = Server(gradus, directory, *settings)
        try:
            history = History(server, dice)
            moments = []
            for step in range(steps):
                if step % 40 == 20:
                    moments.append(datetime.now(timezone.utc).isoformat())
                history.step()
            if every:
                described(history, every)
            path = os.path.join(directory, "made.capsule")
            whole, key = create(gradus, server, path, "--all")
            full, known = verify(whole, [key]), digests(whole)
            size = full.capsule["log_size"]
            print(f"{size} records of {sum(history.done.values())} calls; the server refused "
                  f"{sum(history.refused.values())}; {len(known)} state digests")
            for number in range(30):
                asked = [["--all"], ["one"], ["organization", "four"], ["red", "one"]][number % 4]
                asked = [*asked, "--until", history.when()]
                some = str(dice.randint(size // 4, size))
                asked += [[], ["--log-size", some], ["--withhold", "note"],
                          ["--without-texts"], ["--known-at", dice.choice(moments)]][number % 5]
                try:
                    data, key = create(gradus, server, path, *asked)
                except subprocess.CalledProcessError as error:
                    print("refused:", " ".join(asked), error.stderr.strip()[:200])
                    continue
                report = verify(data, [key])
                capsules += 1
                look(report, seen)
                if not report.levels:
                    sys.exit(f"FAILED: {asked}: {report.open}")
                if wrong := heads_of(data, report, known, seen):
                    sys.exit(f"FAILED: {asked}: {wrong}")
            for _ in range(8 if every else 0):
                until = ["--until", history.when()]
                told, key = create(gradus, server, path, "--all", "--summary", *until)
                if wrong := summed(gradus, server, path, (told, key), until, seen):
                    sys.exit(f"FAILED: a summary {until}: {wrong}")
            # What the verifier does not know it says, and does not guess.
            history.call("UnitService", "AdoptRules",
                         {"unit": "one", "document": "nplf-33020", "effective_at": NOW.isoformat()})
            data, key = create(gradus, server, path, "one", "red")
            told = [line for line in verify(data, [key]).open if "NOT RECOMPUTED" in line]
            if len(told) != 1 or "nplf-33020" not in told[0]:
                sys.exit(f"FAILED: levels of another scheme: {told}")
        finally:
            server.stop()
    if os.environ.get("GRADUS_STEPS_SHOWN"):
        print(history.done, history.refused.most_common(60))
    return capsules


def main():
    gradus, seed = os.path.abspath(sys.argv[1]), int(os.environ.get("GRADUS_SEED", "1"))
    steps, dice = int(os.environ.get("GRADUS_STEPS", "700")), random.Random(seed)
    print(f"GRADUS_SEED={seed}")
    for every in (None, dice.randint(20, 150)):
        seen = collections.Counter()
        capsules = held(gradus, dice, steps, every, seen)
        print(f"{capsules} capsules hold, every level and digest computed anew:", dict(seen))
        needed = ["rated", "below rated"]
        if every:
            needed += ["told as the records give it", "with a digest", "of which no stream ends too soon", "later leaves"]
        lacking = [what for what in needed if not seen[what]]
        if capsules < 20 or lacking:
            sys.exit(f"FAILED: the history is too poor: {capsules} capsules, without {lacking}")


if __name__ == "__main__":
    main()
