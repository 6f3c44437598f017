"""A report as one HTML file that needs nothing else: it fetches nothing, runs no script and escapes every text.

A report's template extends `page.html` (blocks `title`, `lead` and `content`) and imports macros from `tables.html`,
`charts.html` and `player.html`, which all stand here. Knows no report, and writes no file.
"""

from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).parent
DASH: Final = "–"
"""What a cell shows where there is no value."""


def render(template: Path, **values: object) -> str:
    """The page that a template makes of the values; one that the template names and does not get is an error.

    Raises OSError where the template cannot be read, and `jinja2.TemplateError` where it is wrong.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([PAGES, template.parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "number": number, "duration": duration}
    return environment.from_string(template.read_text("utf-8")).render(values)


def percent(ratio: float | None) -> str:
    """A share as a figure in percent, without the sign.

    >>> percent(0.1234)
    '12.3'
    """
    return DASH if ratio is None else f"{100 * ratio:.1f}"


def number(value: float | None, digits: int = 0) -> str:
    """A figure with so many decimals, thousands set apart.

    >>> number(12345.678, 1)
    '12,345.7'
    """
    return DASH if value is None else f"{value:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """A length of time in the unit that suits it.

    >>> duration(2.5), duration(2484), duration(90_000)
    ('2.5 s', '41.4 min', '25.0 h')
    """
    if seconds is None:
        return DASH
    for unit, length_s in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:,.1f} {unit}"
    return f"{seconds:.1f} s"
