from pathlib import Path

import orjson
import pytest

from serving import catalog
from serving.catalog import CatalogError, load_catalog, shipped_catalog
from serving.search import Item


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_csv_and_jsonl_say_the_same(tmp_path: Path) -> None:
    table = write(
        tmp_path,
        "a.csv",
        "\ufeffid,title,popularity,aliases,colour\n1,Café  Noir,2.5,Black Coffee| Mokka ,red\n2,Tea,,,\n".encode(),
    )
    rows = [
        {"id": 1, "title": "Café Noir", "popularity": 2.5, "aliases": ["Black Coffee", "Mokka"], "colour": "red"},
        {"id": "2", "title": "Tea"},
    ]
    lines = write(tmp_path, "a.JSONL", b"\n\n".join(map(orjson.dumps, rows)))
    expected = [Item("1", "Café Noir", popularity=2.5, aliases=("Black Coffee", "Mokka")), Item("2", "Tea")]
    assert load_catalog(table) == load_catalog(lines) == expected


def test_a_quoted_field_may_hold_commas_and_line_breaks(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", b'id,title\n1,"Paris,\n Texas"\n')
    assert load_catalog(path)[0].title == "Paris, Texas"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: no column id and no column title"),
        (b"id,name\n1,x\n", "line 1: no column title"),
        (b"id,title\n", "holds no items"),
        (b"id,title\n1,x\n2,\n", "line 3: no title"),
        (b"id,title\n ,x\n", "line 2: no id"),
        (b"id,title\n1,x\n2,y\n1,z\n", "line 4: id '1' stands already in line 2"),
        (b"id,title\n1,x,y\n", "line 2: more fields than the header has"),
        (b"id,title\n1,ok\n2,\xff\xfe\n", "line 3: not UTF-8"),
        (b'id,title\n1,"never closed\n', "line 2: unexpected end of data"),
        (b"id,title\n1,bell \x07\n", "line 2: title holds a control character"),
        (b"id,title\n1,a\x00b\n", "line 2: "),
        (b"id,title,popularity\n1,x,much\n", "line 2: popularity 'much' is not a finite number"),
        (b"id,title,popularity\n1,x,inf\n", "line 2: popularity 'inf' is not a finite number"),
        (b"id,title\n1," + b"x" * 1_001 + b"\n", "line 2: title is longer than 1000 characters"),
        (b"id,title\n1," + b"x" * 200_000 + b"\n", "line 2: field larger than field limit"),
        (b"id,title,aliases\n1,x," + b"a|" * 101 + b"\n", "line 2: more than 100 aliases"),
    ],
)
def test_a_bad_csv_is_refused_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(CatalogError, match=r"a\.csv") as refusal:
        load_catalog(write(tmp_path, "a.csv", content))
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b'{"id": true, "title": "x"}', "id is not text"),
        (b'{"id": "1", "title": ["x"]}', "title is not text"),
        (b'{"id": "1", "title": "\\ud800"}', ""),
        (b'{"id": "1", "title": "x", "aliases": "y"}', "aliases is not a list of texts"),
        (b'{"id": "1", "title": "x", "popularity": {}}', "is not a finite number"),
        (b'{"id": "1", "title": "x", "popularity": 1e999}', ""),
    ],
)
def test_a_bad_jsonl_is_refused_with_its_line(tmp_path: Path, line: bytes, says: str) -> None:
    path = write(tmp_path, "a.jsonl", b'{"id": "0", "title": "fine"}\n' + line + b"\n")
    with pytest.raises(CatalogError, match="line 2: ") as refusal:
        load_catalog(path)
    assert says in str(refusal.value)


def test_what_is_no_catalogue_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, says in (
        ("absent.csv", "no such file"),
        ("folder.csv", "no such file"),
        ("a.xlsx", "a .csv or a .jsonl"),
    ):
        with pytest.raises(CatalogError, match=says):
            load_catalog(tmp_path / name)


def test_size_is_bounded_before_reading(tmp_path: Path) -> None:
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as file:
        file.truncate(catalog.MAX_BYTES + 1)
    with pytest.raises(CatalogError, match="larger than 256 MiB"):
        load_catalog(huge)


def test_the_shipped_catalogue_is_one_catalogue() -> None:
    items = shipped_catalog()
    assert len({item.id for item in items}) == len(items) > 5_000
    assert {"city", "country", "state", "landmark", "work", "action", "application"} == {i.category for i in items}


def test_every_shipped_file_has_its_licence() -> None:
    folder = Path(catalog.__file__).parent / "shipped_catalog"
    licences = (folder / "LICENSES.md").read_text(encoding="utf-8")
    for path in folder.glob("*.csv"):
        assert path.name in catalog.SHIPPED
        assert f"| `{path.name}` | {len(load_catalog(path)):,} |" in licences
