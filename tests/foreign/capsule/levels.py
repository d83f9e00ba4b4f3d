"""Capability levels by the scheme sse-cmm at one moment, practice by practice.

Nothing is indexed or kept: for each practice everything that was ever said of it is looked at.
"""
from dataclasses import dataclass, field

from documents import STRENGTHS

NOT_RATED, NOT_APPLICABLE, NOT_DETERMINABLE = "not_rated", "not_applicable", "not_determinable"


@dataclass
class Asked:
    """The world as it is known, the moment, and the rules and the model that answer."""
    world: object
    moment: int
    rules: object
    model: object


@dataclass
class Practice:
    """A practice at the moment: the ratings in force, the support, and what is behind it."""
    target: str
    level: int
    ratings: list
    support: tuple
    behind: list


@dataclass
class Answer:
    """The levels of an area; a level is (at least, at most, open), or a word that says why not."""
    area: object
    rated: object
    ongoing: object
    practices: list = field(default_factory=list)
    inherited_from: str | None = None

    def coverage(self):
        base = [practice.support[0] for practice in self.practices[:len(self.area.base)]]
        return len(base), *(base.count(word) for word in ("supported", "contradicted", "lapsed"))

    def items(self):
        base = self.practices[:len(self.area.base)]
        return len({position for practice in base for position in practice.behind})


# Evidence.

def counts(asked, item):
    """Accepted, or trusted by the rules and not decided on; never from a distrusted source."""
    sort = asked.world.principals.get(item.provider)
    trusted = item.standing == "submitted" and sort and asked.rules.trusts(
        item.provider, sort, item.said["kind"])
    return (item.standing == "accepted" or trusted) and not asked.world.is_distrusted(item)


def testimony(asked, item, target):
    """What an item says of a practice: the outcome, from when, until when; None if it does not count."""
    if STRENGTHS.index(item.said["strength"]) < asked.rules.minimum or not counts(asked, item):
        return None
    ends = [asked.rules.window(item.said["kind"], target).after(item.work_to),
            item.said.get("valid_until"), item.end()]
    until = min(end for end in ends if end is not None)
    return item.said["outcome"], item.work_from, until, item.position


def testimonies(asked, unit, target):
    """All that ever speaks of a practice: items that are linked to it, and what appraisals rated."""
    found = [testimony(asked, item, target)
             for item in unit.items.values() if target in item.practices]
    window = asked.rules.appraisals
    for rating in unit.ratings.values():
        if (window and rating.said["target"] == target and "appraisal" in rating.said
                and not rating.withdrawn and asked.rules.read(rating.said["value"])):
            ends = [window.after(rating.effective_at), rating.ended]
            until = min(end for end in ends if end is not None)
            found.append(("supports", rating.effective_at, until, rating.position))
    return [one for one in found if one]


def support(asked, unit, target):
    """Whether valid evidence stands behind a practice, and the positions of what is valid."""
    begun = [one for one in testimonies(asked, unit, target) if one[1] <= asked.moment]
    valid = [one for one in begun if asked.moment < one[2] and one[0] != "inconclusive"]
    behind = [position for *_, position in valid]
    until = [until for outcome, _, until, _ in valid if outcome == "supports"]
    since = [until for outcome, begin, until, _ in begun
             if outcome == "supports" and begin < until <= asked.moment]
    if any(outcome == "contradicts" for outcome, *_ in valid):
        return ("contradicted",), behind
    if until:
        return ("supported", max(until)), behind
    return (("lapsed", max(since)) if since else ("unsupported",)), behind


# Ratings.

def in_force(asked, unit, target):
    """The ratings in force at the moment, one of each process instance; people's before rules'."""
    latest = {}
    for rating in unit.ratings.values():
        never = rating.withdrawn or (rating.ended is not None and rating.ended <= rating.effective_at)
        if (rating.said["target"] != target or never or rating.effective_at > asked.moment
                or asked.rules.read(rating.said["value"]) is None):
            continue
        rivals = rating.by_rule, rating.said.get("instance")
        before = latest.get(rivals)
        if before is None or (before.effective_at, before.position) < (rating.effective_at, rating.position):
            latest[rivals] = rating
    # The latest replaces those before it, so that its end brings none of them back.
    held = [rating for rating in latest.values() if rating.ended is None or asked.moment < rating.ended]
    held = [rating for rating in held if not rating.by_rule] or held
    # The unit as a whole comes first, then the instances in their order.
    instance = lambda rating: rating.said.get("instance", "").encode()
    return sorted(held, key=lambda rating: ("instance" in rating.said, instance(rating)))


def practice(asked, unit, target, level):
    found, behind = support(asked, unit, target)
    return Practice(target, level, in_force(asked, unit, target), found, behind)


# Levels.

def judgment(asked, practice, ongoing):
    """Whether a practice is satisfied: of several instances the worst counts; None if nobody said."""
    read = [asked.rules.read(rating.said["value"]) for rating in practice.ratings]
    if not read:
        return None
    return all(read) and (not ongoing or practice.support[0] == "supported")


def level(judged):
    """The level of judgments, each with the level that it counts for: all or nothing."""
    of_level = {level: [one for of, one in judged if of == level] for level in range(1, 6)}
    if not all(of_level.values()):
        return NOT_DETERMINABLE     # there is no level by empty truth
    if all(one is None for _, one in judged):
        return NOT_RATED
    reached = lambda ok: next((at - 1 for at in range(1, 6) if not all(map(ok, of_level[at]))), 5)
    at_least, at_most = reached(lambda one: one is True), reached(lambda one: one is not False)
    open_ = sum(one is None for at in range(1, at_most + 1) for one in of_level[at])
    return at_least, at_most, open_


def own(asked, unit, area):
    """What a unit's own ratings and evidence say of an area."""
    practices = [practice(asked, unit, target, level) for target, level in area.targets]
    if not area.complete:
        return Answer(area, NOT_DETERMINABLE, NOT_DETERMINABLE, practices)
    judged = [[(one.level, judgment(asked, one, ongoing)) for one in practices]
              for ongoing in (False, True)]
    return Answer(area, level(judged[0]), level(judged[1]), practices)


def answer(asked, unit, area):
    """The levels of an area of a unit: its own, none where it is tailored out, or inherited."""
    world, moment = asked.world, asked.moment
    found = own(asked, world.unit(unit), area)
    if world.settled(unit, ("out", *area.key), moment):
        found.rated = found.ongoing = NOT_APPLICABLE
        return found
    said = world.settled(unit, ("inheritance", *area.key), moment) or "by-rules"
    inherits = said == "inherited" or (said == "by-rules" and area.category in asked.rules.inherited)
    if not inherits or found.rated != NOT_RATED or not world.lives(unit, moment):
        return found
    for above in world.lineage(unit, moment)[1:]:
        if world.settled(above, ("out", *area.key), moment):
            continue
        lent = own(asked, world.unit(above), area)
        if lent.rated != NOT_RATED:
            lent.inherited_from = above
            return lent
    return found


def answers(asked, unit):
    return [answer(asked, unit, area) for area in asked.model.areas]
