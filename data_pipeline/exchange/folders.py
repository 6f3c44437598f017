"""A folder that is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from data_pipeline.errors import OtherDataset


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name when the block ends without an error.

    Raises OtherDataset where something is there already, and OSError.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise OtherDataset(f"{path} is there already: choose another folder")
    draft = path.with_name(f".{path.name}.part")
    rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        draft.replace(path)
    finally:
        rmtree(draft, ignore_errors=True)
