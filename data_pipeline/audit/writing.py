"""Convention conflicts: what labels write in more than one way, and who departs from how the others write.

"Usual" is what most labels do, not what is right. Pure functions over entries.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from data_pipeline.audit.entries import Entry
from data_pipeline.audit.findings import Finding, Severity
from data_pipeline.audit.thresholds import Thresholds
from data_pipeline.audit.ways import Usage, conflicts, out_of_line, usages

CONFLICT: Final = "writing_conflict"
DEPARTURE: Final = "writing_practice"
MAX_ROWS: Final = 20
"""Rows that a finding about many names."""

Group = Callable[[Entry], str]
Users = Mapping[tuple[str, str], Mapping[str, Sequence[Entry]]]
GROUPS: Final[Mapping[str, Group]] = {"labeler": lambda entry: entry.labeler, "corpus": lambda entry: entry.corpus}


@dataclass(frozen=True, slots=True)
class Practice:
    """How one group writes, seen from one rule."""

    kind: str
    """What the group is: labeler or corpus."""
    group: str
    rule: str
    forms: Counter[str]
    """How often it writes in each form."""
    usual: str
    """The commonest form of all labels."""
    others: Counter[str]
    """The forms of all other groups."""

    @property
    def gap(self) -> float:
        """How much less of the usual form it has than the others; negative where it has more."""
        return self.others[self.usual] / self.others.total() - self.forms[self.usual] / self.forms.total()

    @property
    def z(self) -> float:
        """The gap in standard deviations, were both the same (two-proportion z-test)."""
        n, m = self.forms.total(), self.others.total()
        share = (self.forms[self.usual] + self.others[self.usual]) / (n + m)
        deviation = (share * (1 - share) * (1 / n + 1 / m)) ** 0.5
        return self.gap / deviation if deviation else 0.0


def check_writing(entries: Sequence[Entry], thresholds: Thresholds) -> list[Finding]:
    """Things written in more than one way, and the labelers and corpora that write unlike the others."""
    labelled = [entry for entry in entries if entry.text.strip()]
    found = usages([entry.text for entry in labelled])
    users = _users(labelled, found)
    in_conflict = [_conflict(place, ways, users) for place, ways in conflicts(found).items()]
    departures = [_departure(labelled, found, one) for one in practices(labelled, found) if departs(one, thresholds)]
    return [*departures, *in_conflict]


def practices(entries: Sequence[Entry], found: Sequence[Sequence[Usage]]) -> Iterator[Practice]:
    """How every labeler and every corpus writes, for each rule; none where there is only one of them."""
    for kind, group_of in GROUPS.items():
        by_rule: dict[str, dict[str, Counter[str]]] = {}
        for entry, of_one in zip(entries, found, strict=True):
            for rule, form in _forms(of_one):
                by_rule.setdefault(rule, {}).setdefault(group_of(entry), Counter())[form] += 1
        for rule, by_group in by_rule.items():
            total = sum(by_group.values(), Counter[str]())
            usual = total.most_common(1)[0][0]
            for group, forms in sorted(by_group.items()):
                if len(by_group) > 1:
                    yield Practice(kind, group, rule, forms, usual, total - forms)


def departs(practice: Practice, thresholds: Thresholds) -> bool:
    """Does the group write unlike the others, beyond chance?"""
    enough = min(practice.forms.total(), practice.others.total()) >= thresholds.min_rows
    return enough and practice.gap >= thresholds.practice_gap and practice.z >= thresholds.practice_z


def _forms(of_one: Sequence[Usage]) -> Iterator[tuple[str, str]]:
    """A label's form for each rule; which filler it has and which word it contracts does not matter here."""
    for usage in of_one:
        if usage.rule == "fillers":
            yield usage.rule, "with fillers" if usage.rewritten else "without fillers"
        elif usage.thing == usage.rule:
            yield usage.rule, usage.way
        elif usage.rule != "numbers":
            yield usage.rule, "otherwise" if usage.rewritten else "as the convention"


def _departure(entries: Sequence[Entry], found: Sequence[Sequence[Usage]], practice: Practice) -> Finding:
    group_of = GROUPS[practice.kind]
    odd = [
        entry
        for entry, of_one in zip(entries, found, strict=True)
        if group_of(entry) == practice.group
        and any(rule == practice.rule and form != practice.usual for rule, form in _forms(of_one))
    ]
    share, elsewhere = (c[practice.usual] / c.total() for c in (practice.forms, practice.others))
    usual = practice.usual if practice.rule in practice.usual else f"{practice.rule} {practice.usual}"
    message = f"{practice.kind} {practice.group}: {usual} in {share:.0%} of labels, elsewhere in {elsewhere:.0%}"
    evidence = {
        "by": practice.kind,
        "group": practice.group,
        "rule": practice.rule,
        "usual": practice.usual,
        "here": dict(practice.forms.most_common()),
        "elsewhere": dict(practice.others.most_common()),
        "rows_in_all": len(odd),
    }
    return Finding(DEPARTURE, Severity.WARNING, min(1.0, practice.gap), message, tuple(odd[:MAX_ROWS]), evidence)


def _users(entries: Sequence[Entry], found: Sequence[Sequence[Usage]]) -> Users:
    """The labels by rule and thing, then by way; each once for a way."""
    users: dict[tuple[str, str], dict[str, list[Entry]]] = {}
    for entry, of_one in zip(entries, found, strict=True):
        for rule, thing, way in dict.fromkeys((usage.rule, usage.thing, usage.way) for usage in of_one):
            users.setdefault((rule, thing), {}).setdefault(way, []).append(entry)
    return users


def _conflict(place: tuple[str, str], ways: Counter[str], all_users: Users) -> Finding:
    (rule, thing), users = place, all_users[place]
    written = [_way(way, count, users[way]) for way, count in ways.most_common()]
    odd = [entry for way, _ in ways.most_common()[1:] for entry in users[way]]
    named = ", ".join(f"{way} ({count})" for way, count in ways.most_common(4))
    message = f"{rule}: {named}"
    evidence = {"rule": rule, "thing": thing, "ways": written, "out_of_line": out_of_line(ways)}
    score = out_of_line(ways) / ways.total()
    return Finding(CONFLICT, Severity.NOTE, score, message, tuple(odd[:MAX_ROWS]), evidence)


def _way(way: str, count: int, users: Sequence[Entry]) -> dict[str, object]:
    return {
        "way": way,
        "count": count,
        **{f"by_{kind}": dict(Counter(map(group_of, users)).most_common()) for kind, group_of in GROUPS.items()},
        "examples": list(dict.fromkeys(entry.text for entry in users))[:3],
    }
