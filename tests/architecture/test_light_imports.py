"""The import contracts as they are at run time: a package's own `__init__` may pull in what import-linter misses."""

import json
import subprocess
import sys

import pytest

MUST_NOT_LOAD = {
    "asr": {"fastapi", "ray", "sqlalchemy", "torch", "transformers", "serving", "monitoring", "data_pipeline"},
    "monitoring": {"torch", "transformers", "onnxruntime", "fastapi", "ray", "asr", "serving", "data_pipeline"},
    "data_pipeline": {"fastapi", "ray", "torch", "transformers", "serving"},
    "serving": {"torch", "transformers", "ctranslate2", "ray"},
    "serving.cli": {"torch", "onnxruntime", "fastapi", "numpy", "sqlalchemy"},
}


@pytest.mark.parametrize("package", sorted(MUST_NOT_LOAD))
def test_package_loads_nothing_that_it_must_not(package: str) -> None:
    program = f"""
import importlib, json, pkgutil, sys
module = importlib.import_module({package!r})
for found in pkgutil.walk_packages(getattr(module, "__path__", []), {package!r} + "."):
    if "migrations" not in found.name:
        importlib.import_module(found.name)
print(json.dumps(sorted(name.split(".")[0] for name in sys.modules)))
"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert MUST_NOT_LOAD[package].isdisjoint(json.loads(loaded.stdout))
