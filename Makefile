# Every target does its own set-up: a fresh machine needs only Python (3.11 or newer), pip and make.
PYTHON ?= python3
VENV   ?= .venv
RUN    := $(VENV)/bin/python
NODE_MODULES := tests/clients/node_modules examples/frontend/node_modules

# without byte code each process that a test starts would compile the app first
unexport PYTHONDONTWRITEBYTECODE

export HOST ?= 127.0.0.1
export PORT ?= 8000
export WORKERS ?= 1
export DATABASE_URL ?= sqlite:///nutrients.db

.PHONY: help serve migrate load rollback grant test test-all quick lint format check-content generate search-eval \
	clients published-clients fuzz hostile torture mutation redbot lock audit sbom assets screenshots bench clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

serve: $(VENV)/.serving ## Install, migrate, seed and serve (HOST, PORT, WORKERS, DATABASE_URL)
	@$(RUN) -m app migrate
	@$(RUN) -m seed load
	@exec $(RUN) -m app serve

migrate: $(VENV)/.serving ## Bring the tables of DATABASE_URL to the newest revision
	@$(RUN) -m app migrate

load: $(VENV)/.serving ## Load the content into DATABASE_URL
	@$(RUN) -m seed load $(ARGS)

rollback: $(VENV)/.serving ## Bring back the release that the present one replaced
	@$(RUN) -m seed rollback $(ARGS)

grant: $(VENV)/.serving ## Show the SQL for a role that can only read; with ARGS=--execute make that role
	@$(RUN) -m app grant $(ARGS)

check-content: $(VENV)/.serving ## List every problem in the content
	@$(RUN) -m seed check $(ARGS)

# before Python 3.12 measuring takes half as long again
test: $(VENV)/.developing ## Install and run the tests, on SQLite and on PostgreSQL (COVERAGE=1: with coverage and more random examples)
ifdef COVERAGE
	@$(RUN) -m coverage erase
	@ALL_EXAMPLES=1 $(RUN) -m coverage run -m pytest -n logical --dist worksteal -m "not all" $(ARGS)
	@$(RUN) -m coverage combine -q
	@$(RUN) -m coverage report
else
	@$(RUN) -m pytest -n logical --dist worksteal -m "not all" $(ARGS)
endif

test-all: $(VENV)/.all $(NODE_MODULES) ## What `make test` leaves out: long load, clients, browser, fuzz, image, scale
	@REQUIRE_CLIENTS=1 HOSTILE_REQUESTS=10000 ENDURANCE_SECONDS=120 MODEL_REQUESTS=100000 $(RUN) -m pytest -m all $(ARGS)
	@$(MAKE) --no-print-directory fuzz EXAMPLES=60
	@$(MAKE) --no-print-directory hostile
	@$(MAKE) --no-print-directory audit
	@deploy/check-image.sh
	@deploy/run-scale.sh

quick: $(VENV)/.developing ## Run the tests that start no server
	@$(RUN) -m pytest -n logical --dist worksteal -m "not slow and not all" $(ARGS)

lint: $(VENV)/.developing ## Check format, lint, types and spelling
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m codespell_lib $$(git ls-files 'app/*.py' 'seed/*.py' '*.md' '.github' '*.sh' Makefile)

format: $(VENV)/.developing ## Correct format and what lint can correct
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

generate: $(VENV)/.developing ## Write every generated file: API description, recorded answers, drawings, editor schemas, README output
	@$(RUN) -m tests.update_examples
	@$(RUN) -m tests.snapshot
	@$(RUN) -m tests.drawings
	@$(RUN) -m seed schema
	@$(RUN) -m tests.test_readme

clients: $(VENV)/.developing $(NODE_MODULES) ## Run linters, generated clients and a browser against the API (Node.js, Java, Chromium)
	@REQUIRE_CLIENTS=1 $(RUN) -m pytest tests/test_clients.py $(ARGS)

published-clients: $(VENV)/.developing tests/clients/node_modules ## Generate the packages below clients/ for Python and TypeScript
	@VENV=$(VENV) clients/generate.sh

assets: tests/clients/node_modules ## Copy the API reference's assets from their npm package into app/pages/static
	@node tests/clients/vendor.mjs

screenshots: $(VENV)/.developing tests/clients/node_modules ## Write the README's pictures of a page into docs (Node.js, Chromium)
	@$(RUN) -m tests.screenshots

fuzz: $(VENV)/.developing ## Ask the API whatever its description allows and forbids (EXAMPLES random ones an operation, SEED)
	@$(RUN) -m tests.fuzz $(or $(EXAMPLES),100) $(or $(SEED),1)

hostile: $(VENV)/.developing ## Try what one hostile client can cost, in time and memory
	@$(RUN) -m tests.hostile

torture: $(VENV)/.developing ## Break loads at each system call, compare 1,000,000 answers with a model, ten minutes of soak
	@$(RUN) -m tests.torture --part 1/2 & other=$$!; $(RUN) -m tests.torture --part 2/2; status=$$?; wait $$other && exit $$status
	@MODEL_REQUESTS=1000000 ENDURANCE_SECONDS=600 $(RUN) -m pytest -m all tests/test_model.py tests/test_endurance.py

mutation: $(VENV)/.developing ## Put small faults into the code, count those that the tests notice (ARGS: --seconds, --sample, --only, --tests)
	@$(RUN) -m tests.mutation $(ARGS)

redbot: $(VENV)/.developing ## Have REDbot look at the HTTP of the main kinds of answer
	@$(RUN) -m tests.redbot

search-eval: $(VENV)/.developing ## Measure how well the search answers questions (ARGS=--learn learns the weights)
	@$(RUN) -m tests.search_eval $(ARGS)

lock: $(VENV)/.developing ## Resolve the locked requirements
	@$(RUN) -m pip install -q uv
	@$(RUN) -m uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml -o requirements.txt
	@$(RUN) -m uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@$(RUN) -m uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--group pyproject.toml:all -c requirements-dev.txt -o requirements-all.txt

audit: $(VENV)/.all ## Look at the dependencies: hashes, conflicts, and known weaknesses where they can be asked for
	@PYTHON=$(RUN) deploy/audit.sh

sbom: $(VENV)/.all ## Write build/sbom.json, the parts that the server is made of (CycloneDX)
	@mkdir -p build
	@$(RUN) -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible -o build/sbom.json

bench: $(VENV)/.developing ## Measure next to peers (QUICK=1: a few minutes), write bench/results.json and docs/benchmark.md
	@$(RUN) -m bench.run $(if $(QUICK),--quick)

clean: ## Remove the environment, the database and caches
	rm -rf $(VENV) nutrients.db .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON to one." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.serving: requirements.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..." >&2
	@$(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.developing: requirements-dev.txt $(VENV)/.serving
	@$(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.all: requirements-all.txt $(VENV)/.developing
	@$(RUN) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-all.txt
	@touch $@

$(NODE_MODULES): %/node_modules: %/package-lock.json
	@cd $* && npm ci --loglevel=error
	@touch $@
