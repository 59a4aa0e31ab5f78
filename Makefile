# Two commands: `make demo` shows the main job, `make test` runs the whole check; CI runs `make check`, which measures
# its coverage as well, and adds `make bench-smoke`.
# Each sets everything up by itself in .venv, from pinned versions.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Twice the cores: many tests wait for processes.
WORKERS ?= $(shell expr 2 \* `getconf _NPROCESSORS_ONLN`)
# How the documentation is built: dummy reads and resolves every page, and writes none.
BUILDER ?= html
STAMP := $(VENV)/.installed
IN_PROCESSES = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --dist=worksteal --durations=10 --numprocesses
PYTEST = $(IN_PROCESSES)=$(WORKERS) --ignore=tests/project/test_benchmarks.py
TOGETHER := $(if $(findstring output-sync,$(.FEATURES)),--output-sync=target)
BESIDE := $(MAKE) --no-print-directory --jobs $(TOGETHER)

.DEFAULT_GOAL := help
.PHONY: help demo demo-many test check lint types unit coverage languages docs model bench bench-smoke clean

help:  ## What there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "This Python cannot make a virtual environment; on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  --editable '.[all]' --group dev
	@touch $@

demo: $(STAMP)  ## Submit the examples to a sandbox on this machine and show what became of them
	@$(BIN)/confirma demo examples

demo-many: $(STAMP)  ## Two workers on a database of this machine; one is killed, and nothing is lost
	@$(BIN)/python benchmarks/demo_many.py

test: $(STAMP)  ## The whole check, its parts beside each other; each is shown when it has ended
	@$(BESIDE) lint types docs unit BUILDER=dummy

lint: $(STAMP)  ## Style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## Both type checkers
	$(BIN)/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	PATH="$(CURDIR)/$(BIN):$$PATH" PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --ignoreexternal --verifytypes confirma_async
	PATH="$(CURDIR)/$(BIN):$$PATH" PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --ignoreexternal --verifytypes confirma_sync

unit: $(STAMP)  ## The tests, in twice as many processes as there are cores (or WORKERS=2)
	$(PYTEST)

check: $(STAMP)  ## What CI runs: the whole check with more kills and its coverage, and the benchmarks
	@$(BESIDE) lint types docs coverage
	@$(MAKE) --no-print-directory bench-smoke

coverage: $(STAMP)  ## The same, and which lines they do not reach; takes two thirds longer
	CONFIRMA_KILLS=16 $(PYTEST) --cov --cov-report=term-missing:skip-covered

languages: $(STAMP)  ## Bring the catalogues of Finnish and Swedish up to date with the sources, and compile them
	$(BIN)/python -m tests.catalogues

docs: $(STAMP)  ## The documentation, warnings as errors
	$(BIN)/sphinx-build --quiet --fail-on-warning --nitpicky -b $(BUILDER) docs docs/_build/$(BUILDER)

model: $(STAMP)  ## Go through every order of the steps of a shared journal (needs Debian's spin and gcc; minutes)
	CONFIRMA_WHOLE_MODEL=1 $(BIN)/python -m pytest --no-cov -rs tests/model

bench: $(STAMP)  ## Each benchmark prints JSON with its ratios
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group rivals
	$(BIN)/python benchmarks/client_overhead.py
	$(BIN)/python benchmarks/serialization.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/sync_overhead.py
	$(BIN)/python benchmarks/bulk.py
	$(BIN)/python benchmarks/account_journal.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/kill.py --kills 60 --at-once 2
	$(BIN)/python benchmarks/mirror.py
	$(BIN)/python benchmarks/mirror_kill.py --kills 60
	$(BIN)/python benchmarks/mirror_truth.py --invoices 5000 --payments 3000 --settlements 100
	$(BIN)/python benchmarks/shared_journal.py
	$(BIN)/python benchmarks/shared_outbox.py
	$(BIN)/python benchmarks/workers.py
	$(BIN)/python benchmarks/claims.py --invoices 200000
	$(BIN)/python benchmarks/kill_workers.py --kills 100
	$(BIN)/python benchmarks/outbox.py
	$(BIN)/python benchmarks/kill_outbox.py --kills 60 --answers 0
	$(BIN)/python benchmarks/limiter.py
	$(BIN)/python benchmarks/deadline.py
	$(BIN)/python benchmarks/contract_recording.py
	$(BIN)/python benchmarks/adaptive_rate.py

bench-smoke: $(STAMP)  ## Every benchmark runs and says what it promises; no figure is judged
	$(IN_PROCESSES)=auto tests/project/test_benchmarks.py

clean:  ## Remove everything that make made
	rm -rf $(VENV) docs/_build docs/_generated .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis .demo
