# Five verbs, the same here and in CI: install, check, test, run, bench.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: install check test run bench clean

install: .venv/default.stamp

.venv/default.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install -c constraints.txt -e .
	touch $@

.venv/test.stamp: .venv/default.stamp
	$(PIP) install -c constraints.txt -e '.[test]'
	touch $@

.venv/peers.stamp: .venv/default.stamp
	$(PIP) install -c constraints.txt -e '.[peers,plot]'
	touch $@

run: install
	$(BIN)/voicesearch models pull
	exec $(BIN)/voicesearch serve --port $(PORT)

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: .venv/test.stamp
	.ci/system-packages
	$(BIN)/voicesearch models pull --all
	$(BIN)/python -m pytest -rs

bench: .venv/peers.stamp
	$(BIN)/voicesearch models pull --all
	$(BIN)/voicesearch bench engine --peer moonshine-voice --peer faster-whisper
	$(BIN)/voicesearch bench frontend
	$(BIN)/voicesearch bench query --max-duration 4
	$(BIN)/voicesearch bench serve --find-p99-ms 500 --overload --saturate 32 --bare-engine \
	  --peer litserve --peer litserve+front-end --max-duration 4

clean:
	rm -rf .venv build dist *.egg-info
