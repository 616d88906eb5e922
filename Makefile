# make demo    everything set up, an embedded estate harvested, its catalog built and served
# make test    everything set up, every check and every test
# make help    the rest

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   := build/demo
PORT   ?= 8000

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export NO_MKDOCS_2_WARNING = 1
# What is imported is compiled once and kept: hundreds of processes start here, and pip would compile five times as much.
unexport PYTHONDONTWRITEBYTECODE
INSTALL = $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt

.PHONY: help demo demo-programs demo-stop test test-programs suite check types lint counted audit format bench docs manual dist sbom screenshots clean

help:
	@echo "make demo       harvest the embedded estate, build its catalog and serve it on port $(PORT)"
	@echo "make demo-stop  stop serving it"
	@echo "make test       lint, types, import rules, and every test, browser tests included"
	@echo "make check      lint, types and import rules alone"
	@echo "make audit      known vulnerabilities of what is installed, asked of OSV"
	@echo "make format     put the code in form"
	@echo "make bench      the benchmarks of benchmarks/README.md"
	@echo "make screenshots  the pictures of docs/screens, from the site that 'make demo' made"
	@echo "make docs       the product's documentation, into build/docs"
	@echo "make manual     the same of this version beside those of the others, on the branch gh-pages"
	@echo "make dist       the source distributions and the wheels of Studbook and of its demo, into dist"
	@echo "make sbom       what the product needs at run time, as CycloneDX, into dist"
	@echo "make clean      remove what was built, and the virtual environment"

# All that pip cannot bring is asked for at once, and before what takes minutes: $(call needed,COMMAND=PACKAGE ...)
needed = test -e $(VENV)/bin/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || { echo "error: Studbook needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }; \
  .ci/require $(1) $$(test -e $(VENV)/bin/python || $(PYTHON) -c 'import ensurepip' 2>/dev/null \
    || $(PYTHON) -c 'import sys; print("no-ensurepip=python3.%d-venv" % sys.version_info[1])')

$(VENV)/bin/python:
	@$(call needed)
	$(PYTHON) -m venv $(VENV)

demo-programs:
	@$(call needed,dot=graphviz)

test-programs:
	@$(call needed,dot=graphviz git=git $$(command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || command -v google-chrome >/dev/null || echo chromium=chromium))

# The extras are stamped, so that a changed pyproject.toml installs again and nothing else does.
$(VENV)/.demo: pyproject.toml constraints.txt $(VENV)/bin/python
	$(INSTALL) --editable '.[demo]'
	@touch $@

# One pip uses one core: three lay down what is pinned, then one looks whether that is all that this Python needs. So
# nothing hangs on the three: a pin that a later Python neither has nor needs fails there, and costs time alone.
$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/bin/python
	-grep -v '^#' constraints.txt | xargs -n 80 -P 3 $(INSTALL) --no-deps
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

demo: demo-programs $(VENV)/.demo
	@$(MAKE) --no-print-directory demo-stop
	$(BIN)/studbook demo --output $(DEMO) --no-serve
	@nohup $(BIN)/studbook serve --catalog $(DEMO)/catalog --output $(DEMO)/site --port $(PORT) \
	  </dev/null >build/serve.log 2>&1 & echo $$! >build/serve.pid
	@for _ in 1 2 3 4 5 6 7 8 9 10; do grep -q http: build/serve.log 2>/dev/null && break; sleep 0.5; done; \
	  address=$$(grep -o 'http:[^ ]*' build/serve.log | head -n 1); \
	  if [ -n "$$address" ]; then echo "browse    $$address      until 'make demo-stop'"; \
	  else cat build/serve.log >&2; exit 1; fi

demo-stop:
	@if [ -f build/serve.pid ]; then kill "$$(cat build/serve.pid)" 2>/dev/null || true; rm -f build/serve.pid build/serve.log; fi

# mypy takes one core for as long as all the others take another.
check: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 2 types lint counted

# In CI nobody comes again for what mypy would keep, which costs a seventh of its time to write.
types: $(VENV)/.dev
	$(BIN)/mypy $(if $(CI),--cache-dir=/dev/null)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# Of the checks alone: among the tests are both of these.
counted: $(VENV)/.dev
	$(BIN)/python .ci/one_step.py
	$(BIN)/python -m tests.census

test: test-programs $(VENV)/.dev
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory --jobs 2 suite types

suite: $(VENV)/.dev
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

audit: $(VENV)/.dev
	@.ci/audit $(BIN)/python

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

docs: $(VENV)/.demo
	$(BIN)/mkdocs build --strict --site-dir build/docs

manual: $(VENV)/.dev docs
	@.ci/manual $(BIN)/python

dist: $(VENV)/.dev
	$(BIN)/python -m hatchling build -d dist
	cd src/studbook/demo && $(CURDIR)/$(BIN)/python -m hatchling build -d $(CURDIR)/dist

sbom: $(VENV)/.dev
	@mkdir -p dist
	$(BIN)/python .ci/sbom.py > dist/studbook.cdx.json

screenshots: $(VENV)/.dev
	$(BIN)/python docs/screens/shoot.py $(DEMO)/site

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
