"""What records say, read one after the other: the last word on each thing stands.

What was known earlier is not kept aside: it is read again from the records up to then.
"""
from dataclasses import dataclass, field


@dataclass
class Item:
    """An item of evidence, and what became of it."""
    position: int
    recorded_at: int
    provider: str
    said: dict
    work_to: int
    practices: set
    standing: str = "submitted"
    decided: tuple = ()         # of the last decision: by whom, effective when, recorded where
    ended: int | None = None
    superseded: int | None = None

    @property
    def work_from(self):
        return self.said.get("work_from", self.work_to)

    def end(self):
        """When it ceased to count, by an end or because another took its place."""
        return min((at for at in (self.ended, self.superseded) if at is not None), default=None)


@dataclass
class Rating:
    position: int
    actor: str
    effective_at: int
    said: dict
    withdrawn: bool = False
    ended: int | None = None

    @property
    def by_rule(self):
        return "basis" in self.said


@dataclass
class Unit:
    """A unit, or whatever else has a stream: what was settled, put forward and rated in it."""
    settled: dict = field(default_factory=dict)     # what: [(effective, position, value), ...]
    items: dict = field(default_factory=dict)
    ratings: dict = field(default_factory=dict)     # by id, in the order of recording


def at(statements, moment):
    """The value that holds at a moment: of the latest effective the one recorded last."""
    held = [one for one in statements if one[0] <= moment]
    return max(held, key=lambda one: one[:2])[2] if held else None


class World:
    """Everything that is known of an organization with some records."""

    def __init__(self, records, size):
        self.records, self.size, self.earlier = records, size, {}
        self.units, self.registered, self.names = {}, {}, {}
        self.parents, self.archived = {}, {}
        self.published, self.principals = {}, {}
        self.distrusts, self.imported = {}, set()
        for one in records:
            if one["position"] >= size:
                break
            self.take(one)

    def known(self, size):
        """The world when the log had so many records."""
        if size not in self.earlier:
            self.earlier = {size: World(self.records, size)}
        return self.earlier[size]

    def unit(self, stream):
        return self.units.setdefault(stream, Unit())

    def take(self, one):
        event, said = one["event"], one["body"]
        when, position, unit = one["effective_at"], one["position"], self.unit(one["stream"])
        settle = lambda what, value: unit.settled.setdefault(what, []).append((when, position, value))
        match event:
            case "unit-registered":
                self.registered[said["unit"]] = when, position
                self.names[said["unit"]] = said["name"]
                self.parents[said["unit"]] = [(when, position, said.get("parent"))]
            case "unit-renamed" | "unit-moved" | "unit-archived" if said["unit"] not in self.registered:
                pass
            case "unit-renamed":
                self.names[said["unit"]] = said["name"]
            case "unit-moved":
                self.parents[said["unit"]].append((when, position, said["parent"]))
            case "unit-archived":
                self.archived.setdefault(said["unit"], []).append((when, position, True))
            case "model-published" | "rules-published" | "profile-published":
                self.published.setdefault(said["digest"], event.split("-")[0])
            case "principal-added":
                self.principals[said["principal"]] = said["kind"]
            case "source-distrusted":
                self.distrusts[position] = said
            case "source-restored":
                self.distrusts.pop(said["distrust"], None)
            case "appraisal-imported":
                self.imported.add(said["appraisal"])
            case "model-adopted" | "rules-adopted":
                settle(event.split("-")[0], said["digest"])
            case "area-tailored-out" | "area-tailored-in":
                settle(("out", *said["area"].values()), event == "area-tailored-out")
            case "area-inheritance-set":
                settle(("inheritance", *said["area"].values()), said["inheritance"])
            case "conflict-declared":
                settle(("conflict", said["principal"]), (True, said.get("until")))
            case "conflict-withdrawn":
                settle(("conflict", said["principal"]), (False, None))
            case _ if 200 <= one["event_type"] < 300:
                of_evidence(unit, one, said, when)
            case _ if 300 <= one["event_type"] < 400:
                of_rating(unit, one, said, when)

    # The tree.

    def lineage(self, unit, moment):
        """A unit and those above it at a moment, nearest first."""
        lineage = [unit]
        while len(lineage) < 64:
            # Before its registration took effect, the first one is above it.
            stated = self.parents.get(lineage[-1], [])
            above = at(stated, moment) if any(one[0] <= moment for one in stated) else (
                stated[0][2] if stated else None)
            if above is None or above in lineage:
                break
            lineage.append(above)
        return lineage

    def lives(self, unit, moment):
        return (unit in self.registered and self.registered[unit][0] <= moment
                and not at(self.archived.get(unit, []), moment))

    def ever_above(self, unit):
        """A unit and all that were ever above it."""
        above = [unit]
        for one in above:
            above += [parent for _, _, parent in self.parents.get(one, [])
                      if parent is not None and parent not in above]
        return above

    def settled(self, unit, what, moment):
        found = self.units.get(unit)
        return at(found.settled.get(what, []), moment) if found else None

    def adopted(self, unit, what, moment):
        """The document that holds for a unit: its own, or of the nearest above it."""
        found = (self.settled(one, what, moment) for one in self.lineage(unit, moment))
        return next((digest for digest in found if digest), None)

    def is_distrusted(self, item):
        """Whether an item comes from a source that is distrusted."""
        return any(stated.get("from", item.recorded_at) <= item.recorded_at
                   and item.recorded_at < stated.get("until", item.recorded_at + 1)
                   and made(stated["suspect"], item) for stated in self.distrusts.values())


def of_evidence(unit, one, said, when):
    event = one["event"]
    if event == "evidence-submitted":
        unit.items[said["evidence"]] = Item(
            one["position"], one["recorded_at"], one["actor"], said, when, set(said["practices"]))
        return
    item = unit.items.get(said.get("evidence"))
    if item is None:
        return
    match event:
        case "evidence-accepted" | "evidence-rejected" | "evidence-withdrawn":
            item.standing = event.split("-")[1]
            item.decided = one["actor"], when, one["position"]
        case "evidence-ended":
            item.ended = when
        case "evidence-superseded":
            item.superseded = when
        case "evidence-linked":
            item.practices |= set(said["practices"])
        case "evidence-unlinked":
            item.practices -= set(said["practices"])


def of_rating(unit, one, said, when):
    if one["event"] == "practice-rated":
        unit.ratings[said["rating"]] = Rating(one["position"], one["actor"], when, said)
        return
    rating = unit.ratings.get(said["rating"])
    if rating is not None and one["event"] == "rating-withdrawn":
        rating.withdrawn = True
    elif rating is not None:
        rating.ended = when


def made(suspect, item):
    """Whether a suspect made an item: by who submitted it, its tool, its mapping or its source."""
    tool = item.said.get("tool", {})
    versioned = suspect.get("tool") or suspect.get("mapping")
    if "principal" in suspect:
        return suspect["principal"] == item.provider
    if "source" in suspect:
        return suspect["source"] == item.said["source"]["name"]
    if not tool or versioned.get("version", tool.get("version")) != tool.get("version"):
        return False
    if "tool" in suspect:
        return tool["name"] == versioned["name"]
    mapping, name = tool.get("mapping"), versioned["name"]
    return mapping is not None and (mapping == name or mapping.startswith(name + "/"))
