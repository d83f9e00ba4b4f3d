"""What a capsule claims of a unit, computed anew: the levels, and the digests that pin them."""
import re

from documents import Model, Rules, toml
from duties import told
from fault import Unknown
from formats import decode, sealed
from levels import NOT_APPLICABLE, NOT_DETERMINABLE, NOT_RATED, Asked, answers
from merkle import sha256
from streams import hyphens

WHY = {NOT_RATED: 1, NOT_APPLICABLE: 2, NOT_DETERMINABLE: 3}
VALUES = {word: number for number, word in decode.WORDS["value"].items()}
NULL, cbor, text = b"\xf6", sealed.cbor, sealed.text


def integer(number):
    return cbor(0, number) if number >= 0 else cbor(1, -1 - number)


def id_(name):
    return cbor(2, 16) + bytes.fromhex(name)


def array(*parts):
    return cbor(4, len(parts)) + b"".join(parts)


def target(name):
    model, _, practice = name.partition("/")
    return array(text(model), *(integer(int(part)) for part in re.findall(r"\d+", practice)))


def level(found):
    return integer(WHY[found]) if found in WHY else array(*map(integer, found))


def practice(asked, found):
    """A practice with the worst of its ratings in force, and its support."""
    rating, value = NULL, asked.rules.read
    if found.ratings:
        worst = min(found.ratings, key=lambda one: value(one.said["value"]))
        rating = array(integer(VALUES[worst.said["value"]]), b"\xf5" if worst.by_rule else b"\xf4",
                       integer(worst.effective_at), integer(worst.position))
    number = 1 + ("supported", "contradicted", "lapsed", "unsupported").index(found.support[0])
    support = array(integer(number), *map(integer, found.support[1:]))
    return array(target(found.target), rating, support)


def area(asked, found, with_practices):
    practices = [practice(asked, one) for one in found.practices] if with_practices else []
    return array(
        integer(found.area.number), level(found.rated), level(found.ongoing),
        array(*map(integer, found.coverage())),
        id_(found.inherited_from) if found.inherited_from else NULL,
        integer(found.items() if with_practices else 0), array(*practices))


def digest(log, unit, asked, documents, found, with_practices, counted):
    """The digest that `QueryLevels` answers with."""
    items = [integer(1), text("levels"), id_(log), integer(asked.moment), integer(asked.world.size),
             id_(unit), array(*(cbor(2, 32) + bytes.fromhex(one or "00" * 32) for one in documents)),
             integer(with_practices), integer(len(found))]
    items += [area(asked, one, with_practices) for one in found]
    relaxed, conflicted, imported = counted
    if relaxed + conflicted:
        items += [text("duties"), integer(relaxed), integer(conflicted)]
    if imported:
        items += [text("imported"), integer(imported)]
    return sha256(b"".join(items)).hex()


def shown(found):
    if found in WHY:
        return {"none": found}
    return {"range": dict(zip(("at_least", "at_most", "open"), found))}


class Court:
    """Computes claims from the records and documents of a capsule."""

    def __init__(self, world, documents):
        self.world, self.documents, self.read = world, documents, {}

    def held(self, sort, digest):
        """The bytes of a document that was published as a model, or as rules."""
        if self.world.published.get(digest) != sort:
            raise Unknown(f"{digest} was not published as {sort}, so that nothing can be computed by it")
        return self.documents[digest]

    def model(self, digest):
        if digest not in self.read:
            self.read[digest] = Model(digest, lambda one: self.held("model", one))
        return self.read[digest]

    def rules(self, digest):
        if digest not in self.read:
            self.read[digest] = Rules(toml(self.held("rules", digest)))
        return self.read[digest]

    def claim(self, log, unit, moment):
        """What follows for a unit at a moment, in the form of `capsule.json`."""
        log, unit, world = log.replace("-", ""), unit.replace("-", ""), self.world
        model = rules = None
        if unit in world.registered:
            model, rules = (world.adopted(unit, what, moment) for what in ("model", "rules"))
        found, counted = [], (0, 0, 0)
        asked = Asked(world, moment, None, None)
        if model and rules:
            asked = Asked(world, moment, self.rules(rules), self.model(model))
            found = answers(asked, unit)
            counted = told(asked, unit, found, self.rules)
        else:
            model = rules = None
        pinned = [digest(log, unit, asked, (model, rules), found, with_practices, counted)
                  for with_practices in (0, 1)]
        areas = [{"area": one.area.name, "rated": shown(one.rated), "ongoing": shown(one.ongoing)}
                 | ({"inherited_from": hyphens(one.inherited_from)} if one.inherited_from else {})
                 for one in found]
        return {"unit": hyphens(unit), "name": world.names.get(unit), "model": model, "rules": rules,
                "digest": pinned[0], "digest_with_practices": pinned[1],
                "ratings_relaxed": counted[0], "ratings_conflicted": counted[1], "areas": areas}
