# Everything there is to do, without anything but python3 (3.11 or newer) and make. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
# Bangla on a terminal of any locale.
export PYTHONUTF8 := 1

PORT    ?= 8000
API     ?= 1
WS      ?= 2
WORKERS ?= 1
NAME    ?=
ROLE    ?= admin
DO      ?= create
PYTHON  ?= python3
JOBS    ?= 2
PYTEST  ?=
INTEGRATION ?= tests/integration
URL     ?= http://localhost:8000
LOAD    ?=
RUNS    ?= 1000000
BOT     ?= bot.py
ROOM    ?=

BIN       := .venv/bin
BOOTSTRAP := $(PYTHON) deploy/local/bootstrap.py
BUILD_WEB := $(PYTHON) deploy/local/build_web.py
STACK     := $(BIN)/python -m local_stack
FAULTS    := .adda-faults
BENCH     := .adda-bench
ABUSE     := .adda-abuse
ALERTS    := .adda-alerts
DRILL     := $(BIN)/pytest -n 0
BENCH_PATH := .:shared/src:api_service/src:ws_service/src:worker/src:gateway/src:deploy/local/src
# Its programs see the environment's Node.js, as they would see the machine's.
NPM       := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix gateway/web --loglevel=error
COMPILE   := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
             --no-annotate --custom-compile-command "make lock"

