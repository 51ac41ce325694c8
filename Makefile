# Two commands are enough: `make demo` starts a living mall, `make test` proves it.

PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN := $(BIN)/python

.PHONY: help setup demo test check format lock
.DEFAULT_GOAL := help

help: ## what can be made here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## the virtual environment, from the hashed lock file

.venv/ready: requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "Kamen needs Python 3.11 or newer with venv and pip; none was found on PATH." >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) (a minute or two the first time)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

test: .venv/ready ## everything, browser stories included where there is a Chromium (ARGS="-k name" narrows)
	@$(BIN)/pytest -n auto $(ARGS)
