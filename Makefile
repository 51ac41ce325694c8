# Two commands are enough: `make demo` starts a living mall, `make test` proves it.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# The first of these that really runs, is new enough and can make virtual environments. 3.12 and 3.11 come first because
# the embedded Redis has packages for them; with a newer Python a redis-server on PATH serves.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python3.13 python3.14; do \
	$$p -c '$(USABLE)' >/dev/null 2>&1 </dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN := $(BIN)/python
# There when .venv is whole; older than the lock file means: set up again.
READY := .venv/ready

.PHONY: help setup demo code psql test bench bench-large bench-smoke bench-engine simulate interleave museum screens check format docs translations lock clean
.DEFAULT_GOAL := help

help: ## what can be made here
	@echo "Kamen 卡门"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## the virtual environment .venv, from the hashed lock file

$(READY): requirements-dev.lock
	@test -n "$(PYTHON)" || { \
		if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then echo "$$(python3 --version) is here, but without venv and pip: install them (Debian and Ubuntu: apt-get install python3-venv)."; \
		else echo "Kamen needs Python 3.11 or newer on PATH; here is $$(python3 --version 2>/dev/null || echo none)."; \
		fi >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (a minute or two the first time)"
	@test ! -L .venv || { echo ".venv is a link to another tree's environment; remove the link first, so that only this tree's is made anew." >&2; exit 1; }
	@rm -f $@ && $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

demo: $(READY) ## a living mall on this machine (PORT=8001 chooses the port); Ctrl-C stops it
	@exec $(RUN) -m kamen.demo

code: $(READY) ## the second factor of the demo's staff, right now
	@$(RUN) manage.py demo_code

psql: $(READY) ## a psql on the mall's database, as the application
	@$(RUN) manage.py psql

test: $(READY) ## everything, browser stories included where there is a Chromium (ARGS="-k name" narrows)
	@$(BIN)/pytest -n auto $(ARGS)

# The peers that we are measured against; nothing else needs them.
BENCH_READY := .venv/bench-ready

$(BENCH_READY): $(READY) requirements-bench.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements-bench.lock
	@touch $@

bench: $(BENCH_READY) ## how fast the mall is here, beside its peers and the machine's limit (ARGS="--only clocks" narrows)
	@$(RUN) -m bench --size small $(ARGS)

bench-large: $(BENCH_READY) ## the same with millions of transfers and clocks behind it; takes hours, resumes in .local/bench
	@$(RUN) -m bench --size large --home .local/bench $(ARGS)

bench-smoke: $(BENCH_READY) ## do the benchmarks run at all? (CI)
	@$(RUN) -m bench --size smoke $(ARGS)

simulate: $(READY) ## 100,000 seeded cases with faults and a time of their own (SEED=7 tells one, ARGS="--cases 500" fewer)
	@$(RUN) -m tests.simulation.many $(if $(SEED),--seed $(SEED)) $(ARGS)

interleave: $(READY) ## every pair of verbs that move money, statement by statement (ARGS="--verbs accept" narrows)
	@$(RUN) -m tests.interleaving.every $(ARGS)

museum: $(READY) ## known bugs of other people put in, each of which the tests must catch (ARGS="lazy_lock" narrows)
	@$(RUN) -m tests.museum.visit $(ARGS)

screens: $(READY) ## pictures of the journey from a demo of their own, for the README; SHARD=1/4 looks at a quarter of all pages
	@$(RUN) -m tests.screens $(if $(SHARD),--shard $(SHARD)) $(ARGS)

bench-engine: $(READY) ## how many cases the rulebook decides in a second, on one core
	@$(RUN) -m bench.engine

check: $(READY) ## lint, format, types, templates, imports, migrations, docs, translations, lock files, secrets
	@.ci/check

format: $(READY) ## put code and templates into shape
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .
	@git ls-files 'templates/*.html' | xargs -r $(BIN)/djade --target-version 5.2 || true

translations: $(READY) ## the Chinese catalog from the strings in code and templates; names what has no Chinese yet
	@$(RUN) manage.py translations

docs: $(READY) ## write the generated pages again
	@$(RUN) manage.py docs

lock: $(READY) ## resolve the dependencies of pyproject.toml anew into the lock files
	@.ci/lock

clean: ## forget this demo's mall and what the tools left behind, but not .venv
	@if [ -d .local ]; then $(RUN) -m kamen.demo --forget; fi
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
