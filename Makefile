# Two commands matter: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
SELF   := $(firstword $(MAKEFILE_LIST))
JOBS   ?= 2
ROUNDS ?= 1000
N      ?= 200000
LAWS   ?=

# The tests run on a newer Python too, where a usable one is here. `make test NEWER=python3.x` names it, `NEWER=` leaves
# it out.
VENV2  := .venv-newer

export NEWEST
define NEWEST
import glob, os, subprocess, sys
for minor in (14, 13, 12):
    if minor > sys.version_info[1]:
        name = f"python3.{minor}"
        # On the path, or where pyenv keeps what it has not put there.
        for found in (name, *glob.glob(os.path.expanduser(f"~/.pyenv/versions/3.{minor}.*/bin/{name}"))):
            try:
                usable = subprocess.run([found, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
            except OSError:
                continue
            if usable:
                print(found)
                sys.exit()
endef

# What an activated environment, or a setting made for another project, would change. Where pip finds its packages
# (index, proxy, certificate, cache) is the machine's business and stays.
unexport VIRTUAL_ENV CONDA_PREFIX __PYVENV_LAUNCHER__
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONSAFEPATH PYTHONINSPECT
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_PYTHON PIP_REQUIREMENT PIP_CONSTRAINT PIP_BUILD_CONSTRAINT
unexport PIP_NO_BINARY PIP_ONLY_BINARY PIP_EDITABLE PIP_NO_DEPS PIP_DRY_RUN PIP_PRE PIP_UPGRADE PIP_IGNORE_INSTALLED PIP_FORCE_REINSTALL PIP_REPORT
unexport PIP_REQUIRE_HASHES PIP_NO_BUILD_ISOLATION PIP_PLATFORM PIP_PYTHON_VERSION PIP_IMPLEMENTATION PIP_ABI PIP_SRC
unexport PYTEST_ADDOPTS PYTEST_PLUGINS MYPYPATH MYPY_CACHE_DIR COVERAGE_FILE COVERAGE_RCFILE RUFF_CONFIG
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# pyright runs what its wheel brings and asks nobody for a newer one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

PROGRAMS := $(wildcard examples benchmarks)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format types ruff imports mypy pyright pytest quick long newer browser faults leaks crash fuzz cover bench record lock clean setup

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(SELF)

# ---------------------------------------------------------------------------------------------------- for everybody

demo: setup ## show the library at work, without a key
	@$(PY) examples/demo.py

test: setup ## check everything: style, imports, types, tests; on a newer Python too where there is one
	@$(MAKE) --no-print-directory -k -j$(JOBS) --output-sync=target lint types
	@$(MAKE) --no-print-directory pytest newer

# ---------------------------------------------------------------------------------------------------- the checks

lint: ruff imports ## style and the direction of imports

types: mypy pyright ## mypy (strict) and pyright

ruff: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted: run 'make format'"; exit 1; }

imports: setup
	@$(BIN)/lint-imports --no-logo

mypy: setup
	@$(BIN)/mypy src tests $(PROGRAMS)

pyright: setup
	@$(BIN)/pyright --pythonpath $(PY)

pytest: setup
	@$(PY) -m pytest -q -n $(JOBS)

quick: setup ## the tests without the slow ones, in under two minutes
	@$(PY) -m pytest -q -n $(JOBS) -m 'not slow'

long: setup ## every law on 20,000 examples, JOBS files at once, for hours; one line for each (LAWS='file …')
	@$(PY) -m tests.long -j $(JOBS) $(LAWS)

# The slow tests ran already, on the first Python.
newer: setup
	@newer="$${NEWER-$$($(PY) -c "$$NEWEST")}"; \
	if [ -z "$$newer" ]; then echo "no newer Python: $$($(PY) -V) it is"; exit 0; fi; \
	$(MAKE) -s --no-print-directory $(VENV2)/.installed PYTHON="$$newer" VENV=$(VENV2) && $(VENV2)/bin/python -V && \
	$(VENV2)/bin/python -m pytest -q -n $(JOBS) -m 'not slow' -p no:cacheprovider

format: setup ## rewrite the code in the project's format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

browser: setup ## look at a page of `show` in Chromium, where there is one
	@$(PY) -m pytest -q -m browser

leaks: setup ## ten thousand calls that fail or are given up, and what is left of them
	@LEAKS=10000 $(PY) -m pytest -q -n $(JOBS) tests/faults/test_leaks.py

faults: setup ## survive every fault of the matrix, in random order
	@$(PY) -m pytest -q -n $(JOBS) --random-order tests/faults

crash: setup ## kill two writing processes a thousand times: nothing acknowledged is lost (ROUNDS=…)
	@$(PY) -m tests.faults.crash --rounds $(ROUNDS)

fuzz: setup ## try hostile inputs on whatever reads bytes (N=…); what is found is kept in tests/fuzz/seeds
	@$(PY) -m tests.fuzz --inputs $(N)

cover: setup ## tests with branch coverage, as text and in htmlcov/
	@$(PY) -m pytest -q -n $(JOBS) --cov --cov-report=term --cov-report=html

bench: setup ## measure what the library costs
	@$(PY) benchmarks/run.py

record: setup ## record the cassettes anew, against the stub provider
	@$(PY) -m pytest -q tests/test_cassettes.py -k test_scene --llm-record=all

# ---------------------------------------------------------------------------------------------------- setting up

setup: $(VENV)/.installed

# Stamps: packages follow the lock, the project's own metadata follows pyproject.toml; else nothing is done.
$(VENV)/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "needs Python 3.11 or newer: make PYTHON=python3.x ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "this Python cannot make environments: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PY) -m pip install -qq --no-deps --require-hashes -r requirements.lock # the lock is whole: nothing to resolve
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(PY) -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

lock: setup ## resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --upgrade --all-extras --group dev --output-file requirements.lock pyproject.toml

clean: ## remove environments, caches and results
	rm -rf $(VENV) $(VENV2) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis htmlcov dist
	rm -f .coverage .coverage.*
	find src tests $(PROGRAMS) -name __pycache__ -type d -prune -exec rm -rf {} +
