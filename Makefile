# Every target that a person calls has a `##` comment; `make help` is written from them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Without a GPU the CPU build of torch is chosen: anything newer brings gigabytes of CUDA.
CONSTRAINTS := -c constraints.txt $(shell command -v nvidia-smi >/dev/null 2>&1 || echo -c constraints-cpu.txt)

.PHONY: help setup models run run-kafka up test lint types imports unit soak fuzz bench screenshots docs docs-decision format clean-data clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Install system packages that are missing (as root) and everything else into .venv

$(INSTALLED): pyproject.toml constraints.txt constraints-cpu.txt scripts/system-packages
	@scripts/system-packages "$(PYTHON)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off $(CONSTRAINTS) -e '.[dev]'
	@touch $@

models: $(INSTALLED) ## Fetch the model files that are missing, and check every one
	@$(BIN)/safeconduct models fetch

run: models ## Run the demonstration on SQLite, in one process; files land in out/
	@$(BIN)/safeconduct demo

run-kafka: models ## The same on a real Kafka broker and PostgreSQL, each worker a process
	@$(BIN)/safeconduct demo --kafka

up: models ## Run the service on http://127.0.0.1:8080 until Ctrl-C
	@$(BIN)/safeconduct up

test: models lint types imports unit ## Everything that must hold before a change is kept

lint: $(INSTALLED) ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(INSTALLED) ## Check types, strictly, tests included
	@$(BIN)/mypy

imports: $(INSTALLED) ## Check that imports point down only
	@$(BIN)/lint-imports --no-cache

unit: $(INSTALLED) ## Run the tests; names every test that was skipped, and why
	@$(BIN)/python -m pytest -n 2 --dist loadfile

soak: models ## Run the long sweep (kills, restarts, many events); not part of `make test`
	@$(BIN)/python -m pytest -m soak -s --timeout=7200

fuzz: $(INSTALLED) ## Let schemathesis play against the whole API for long, on SQLite and PostgreSQL
	@$(BIN)/python -m pytest -m fuzz tests/api --timeout=7200

bench: models ## Measure and print ratios; nothing here fails on a slow machine
	@$(BIN)/python -m pytest -m bench -s --timeout=1800

screenshots: $(INSTALLED) ## Take pictures of the review pages into out/screenshots, to look at
	@$(BIN)/python -m tests.web.screenshots

docs: $(INSTALLED) ## Rewrite the generated parts of docs/ and README.md from the code
	@$(BIN)/python -m tests.docs.generate

docs-decision: models ## Judge the example of docs/decisions.md anew, with the real models
	@$(BIN)/python -m tests.docs.example_decision

format: $(INSTALLED) ## Format the code and apply the fixes that are safe
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean-data: ## Remove what `make run` and `make up` made: var/ and out/
	@rm -rf var out

clean: clean-data ## Also remove the virtual environment and every cache
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
