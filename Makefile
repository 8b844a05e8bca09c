# Every target sets up what it needs. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
BUILD := build
COVERED := $(BUILD)/covered
# official files, a folder for each place; without them only what is built in is held to lists
DATA ?= $(wildcard ../shared/data)
SOURCES := $(wildcard $(shell git ls-files -co --exclude-standard -- . ':!*.md' 2>/dev/null))
TESTS ?= tests analysis simulations

export PYTHONDONTWRITEBYTECODE = 1
# one pool of threads at a time: the tests run side by side
export OPENBLAS_NUM_THREADS = 1

.DEFAULT_GOAL := help
.PHONY: help install memo lab browser test check bench evidence pictures verify lock clean

help: ## list the targets
	@echo "Multiple Measures: decide, defend and study how schools are judged."
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|' 2>/dev/null \
	  || grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1    /'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "This needs Python 3.11 or newer. Name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python lacks the module venv. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into .venv, about two minutes ..."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/measures --help > /dev/null || { echo "The installation did not work; see above."; exit 1; }
	@touch $(READY)

install: $(READY) ## make .venv with the exact versions of requirements.lock

memo: $(READY) ## run the first memo's notebook and publish the memo; prints its path
	@$(BIN)/measures memo status-or-improvement

lab: $(READY) ## open JupyterLab on the notebooks, with the project's own kernel
	@$(BIN)/jupyter lab --notebook-dir=notebooks

browser: ## install what the tests of pages need: Chromium, fonts, axe-core
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || \
	  command -v google-chrome > /dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu-core fonts-noto-core > /dev/null; \
	  else echo "No Chromium, so tests of pages are skipped. On Debian, as root: apt install chromium fonts-dejavu-core fonts-noto-core"; fi
	@if ! command -v npm > /dev/null; then \
	    echo "No npm, so pages are not checked for access. On Debian: apt install nodejs npm"; \
	  elif ! cmp -s tests/accessibility/package-lock.json $(BUILD)/accessibility/package-lock.json || \
	      ! test -f $(BUILD)/accessibility/node_modules/axe-core/axe.min.js; then \
	    mkdir -p $(BUILD)/accessibility && cp tests/accessibility/package*.json $(BUILD)/accessibility/ && \
	    cd $(BUILD)/accessibility && npm ci --ignore-scripts --no-audit --no-fund --silent; fi

test: $(READY) browser ## run every test, and measure how much of the code they reach
	@mkdir -p $(BUILD)
	@$(BIN)/python -m slipcover --json --out $(BUILD)/covered.json \
	  -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)
	@touch $(COVERED)

# the tests run again only when something has changed since they last passed
$(COVERED): $(READY) $(SOURCES)
	@$(MAKE) --no-print-directory test

check: $(COVERED) ## style, types, house rules, coverage, and the lines of both packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run .venv/bin/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n 0 tests/test_house_rules.py tests/test_environment.py
	@$(BIN)/python -m slipcover --merge $(BUILD)/covered.json --out $(BUILD)/merged.json --skip-covered \
	  --fail-under 95 > $(BUILD)/coverage.txt || { cat $(BUILD)/coverage.txt; exit 1; }
	@echo "branches and lines reached by tests (95 % at least):" \
	  "$$($(BIN)/python -c 'import json; print(round(json.load(open("$(BUILD)/covered.json"))["summary"]["percent_covered"]))') %"
	@echo "lines of both packages (budget 9,000): $$(cat $$(git ls-files 'analysis/*.py' 'simulations/*.py') | wc -l)"

bench: $(READY) ## time rating, and write build/bench.json
	@$(BIN)/python -m tests.bench

evidence: $(READY) browser ## run the long campaigns whose kept figures are stale (NAMES="..." for some)
	@MULTIPLE_MEASURES_BROWSER=required $(BIN)/python -m tests.evidence $(NAMES)

pictures: $(READY) browser ## make the pictures that README shows anew
	@MULTIPLE_MEASURES_BROWSER=required $(BIN)/python -m tests.pictures

verify: $(READY) ## hold designs to published lists, and write build/verify.json
	@$(BIN)/measures verify $(if $(DATA),--data $(DATA)) --out $(BUILD)/verify.json

lock: ## choose versions anew (needs uv from .venv)
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --upgrade --quiet -o requirements.lock

clean: ## remove everything generated
	@rm -rf $(BUILD) .venv .mypy_cache .ruff_cache .hypothesis