.PHONY: help
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[36mmake %-16s\033[0m %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

.PHONY: run
run: web ## start everything: make run [PORT=8000 API=1 WS=2 WORKERS=1]; Ctrl-C stops it
	@exec $(STACK) run --port $(PORT) --api $(API) --ws $(WS) --workers $(WORKERS)

.PHONY: stop
stop: ## stop the stack of this folder
	@if [ -x $(BIN)/python ]; then $(STACK) stop; else echo "nothing was running"; fi

.PHONY: logs
logs: ## show and follow the logs of all parts
	@if [ -x $(BIN)/python ]; then exec $(STACK) logs; else echo "no logs yet: make run"; fi

.PHONY: admin
admin: install ## an account for /admin/: make admin NAME=rakib [ROLE=viewer|moderator|admin DO=create|password|totp|…]
	@exec $(STACK) admin $(DO) $(NAME) $(if $(filter create,$(DO)),--role $(ROLE))

.PHONY: bot
bot: install ## run a bot: make bot BOT=bot.py ROOM=<room id>
	@PYTHONPATH=shared/src exec $(BIN)/python $(BOT) $(ROOM)

.PHONY: clean
clean: ## remove .venv and all data of this folder; asks (YES=1 does not)
	@if [ -e .venv ] || [ -e .adda ] || [ -e gateway/web/node_modules ]; then \
		$(MAKE) --no-print-directory install && $(STACK) clean $(if $(YES),--yes); \
	else echo "nothing to remove"; fi

.PHONY: install
install:
	@$(BOOTSTRAP) deploy/local/requirements.txt

.PHONY: install-dev
install-dev:
	@$(BOOTSTRAP) tests/requirements.txt

.PHONY: install-web
install-web: install-dev
	@$(BUILD_WEB) --dev

.PHONY: web
web: install ## build the web client, if it changed; `make run` does so by itself
	@$(BUILD_WEB)

.PHONY: format
format: install-web ## format the code and mend what ruff can mend
	@$(BIN)/ruff format && $(BIN)/ruff check --fix
	@$(NPM) run --silent format

.PHONY: check
check: install-web ## formatting, lint, types and import rules, in seconds
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(NPM) run --silent check

.PHONY: test
test: check ## everything: check and all tests, beside a running `make run` if there is one
	@$(NPM) run --silent test
	@$(BIN)/pytest -n $(JOBS) $(PYTEST)

.PHONY: test-unit
test-unit: install-dev ## only the tests of single modules
	@$(BIN)/pytest -n $(JOBS) tests/unit $(PYTEST)

.PHONY: test-integration
test-integration: install-dev ## tests with real servers (ADDA_TEST_SERVERS=wheels|sentinel|cluster|system|containers)
	@$(BIN)/pytest -n $(JOBS) $(INTEGRATION) $(PYTEST)

.PHONY: faults
faults: install-dev ## half an hour of everything dying under load, and the page on it
	@rm -rf $(FAULTS)
	@export ADDA_FAULTS=long ADDA_FAULTS_RESULTS=$(CURDIR)/$(FAULTS); \
	$(DRILL) tests/faults/test_storm.py & storm=$$!; \
	nice $(DRILL) tests/integration/ws_service/test_state_equation.py & equation=$$!; \
	trap "kill $$storm $$equation" INT TERM; \
	nice $(DRILL) -m "not alone" --deselect tests/faults/test_storm.py tests/faults; failed=$$?; \
	wait $$equation || failed=1; wait $$storm || failed=1; \
	[ $$failed -eq 0 ] && $(DRILL) -m alone tests/faults && \
	$(BIN)/python deploy/docs/write_reliability.py $(FAULTS)

.PHONY: alerts
alerts: install-dev ## some minutes: every alert is made to fire by a real fault, and the page on it
	@rm -rf $(ALERTS)
	@ADDA_ALERTS=all ADDA_ALERTS_RESULTS=$(CURDIR)/$(ALERTS) $(DRILL) tests/observability && \
	$(BIN)/python deploy/docs/write_alerts.py $(ALERTS)

.PHONY: abuse
abuse: install-dev ## some minutes: a thousand strangers attack a stack, and the page on it
	@export PYTHONPATH=$(BENCH_PATH); \
	$(BIN)/python -m tests.abuse --out $(ABUSE) && $(BIN)/python deploy/docs/write_abuse.py $(ABUSE)

.PHONY: fuzz
fuzz: install-dev ## RUNS=1000000 inputs to whatever reads bytes of strangers
	@PYTHONPATH=$(BENCH_PATH) $(BIN)/python -m tests.abuse.fuzz --runs $(RUNS)

.PHONY: images
images: ## build all container images, labelled with this commit
	@ADDA_REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) docker compose build

.PHONY: containers
containers: install-dev ## the stack of containers, run, scaled, updated under load; wants a container engine
	@ADDA_CONTAINERS=measure $(DRILL) tests/containers $(PYTEST)

.PHONY: load
load: install-dev ## put a load on a stack: make load [URL=… CLIENTS=500 RATE=20 ROOMS=1 SCENARIO=hot-room]
	@PYTHONPATH=.:shared/src $(BIN)/python -m tests.load $(URL) $(LOAD) \
		$(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(CLIENTS),--clients $(CLIENTS)) \
		$(if $(RATE),--rate $(RATE)) $(if $(ROOMS),--rooms $(ROOMS)) $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: bench
bench: install-dev ## most of an hour: peers, every promised figure, growth, and the pages on them
	@export PYTHONPATH=$(BENCH_PATH); \
	$(BIN)/python -m tests.bench all --out $(BENCH) && \
	$(BIN)/python -m tests.bench.growth --out $(BENCH)/growth.json && \
	$(BIN)/python deploy/docs/write_benchmarks.py $(BENCH) && \
	$(BIN)/python deploy/docs/write_scaling.py $(BENCH)/growth.json

.PHONY: bench-web
bench-web: install-web web ## ten minutes: the web client in Chromium and by Lighthouse, and its page
	@PYTHONPATH=$(BENCH_PATH) $(BIN)/python -m tests.bench.web_client --out $(BENCH)/web_client.json && \
	$(BIN)/python deploy/docs/write_web_performance.py $(BENCH)/web_client.json

.PHONY: coverage
coverage: install-dev ## all tests with branch coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(PYTEST)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

.PHONY: docs
docs: install-web ## write the generated documents anew, and what the web client knows of the wire
	@$(BIN)/python deploy/docs/write_settings.py
	@$(BIN)/python deploy/docs/write_wire.py
	@$(BIN)/python deploy/docs/write_metrics.py
	@$(BIN)/python deploy/observability/dashboards.py
	@$(BIN)/python deploy/observability/kubernetes_rules.py
	@$(NPM) run --silent types

.PHONY: audit
audit: install-web ## ask whether anything locked has a known hole; exit code 3: could not ask
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python deploy/supply/audit.py

.PHONY: sbom
sbom: install-dev ## write what all parts are made of, as CycloneDX, into .adda-sbom
	@$(BIN)/python deploy/supply/write_sbom.py

.PHONY: lock
lock: install-dev ## compile all lock files anew from pyproject.toml (UPGRADE=1: newest versions)
	@$(BOOTSTRAP) deploy/local/bootstrap.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" && export PATH && set -e && \
	up="$(if $(UPGRADE),--upgrade)"; \
	$(COMPILE) $$up deploy/local/bootstrap.in -o deploy/local/bootstrap.txt; \
	$(COMPILE) $$up pyproject.toml --extra dev -o tests/requirements.txt; \
	$(COMPILE) deploy/local/node.in -c tests/requirements.txt -o deploy/local/node.txt; \
	$(COMPILE) gateway/requirements.in -c tests/requirements.txt -o gateway/requirements.txt; \
	for pair in local:deploy/local api:api_service ws:ws_service worker:worker \
			tracing:deploy/observability; do \
		$(COMPILE) pyproject.toml --extra "$${pair%%:*}" -c tests/requirements.txt \
			-o "$${pair#*:}/requirements.txt"; \
	done; \
	for peer in original python_socketio; do \
		$(COMPILE) $$up "tests/bench/peers/$${peer}_server/requirements.in" \
			-o "tests/bench/peers/$${peer}_server/requirements.txt"; \
	done
	@$(NPM) $(if $(UPGRADE),update,install) --package-lock-only --ignore-scripts \
		--omit-lockfile-registry-resolved --no-audit --no-fund
