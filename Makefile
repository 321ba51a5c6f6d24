# The outside of the platform. `make help` lists what there is.
SHELL := /bin/bash
PYTHON ?= python3
UV := uv==0.13.9
BIN := .venv/bin
# Airflow starts twice as slowly without compiled bytecode.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR)
export DATA_DIR ?= $(CURDIR)/data
EXPLORER_FILES := $(shell find explorer -name node_modules -prune -o -type f -print)
DBT_FILES := $(shell find include/dbt -name target -prune -o -type f \( -name '*.sql' -o -name '*.yml' \) -print)

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: checkout .venv/ready .dbt/manifest.json .explorer/ready ## install everything into .venv, from the lock file

checkout:
	@git ls-files --deleted 2>/dev/null | sed 's/.*/& is missing: git checkout -- & brings it back/' >&2

requirements.lock:
	@echo "requirements.lock is missing: restore it from git, or make lock" >&2; exit 1

.venv/ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 setup"; exit 1; }
	@echo "installing $$(grep -c '^[a-z0-9].*==' requirements.lock) packages into .venv (2.0 GB; 1 to 3 minutes) …"
	@began=$$SECONDS; set -e; \
	$(PYTHON) -m venv .venv; \
	$(BIN)/pip install --quiet --disable-pip-version-check $(UV); \
	$(BIN)/uv pip sync --quiet --system-certs --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock; \
	echo "installed in $$((SECONDS - began)) s ($$(du -sh .venv | cut -f1))"
	@touch $@

.dbt/manifest.json: .venv/ready $(DBT_FILES)
	@echo "parsing the dbt project (5 to 20 seconds) …"
	@$(BIN)/dbt --quiet parse --project-dir $(CURDIR)/include/dbt --profiles-dir include/dbt --profile sensor_platform --target embedded --log-path .dbt/logs

# Without npm all else works: a failure is said once, and `make explorer` tries again.
.explorer/ready: .venv/ready $(EXPLORER_FILES)
	@mkdir -p .explorer && touch $@
	@echo "building the explorer (5 to 20 seconds) …"
	@cli/build_explorer || echo "the explorer was not built: npm could not install its packages. Try again with make explorer; all else works without it" >&2

explorer: .venv/ready ## build the page of explorer/ again
	@cli/build_explorer && touch .explorer/ready

run: setup ## run all DAGs once: drives → readings → release (AS_OF=2026-03-01 replays a day)
	@$(BIN)/python cli/run.py

example: setup ## a further site with its own sample and data (NAME=water; ARGS=--ui shows it)
	@$(BIN)/python cli/example.py "$(NAME)" $(ARGS)

ui: setup ## Airflow on this machine, with the same DAGs and data (PORT=8080)
	@$(BIN)/python cli/ui.py

api: setup ## explorer and JSON API of public releases, without a login, on this machine alone (PORT=8090)
	@$(BIN)/python cli/api.py

new-building: setup ## the rows of a building (ARGS='home --timezone Europe/Prague')
	@$(BIN)/python cli/new_building.py $(ARGS)

new-datasource: setup ## the rows that read files like FILE=<sample> (ARGS='--building home', --help)
	@$(BIN)/python cli/new_datasource.py "$(FILE)" $(ARGS)

diff-datasource: setup ## what is declared beside what FILE=<file> holds, with rows to paste
	@$(BIN)/python cli/diff_datasource.py "$(FILE)" $(ARGS)

lint: setup ## style, types, layers and spelling
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-python lint-rest

lint-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=$(CURDIR):$(CURDIR)/plugins $(BIN)/lint-imports --no-cache

lint-rest:
	@if [ -d explorer/node_modules ]; then PATH=$(CURDIR)/$(BIN):$$PATH explorer/node_modules/.bin/tsc -p explorer; else echo "explorer/node_modules is missing: types of the explorer are not checked"; fi
	$(BIN)/sqlfluff lint include/dbt/models
	$(BIN)/codespell
	.ci/check_phrases
	$(BIN)/shellcheck .ci/run .ci/astro/check cli/serverless cli/make_secrets cli/build_explorer
	$(BIN)/hadolint Dockerfile

test: lint ## lint, types and all tests
	$(BIN)/python -m pytest -n 4 --dist loadgroup --no-loadscope-reorder --durations 10

test-quick: setup ## the tests that run no DAG, no server and no program: under a minute
	$(BIN)/python -m pytest -n 2 -m "not long" --durations 5

coverage: setup ## which lines the tests run
	$(BIN)/python -m pytest -n 4 --dist loadgroup --no-loadscope-reorder --cov --cov-report=term:skip-covered

lock: ## renew requirements.lock and requirements.txt after a change in pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group dev --group explorer --extra sql --extra forecast pyproject.toml -o requirements.lock
	$(BIN)/python cli/pins.py > requirements.txt

clean: ## remove what setup and runs have made, but for DATA_DIR
	rm -rf .venv .dbt .explorer explorer/node_modules .pytest_cache .ruff_cache .mypy_cache

bench: setup ## measure against the floor; writes docs/benchmarks.md
	$(BIN)/python benchmarks/bench.py

docs: setup ## the pages of docs/ with a search (.dbt/site), and dbt's as one file that Airflow shows (.dbt/static_index.html)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	$(BIN)/dbt --quiet docs generate --no-compile --static --empty-catalog --project-dir $(CURDIR)/include/dbt --profiles-dir include/dbt --profile sensor_platform --target embedded --log-path .dbt/logs

.PHONY: help checkout setup explorer run example ui new-building new-datasource diff-datasource lint lint-python lint-rest test test-quick coverage docs bench lock clean
