"""Held documents that levels depend on: models and rules, in TOML.

What is not known here raises `Unknown`: levels are not guessed.
"""
import calendar
import re
import tomllib
from datetime import date, timedelta

from fault import Unknown
from manifest import FIRST, LAST

DAY = 86_400_000_000
SCALE = "N P- P P+ L- L L+ F".split()                  # ascending
STRENGTHS = "weak indirect direct".split()             # ascending
ONE_TO_ONE = {"kept", "renumbered", "renamed"}


def toml(raw):
    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise Unknown(f"a document cannot be read: {error}") from error


def id_of(table, pattern):
    """An id that is one: ids become numbers in digests."""
    if not re.fullmatch(pattern, table["id"]):
        raise TypeError(f"the id {table['id']!r:.60}")
    return table["id"]


def known(table, keys, what):
    """That a table has no key beside these: one may change what the others mean."""
    other = set(table) - set(keys.split())
    if other:
        raise Unknown(f"{what} has {', '.join(sorted(other))}, which this verifier does not know")
    return table


class Period:
    """A calendar period such as P1Y or P90D."""

    def __init__(self, text):
        parts = re.fullmatch(r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", str(text))
        if not parts:
            raise Unknown(f"the period {text!r} is written in a way that this verifier does not know")
        years, months, weeks, days = (int(part or 0) for part in parts.groups())
        self.months, self.days = years * 12 + months, weeks * 7 + days

    def after(self, at):
        """One period later: months first, a day past a month's end becoming its last; then days."""
        days, time = divmod(at, DAY)
        try:
            day = date(1970, 1, 1) + timedelta(days=days)
            months = day.year * 12 + day.month - 1 + self.months
            year, month = divmod(months, 12)
            last = calendar.monthrange(year, month + 1)[1]
            day = date(year, month + 1, min(day.day, last)) + timedelta(days=self.days)
        except (ValueError, OverflowError):
            return LAST
        later = (day - date(1970, 1, 1)).days * DAY + time
        return later if FIRST <= later <= LAST else LAST


class Model:
    """The areas of a model, each with what can be rated, and the level that it counts for."""

    def __init__(self, digest, held):
        """`held` gives the bytes of a model by the digest of its document, or None."""
        document = toml(held(digest))
        try:
            self.id = id_of(document["model"], "[a-z0-9][a-z0-9-]{0,62}")
            lender = document.get("borrows")
            lender = lender and Model(lender["digest"], held)
            generic = [(id_of(practice, "GP [1-5].[1-9].[1-9]"), int(practice["level"]))
                       for practice in document.get("generic_practice", [])]
            self.generic = generic or (lender.generic if lender else [])
            self.areas = [self.area(area, document, lender) for area in document["process_area"]]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise Unknown(f"model {digest} is not as models are known here: {error}") from error

    def area(self, table, document, lender):
        listed = [(f"{self.id}/{id_of(practice, 'BP.[0-9]{2}.[0-9]{2}')}", 1)
                  for practice in table.get("base_practice", [])]
        complete = table.get("bp_complete", True)
        if not complete and not listed and lender:
            to = [link["to"] for link in document.get("crosswalk", [])
                  if link["from"] == table["id"] and link["relation"] in ONE_TO_ONE]
            lent = [area for area in lender.areas if to and area.name == to[0]]
            if lent:
                listed, complete = lent[0].base, lent[0].complete
        return Area(self, table, listed, complete)


class Area:
    """A process area: `base` and `generic` are what can be rated, as (target, level)."""

    def __init__(self, model, table, base, complete):
        self.name, self.category = id_of(table, "PA[0-9]{2}"), table["category"]
        self.number = int(self.name[2:])
        self.key = model.id, self.number
        self.base, self.complete = base, complete
        self.generic = [(f"{model.id}/{self.name}/{name}", level)
                        for name, level in model.generic if level > 1]
        self.targets = self.base + self.generic


class Rules:
    """How ratings and evidence become levels."""

    def __init__(self, document):
        known(document, "id title evaluator scheme nplf reads coverage trusted inheritance rater duties",
              "the rules")
        if document.get("evaluator") != 1:
            raise Unknown(f"evaluator {document.get('evaluator')!r} is not known here")
        if document.get("scheme") != "sse-cmm":
            raise Unknown(f"the scheme {document.get('scheme')!r} is not recomputed here: only sse-cmm is")
        try:
            self.read_all(document)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise Unknown(f"rules {document.get('id')!r} are not as rules are known here: {error}") from error

    def read_all(self, document):
        reads = known(document["reads"], "satisfaction nplf", "the table [reads]")
        coverage = known(document["coverage"], "window minimum_strength appraisals kinds practices",
                         "the table [coverage]")
        self.reads_satisfaction = reads.get("satisfaction", False) is True
        self.satisfied_from = self.lowest(reads.get("nplf"))
        self.minimum = STRENGTHS.index(coverage["minimum_strength"])
        self.usual = Period(coverage["window"])
        self.appraisals = Period(coverage["appraisals"]) if "appraisals" in coverage else None
        self.kinds = {kind: Period(text) for kind, text in coverage.get("kinds", {}).items()}
        self.practices = {name: Period(text) for name, text in coverage.get("practices", {}).items()}
        self.trusted = [self.trust(known(one, "principals kinds", "a table [[trusted]]"))
                        for one in document.get("trusted", [])]
        self.inherited = set(document.get("inheritance", {}).get("categories", []))
        self.relaxed = {one["pair"] for one in document.get("duties", {}).get("relaxed", [])}

    @staticmethod
    def lowest(words):
        """The place on the scale of the lowest value that counts as satisfied; None for none."""
        if words is None:
            return None
        words = [words] if isinstance(words, str) else words
        halves = {"P": "P-", "L": "L-"}
        return min(SCALE.index(halves.get(word, word)) for word in words)

    def read(self, value):
        """True where a rating's value reads as satisfied, False where not, None where it is not read."""
        if value in ("satisfied", "not-satisfied"):
            return value == "satisfied" if self.reads_satisfaction else None
        return None if self.satisfied_from is None else SCALE.index(value) >= self.satisfied_from

    def window(self, kind, target):
        return self.practices.get(target) or self.kinds.get(kind) or self.usual

    @staticmethod
    def trust(table):
        """Whom, and for which kinds; None is every service account, and every kind."""
        who, kinds = table["principals"], table.get("kinds")
        who = None if who == "services" else {name.replace("-", "").lower() for name in who}
        return who, None if kinds is None else set(kinds)

    def trusts(self, principal, sort, kind):
        """Whether evidence of this kind from this principal counts without a review."""
        return any((sort == "service" if who is None else principal in who)
                   and (kinds is None or kind in kinds) for who, kinds in self.trusted)
