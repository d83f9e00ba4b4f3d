"""How many ratings in force stand under relaxed duties, a conflict of interest, or were brought in.

A relaxation is told as it was when the facts were recorded, a conflict as it is known in the end.
"""
from dataclasses import replace

from levels import NOT_APPLICABLE, testimony


class Onlooker:
    """Looks at the ratings of one unit; `rules_of` gives the rules of a document's digest."""

    def __init__(self, asked, unit, rules_of):
        self.asked, self.unit, self.rules_of = asked, unit, rules_of
        settled = [world.settled for world in map(asked.world.unit, asked.world.ever_above(unit))]
        self.any_conflict = any(what[0] == "conflict" for of in settled for what in of)
        adopted = {digest for of in settled for *_, digest in of.get("rules", [])}
        self.any_relaxed = any(rules_of(digest).relaxed for digest in adopted)

    def rules_at(self, world, moment):
        digest = world.adopted(self.unit, "rules", moment)
        return self.rules_of(digest) if digest else None

    def has_conflict(self, world, rating):
        """Whether who rated had a declared conflict of interest here or above, at the effective time."""
        what, moment = ("conflict", rating.actor), rating.effective_at
        for unit in world.lineage(self.unit, moment):
            declared, until = world.settled(unit, what, moment) or (False, None)
            if declared and (until is None or moment < until):
                return True
        return False

    def is_conflicted(self, rating):
        return self.any_conflict and not rating.by_rule and self.has_conflict(self.asked.world, rating)

    def is_relaxed(self, rating):
        """Whether duties lay in one hand, and the rules of then relaxed it."""
        if not self.any_relaxed:
            return False
        then = self.asked.world.known(rating.position)
        rules = self.rules_at(then, rating.effective_at)
        relaxed = rules.relaxed if rules else set()
        by_a_person = not rating.by_rule and "appraisal" not in rating.said
        for item in self.rests_on(then, rating, rules):
            accepted = item.standing == "accepted"
            by = item.decided[0] if accepted else None
            if by == item.provider and self.was_relaxed("provider-reviews", item):
                return True
            if by_a_person and item.provider == rating.actor and "provider-rates" in relaxed:
                return True
            if by_a_person and by == rating.actor and "reviewer-rates" in relaxed:
                return True
        return (by_a_person and self.any_conflict and "conflicted-rates" in relaxed
                and self.has_conflict(then, rating))

    def was_relaxed(self, pair, item):
        _, moment, position = item.decided
        rules = self.rules_at(self.asked.world.known(position), moment)
        return rules is not None and pair in rules.relaxed

    def rests_on(self, then, rating, rules):
        """The items that a rating cites or, where it cites none, those that counted then."""
        unit = then.unit(self.unit)
        cited = [unit.items[one] for one in rating.said["evidence"] if one in unit.items]
        if rating.said["evidence"] or rules is None:
            return cited
        asked = replace(self.asked, world=then, moment=rating.effective_at, rules=rules)
        target = rating.said["target"]
        said = [(item, testimony(asked, item, target))
                for item in unit.items.values() if target in item.practices]
        return [item for item, one in said
                if one and one[0] != "inconclusive" and one[1] <= rating.effective_at < one[2]]


def told(asked, unit, answers, rules_of):
    """How many ratings in force are relaxed, conflicted, imported."""
    relaxed = conflicted = imported = 0
    onlookers = {}
    for found in answers:
        if found.rated == NOT_APPLICABLE:
            continue
        by = found.inherited_from or unit
        if by not in onlookers:
            onlookers[by] = Onlooker(asked, by, rules_of)
        for rating in (one for practice in found.practices for one in practice.ratings):
            relaxed += onlookers[by].is_relaxed(rating)
            conflicted += onlookers[by].is_conflicted(rating)
            imported += rating.said.get("appraisal") in asked.world.imported
    return relaxed, conflicted, imported
