"""Reads catalogues: the user's own CSV or JSON lines, and the one that ships.

Columns or keys: `id` and `title`; optional `subtitle`, `category`, `popularity` (a number) and `aliases` (a list;
in CSV parted by `|`). Others are left alone. Every refusal names the file and the line. Knows no index.
"""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import orjson

from serving.errors import ServingError
from serving.search import Item

MAX_BYTES: Final = 256 * 2**20
MAX_ITEMS: Final = 1_000_000
MAX_FIELD_CHARS: Final = 1_000
MAX_ALIASES: Final = 100
SHIPPED: Final = ("places.csv", "landmarks.csv", "works.csv", "actions.csv")
# Control characters and lone surrogates: no name holds them, and terminals, logs and JSON choke on them.
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")

Row = Mapping[str, object]


class CatalogError(ServingError, ValueError):
    """A catalogue file cannot be used."""


def load_catalog(path: Path) -> list[Item]:
    """The items of a `.csv` or `.jsonl` file in UTF-8, in the file's order.

    Raises `CatalogError` for anything that is not such a file: another ending, bad UTF-8, a missing column, a
    field of the wrong kind or longer than `MAX_FIELD_CHARS`, an id given twice, more than `MAX_BYTES` or
    `MAX_ITEMS`, no item at all; and where the file cannot be read.
    """
    check_file(path)
    read = _csv_rows if path.suffix.lower() == ".csv" else _json_rows
    items: dict[str, tuple[int, Item]] = {}
    line = 1
    try:
        for line, row in read(path):
            item = _item(row)
            if item.id in items:
                raise CatalogError(f"id {item.id!r} stands already in line {items[item.id][0]}")
            items[item.id] = line, item
            if len(items) > MAX_ITEMS:
                raise CatalogError(f"more than {MAX_ITEMS} items")
    except CatalogError as error:
        raise CatalogError(f"{path}, line {_line_of(error, line)}: {error}") from None
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror}") from error
    if not items:
        raise CatalogError(f"{path}: holds no items")
    return [item for _, item in items.values()]


def check_file(path: Path) -> None:
    """Is there a file that may be a catalogue? What it holds is not looked at. Raises `CatalogError`."""
    if path.suffix.lower() not in {".csv", ".jsonl"}:
        raise CatalogError(f"{path}: a catalogue is a .csv or a .jsonl file")
    try:
        if not path.is_file():
            raise CatalogError(f"{path}: no such file")
        if path.stat().st_size > MAX_BYTES:
            raise CatalogError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror}") from error


def shipped_catalog() -> list[Item]:
    """Places, landmarks, works and everyday actions; licences in `shipped_catalog/LICENSES.md`."""
    folder = Path(__file__).parent / "shipped_catalog"
    return [item for name in SHIPPED for item in load_catalog(folder / name)]


class _BadLine(CatalogError):
    """Found while reading, before the line became a row."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _line_of(error: CatalogError, last: int) -> int:
    return error.line if isinstance(error, _BadLine) else last


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise _BadLine(number, "not UTF-8") from None


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    table = csv.DictReader((line for _, line in _lines(path)), strict=True)
    try:
        missing = [name for name in ("id", "title") if name not in (table.fieldnames or ())]
        if missing:
            raise _BadLine(1, f"no column {' and no column '.join(missing)}")
        for row in table:
            if None in row:
                raise _BadLine(table.reader.line_num, "more fields than the header has")
            aliases = (row.get("aliases") or "").split("|")
            yield table.reader.line_num, {**row, "aliases": [name for name in aliases if name.strip()]}
    except csv.Error as error:
        raise _BadLine(table.reader.line_num, str(error)) from None


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise _BadLine(number, f"not JSON: {error}") from None
        if not isinstance(row, dict):
            raise _BadLine(number, "not a JSON object")
        yield number, row


def _item(row: Row) -> Item:
    return Item(
        id=_text(row, "id", required=True),
        title=_text(row, "title", required=True),
        subtitle=_text(row, "subtitle"),
        category=_text(row, "category"),
        aliases=_aliases(row.get("aliases")),
        popularity=_number(row.get("popularity")),
    )


def _text(row: Row, name: str, *, required: bool = False) -> str:
    value = row.get(name)
    if name == "id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise CatalogError(f"{name} is not text")
    text = _clean(value or "", name)
    if required and not text:
        raise CatalogError(f"no {name}")
    return text


def _clean(text: str, name: str) -> str:
    if len(text) > MAX_FIELD_CHARS:
        raise CatalogError(f"{name} is longer than {MAX_FIELD_CHARS} characters")
    if _UNWRITABLE.search(text):
        raise CatalogError(f"{name} holds a control character")
    return " ".join(text.split())


def _aliases(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise CatalogError("aliases is not a list of texts")
    if len(value) > MAX_ALIASES:
        raise CatalogError(f"more than {MAX_ALIASES} aliases")
    return tuple(name for name in _clean_all(value) if name)


def _clean_all(names: Iterable[str]) -> Iterator[str]:
    return (_clean(name, "an alias") for name in names)


def _number(value: object) -> float:
    if value is None or value == "":
        return 0.0
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise CatalogError(f"popularity {value!r:.40} is not a finite number")
    return number
