"""Writes down what a monitor knows, and makes another one know it: for snapshots that outlive the process.

A part names what it remembers in `STATE`; all else follows from how it was made. Written are numbers, texts, arrays and
the sketches' own bytes, never code, so a snapshot that somebody tampered with can be wrong but can do nothing.
"""

import io
import struct
import zipfile
import zlib
from collections import OrderedDict, deque
from dataclasses import fields, is_dataclass
from typing import ClassVar, Final, Protocol

import numpy as np
import orjson
from datasketches import frequent_strings_sketch, kll_doubles_sketch
from numpy.typing import NDArray

from monitoring.errors import UnusableState
from monitoring.gradual import Creep
from monitoring.paces import Changing
from monitoring.reference import Learnt
from monitoring.sketches import Sketches
from monitoring.windows import Hour

RECORDS: Final[dict[str, type]] = {record.__name__: record for record in (Changing, Creep, Hour, Learnt)}
"""Records that parts keep in lists."""
SKETCHES: Final[dict[str, type]] = {sketch.__name__: sketch for sketch in (frequent_strings_sketch, kll_doubles_sketch)}
_MUCH: Final = 100_000
"""Values of an array from which only the rows that are not zero are written."""
_TREE: Final = "tree"
_UNUSABLE: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    EOFError,
    OSError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading bytes that anything may have happened to can raise."""


class Stateful(Protocol):
    """What can be written down."""

    STATE: ClassVar[tuple[str, ...]]
    """Names of the attributes that it remembers things in."""


def written(part: Stateful) -> bytes:
    """All that the part remembers."""
    writer = _Writer()
    tree = orjson.dumps(writer.plain(part))
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **writer.arrays, **{_TREE: np.frombuffer(tree, np.uint8)})
    return file.getvalue()


def restore(part: Stateful, state: bytes) -> None:
    """Make a part that was made in the same way remember it. Raises UnusableState, and the part is then of no use."""
    try:
        with np.load(io.BytesIO(state), allow_pickle=False) as arrays:
            tree = orjson.loads(arrays[_TREE].tobytes())
            _Reader({name: arrays[name] for name in arrays.files}).put(part, tree)
    except _UNUSABLE as error:
        raise UnusableState(f"the state of the monitor cannot be used: {error}") from error


class _Writer:
    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[np.generic]] = {}

    def plain(self, value: object) -> object:
        match value:
            case None | bool() | int() | str():
                return value
            case float():
                return {"float": value.hex()}
            case np.ndarray():
                return self._array(value)
            case bytes():
                return {"bytes": self._kept(np.frombuffer(value, np.uint8))}
            case list() | tuple() | deque():
                return {type(value).__name__: [self.plain(one) for one in value]}
            case dict():
                return {"dict": [[self.plain(key), self.plain(one)] for key, one in value.items()]}
        return self._object(value)

    def _object(self, value: object) -> object:
        name = type(value).__name__
        if isinstance(value, Sketches):
            return {"sketches": self.plain(value.to_bytes())}
        if isinstance(value, frequent_strings_sketch | kll_doubles_sketch):
            return {name: self.plain(value.serialize())}
        if name in RECORDS and is_dataclass(value):
            return {name: {field.name: self.plain(getattr(value, field.name)) for field in fields(value)}}
        return {attribute: self.plain(getattr(value, attribute)) for attribute in _remembers(value)}

    def _array(self, array: NDArray[np.generic]) -> object:
        if array.size < _MUCH:
            return {"array": self._kept(array)}
        rows = array.reshape(-1, array.shape[-1])
        used = np.flatnonzero(rows.any(axis=1))
        return {"rows": [list(array.shape), self._kept(used), self._kept(rows[used])]}

    def _kept(self, array: NDArray[np.generic]) -> str:
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name


def _remembers(part: object) -> tuple[str, ...]:
    remembers: tuple[str, ...] | None = getattr(part, "STATE", None)
    if remembers is None:
        raise TypeError(f"a {type(part).__name__} cannot be written down")
    return remembers


class _Reader:
    def __init__(self, arrays: dict[str, NDArray[np.generic]]) -> None:
        self._arrays = arrays

    def put(self, part: Stateful, tree: dict[str, object]) -> None:
        if tree.keys() != set(part.STATE):
            raise ValueError(f"{type(part).__name__} remembers other things")
        for name, value in tree.items():
            self._put(part, name, value)

    def _put(self, part: Stateful, name: str, value: object) -> None:
        present = getattr(part, name)
        if hasattr(present, "STATE"):
            self.put(present, value)  # type: ignore[arg-type]
            return
        found = self.read(value)
        if isinstance(present, np.ndarray) and getattr(found, "shape", None) != present.shape:
            raise ValueError(f"{name} is not of the shape {present.shape}")
        setattr(part, name, OrderedDict(found) if isinstance(present, OrderedDict) else found)  # type: ignore[call-overload]

    def read(self, value: object) -> object:
        if not isinstance(value, dict):
            return value
        ((kind, held),) = value.items()
        match kind:
            case "float":
                return float.fromhex(held)
            case "array":
                return self._arrays[held].copy()
            case "rows":
                return self._rows(*held)
            case "bytes":
                return self._arrays[held].tobytes()
            case "sketches":
                return Sketches.from_bytes(self.read(held))  # type: ignore[arg-type]
            case "dict":
                return {self.read(key): self.read(one) for key, one in held}
            case "list" | "tuple" | "deque":
                return {"list": list, "tuple": tuple, "deque": deque}[kind](map(self.read, held))
            case _ if kind in SKETCHES:
                return SKETCHES[kind].deserialize(self.read(held))  # type: ignore[attr-defined]
        return RECORDS[kind](**{name: self.read(one) for name, one in held.items()})

    def _rows(self, shape: list[int], used: str, rows: str) -> NDArray[np.generic]:
        kept = self._arrays[rows]
        array = np.zeros((int(np.prod(shape[:-1])), shape[-1]), kept.dtype)
        array[self._arrays[used].astype(np.intp)] = kept
        return array.reshape(shape)
