"""The shape that the code keeps: walked, not listed, so that a new file is held to it too."""

import ast
import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PACKAGES = ("asr", "serving", "monitoring", "data_pipeline")
ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
"""Of its body, without the docstring: the options of a command stand in its signature."""

FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def module_names() -> list[str]:
    """Migrations are run by Alembic and cannot be imported; peers need extras that are not installed."""
    roots = [importlib.import_module(package) for package in PACKAGES]
    found = [m.name for root in roots for m in pkgutil.walk_packages(root.__path__, root.__name__ + ".")]
    return sorted([*PACKAGES, *(n for n in found if "migrations" not in n and ".peers" not in n)])


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def public_definitions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_walk_finds_the_packages() -> None:
    assert len(FILES) > 80
    assert {"asr.engines.moonshine", "serving.app", "monitoring.store"} <= set(module_names())


@pytest.mark.parametrize("path", FILES, ids=short)
def test_a_module_and_what_is_public_in_it_have_docstrings(path: Path) -> None:
    tree = parsed(path)
    assert ast.get_docstring(tree), "no docstring of the module"
    missing = [node.name for node in public_definitions(tree) if not ast.get_docstring(node)]
    assert not missing


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", FILES, ids=short)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES
    lengths = {
        node.name: body_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("name", module_names())
def test_exported_names_exist_and_each_is_there_once(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    assert [one for one in exported if not hasattr(module, one)] == []


def examples_of(module: ModuleType) -> list[doctest.DocTest]:
    return [test for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples]


@pytest.mark.parametrize("name", module_names())
def test_examples_in_docstrings_hold(name: str) -> None:
    module = importlib.import_module(name)
    for example in examples_of(module):
        assert doctest.DocTestRunner().run(example).failed == 0, example.name


def test_a_wrong_example_would_be_found() -> None:
    module = ModuleType("wrong", ">>> 1 + 1\n3\n")
    (example,) = examples_of(module)
    assert doctest.DocTestRunner(verbose=False).run(example, out=lambda text: None).failed == 1


def test_no_file_has_a_name_that_says_nothing() -> None:
    meaningless = {"utils", "util", "common", "base", "core", "manager", "helpers", "misc"}
    assert [short(path) for path in FILES if path.stem in meaningless] == []
