# Everything runs from a bare clone: Linux x86-64, Python >= 3.11 with venv, and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

RATE ?= 500
DURATION ?= 30
KEEP ?= 0
# Each worker has a broker and an emulator of its own; most of these tests wait more than they work, also on two cores.
SLOW_WORKERS ?= 3
# Where the rows of the fault table go; benchmarks/results/faults.jsonl is what docs/reliability.md shows.
FAULTS ?= .tidemark/faults.jsonl
# How many examples property tests draw (tests/conftest.py).
EXAMPLES ?= repeatable
# Of `make fuzz`, `make mutants` and `make simulate`, which leave their figures in RESULTS; SEED of `make chaos` too.
MINUTES ?= 10
SEED ?= 1
SEEDS ?= 500
RESULTS ?= .tidemark
# Of the kill loop, with those of earlier runs.
KILLS ?= 100
# The first interpreter that is new enough; PYTHON=/path/to/python overrides.
NEW_ENOUGH := import sys; sys.exit(not (3, 11) <= sys.version_info[:2])
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
# Test modules are compiled once: with assertions rewritten anew that is 4 s of every run and worker.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest
# An empty PYTHON falls back to python3, so that bootstrap.py says in one line what is wrong with it.
BOOTSTRAP := $(or $(PYTHON),python3) bootstrap.py
INPUTS := bootstrap.py pyproject.toml requirements-bootstrap.lock sandbox/platform/kafka_jars.sha256

.PHONY: help demo test test-fast test-slow test-long fuzz mutants simulate nightly faults chaos corpus reliability memo conformance audit-coverage screenshots soak bench check format lock clean clean-cache

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "  Settings: RATE=500 events/s, DURATION=30 s, KEEP=1 leaves the demo running, PYTHON=interpreter"

demo: .venv/.installed-demo ## Watch payments arrive under Dagster, audited, replayed (RATE=500 DURATION=30 KEEP=0)
	@$(BIN)/tidemark demo --rate $(RATE) --duration $(DURATION) $(if $(filter 1 yes true,$(KEEP)),--keep)

check: .venv/.installed-dev ## Lint, types, import rules, fast tests (under a minute)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test-fast

test: EXAMPLES := thorough
test: test-fast test-slow ## Fast tests, then those with a real broker and emulator (ten to fifteen minutes)

test-fast: .venv/.installed-dev ## Pure tests alone (EXAMPLES=thorough: more examples of each property)
	@POLARS_MAX_THREADS=1 $(PYTEST) -m "not integration and not fault" -n 2 --hypothesis-profile=$(EXAMPLES)

test-slow: .venv/.installed-dev ## Tests with a real broker and emulator, and those that kill processes
	@$(PYTEST) -m "(integration or fault) and not long" -n $(SLOW_WORKERS) --dist loadfile --no-loadscope-reorder

test-long: .venv/.installed-dev ## What is left: minutes of outages, every fault, pages in a browser (half an hour)
	@$(PYTEST) -m "long" -n $(SLOW_WORKERS) --dist loadfile --no-loadscope-reorder

audit-coverage: .venv/.installed-dev ## What of the auditor its own tests reach, branch by branch; less than all of it fails
	@mkdir -p .tidemark
	@$(BIN)/coverage run --branch --source=audit --data-file=.tidemark/audit.coverage -m pytest -n 0 tests/audit \
		--ignore tests/audit/test_audit_on_emulator.py \
		--deselect tests/audit/test_audit_sabotage.py::test_sabotage_alone_is_caught
	@$(BIN)/coverage report --data-file=.tidemark/audit.coverage --show-missing --fail-under=100

corpus: .venv/.installed-dev ## Send every hostile record through a real broker, print what landed, audit, seek card numbers
	@$(BIN)/python tests/corpus/through_the_broker.py

fuzz: .venv/.installed-dev ## Throw spoiled records at the whole walk until a promise breaks (MINUTES=10 SEED=1)
	@POLARS_MAX_THREADS=1 $(BIN)/python tests/fuzz/fuzz.py --minutes $(MINUTES) --seed $(SEED) --out $(RESULTS)/fuzz.json

mutants: .venv/.installed-dev ## Count in how many examples each shortcut of the protocol is noticed (SEEDS=500)
	@$(BIN)/python tests/protocol/mutants.py $(SEEDS) --out $(RESULTS)/mutants.json

simulate: .venv/.installed-dev ## The whole consumer in memory through seeded schedules of faults, row by row (SEEDS=500)
	@POLARS_MAX_THREADS=1 $(BIN)/python tests/runner/simulation_table.py $(SEEDS) --out $(RESULTS)/simulation.json

nightly: EXAMPLES := explore
nightly: test-fast test-long audit-coverage fuzz mutants simulate ## What takes too long for every change: other examples, every fault, fuzzing

faults: .venv/.installed-dev ## Break the platform in every way we know, print a table (FAULTS=file.jsonl keeps it)
	@mkdir -p $(dir $(FAULTS)) && rm -f $(FAULTS)
	@FAULT_REPORT=$(abspath $(FAULTS)) $(BIN)/pytest -m fault tests/faults -n 0 && failed=0 || failed=$$?; \
		$(BIN)/python tests/faults/fault_report.py $(FAULTS); exit $$failed

chaos: .venv/.installed-dev ## Kill members under traffic at every step, audit after each ten (KILLS=100 SEED=1)
	@$(BIN)/python -m benchmarks.chaos --kills $(KILLS) --seed $(SEED)

screenshots: .venv/.installed-dev ## Take the pictures in docs/images anew, from the running pages (needs Chromium)
	@SCREENSHOTS=docs/images $(BIN)/pytest tests/browser -n 0

bench: .venv/.installed-dev ## Measure everything on this machine, under 15 minutes (BENCH_EVENTS=2000000 BENCH_SECONDS=60)
	@$(BIN)/python -m benchmarks

soak: .venv/.installed-dev ## At 5,000 events/s: memory, descriptors, threads, latency over time (HOURS=0.25; ten minutes)
	@$(BIN)/python -m benchmarks --only soak $(if $(HOURS),--hours $(HOURS))

reliability: .venv/.installed-dev ## Write docs/reliability.md from what the runs left in benchmarks/results
	@$(BIN)/python -m benchmarks.reliability

memo: .venv/.installed-dev ## Write docs/memo.pdf from the runs and the cost model (AS_OF=2026-11-30; else today)
	@$(BIN)/python -m benchmarks.memo $(if $(AS_OF),--as-of $(AS_OF))

conformance: .venv/.installed-dev ## The warehouse contract on a real BigQuery project, if TIDEMARK_BIGQUERY_PROJECT names one
	@$(BIN)/python -m benchmarks.reliability.conformance

format: .venv/.installed-dev ## Format and sort imports
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format .

lock: .venv/.installed-dev ## Resolve requirements*.in anew into hash-pinned locks
	@for name in requirements-bootstrap requirements requirements-dev; do \
		echo "locking $$name"; \
		$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --upgrade -q \
			$$name.in -o $$name.lock || exit 1; \
	done

clean: ## Stop the local platform; remove .venv, its state and caches in this folder
	@if [ -x $(BIN)/tidemark ]; then $(BIN)/tidemark down >/dev/null 2>&1 || true; fi
	@rm -rf .venv .tidemark .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: ## Remove the per-user cache (Kafka's jars)
	@rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/tidemark"

.venv/.installed-demo: requirements.lock $(INPUTS)
	@$(BOOTSTRAP) demo

.venv/.installed-dev: requirements-dev.lock $(INPUTS)
	@$(BOOTSTRAP) dev
