# Every target does its own set-up: a virtual environment with the locked packages, made again only when they change.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CHECKED := src tests bench examples
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo serve test check bench soak lock clean

help:
	@echo 'make demo   the whole main job on this machine; options: make demo ARGS="--input clip.mp4 --seconds 20"'
	@echo 'make serve  run the server;                     options: make serve ARGS="--data ./tailrace-data"'
	@echo 'make test   all tests;                          options: make test ARGS="tests/unit -k settings"'
	@echo 'make check  format, lint, types, import rules, module length'
	@echo 'make bench  measure, beside ffmpeg'
	@echo 'make soak   kill and freeze processes while relays run; options: make soak ARGS="--seconds 3600 --seed 7"'
	@echo 'make lock   choose the package versions anew'
	@echo 'make clean  remove what the targets made'

demo: $(VENV)/runtime.stamp
	@$(BIN)/tailrace demo $(ARGS)

serve: $(VENV)/runtime.stamp
	@$(BIN)/tailrace serve $(ARGS)

test: $(VENV)/dev.stamp
	@.ci/peers
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),.ci/tests $(BIN)/python)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/unit/test_layout.py

bench: $(VENV)/dev.stamp
	@.ci/peers
	@$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.integration.chaos $(ARGS)

$(VENV)/made.stamp:
	@.ci/venv $(VENV)
	@touch $@

$(VENV)/runtime.stamp: $(VENV)/made.stamp requirements.txt pyproject.toml
	@echo 'Installing the locked packages ...'
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.txt
	@echo 'Installing the locked development packages ...'
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# The files hold names, versions and hashes only: no address of any index.
lock: $(VENV)/made.stamp
	@test -x .tools/bin/uv || { python3 -m venv .tools && .tools/bin/python -m pip install --quiet uv; }
	.tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links pyproject.toml --group build -o requirements.txt
	.tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links pyproject.toml --group build --group dev -c requirements.txt \
		-o requirements-dev.txt

clean:
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tailrace-demo \
		bench/results build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
