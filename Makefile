# Everything a newcomer needs: `make demo` and `make test`. Nothing here needs root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO ?= demo
SHELL := /bin/bash

.PHONY: help setup demo test test-slow docs benchmarks lint clean

help:
	@echo "make demo        set up, run the program on simulated patients, print the path of the report (about 10 minutes)"
	@echo "make test        set up, then style, types and tests (about 6 minutes)"
	@echo "make setup       only make the environment in .venv (about 2 minutes)"
	@echo "make test-slow   the tests that take minutes"
	@echo "make docs        build the documentation into site/"
	@echo "make benchmarks  measure speed and memory, write benchmarks/results/"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@echo "==> Setting up $(VENV): about 2 minutes, downloads some 900 MB"
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed; install Python 3.11 or newer (Debian: apt install python3)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old; Python 3.11 or newer is needed: make PYTHON=python3.12 setup"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "error: Python cannot make an environment; install its venv module (Debian: apt install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[archives,forest,search,docs,dev]'
	@# these ask for torchvision, which they do not need here and whose wheel fails beside the CPU build of torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-deps timm torchstain
	@touch $(READY)
	@echo "==> The environment is ready: $(BIN)/tumorboard --help"

demo: $(READY)
	@echo "==> Demo on simulated patients, in $(DEMO)/"
	@$(BIN)/tumorboard demo $(DEMO)

lint: $(READY)
	@echo "==> Style: ruff"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@echo "==> Types: mypy --strict"
	@$(BIN)/mypy
	@echo "==> Layout: which folder may import which"
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 4; exit $${PIPESTATUS[0]}

test: lint
	@echo "==> Tests: pytest, two processes"
	@$(BIN)/python -m pytest -n 2 -m "not slow and not network" -q
	@$(MAKE) --no-print-directory docs

test-slow: $(READY)
	@echo "==> Slow tests: pytest -m slow"
	@$(BIN)/python -m pytest -m slow -q

docs: $(READY)
	@echo "==> Documentation: mkdocs, into site/"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "==> The documentation is in site/index.html"

benchmarks: $(READY)
	@echo "==> Benchmarks, into benchmarks/results/"
	@$(BIN)/python benchmarks/concordance.py
	@$(BIN)/python benchmarks/phantom_speed.py demo

clean:
	rm -rf $(VENV) site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
