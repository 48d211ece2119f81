# Every target starts from a bare checkout: the first one makes .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready

# The oldest that the chart allows, one between, and the newest; the pinned one is what `test` runs on.
KUBE_VERSIONS := 1.30.14 1.33.13 1.37.2

.DEFAULT_GOAL := help
.PHONY: help demo test test-versions test-uvicorn control-plane cel cel-record check release bench bench-reconciler soak-reconciler soundness fuzz attack mutants vulnerabilities messages format golden generate clean lock

help: ## print the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

# venv --without-pip needs no python3-venv package; pip --python installs from outside.
# Everything comes from the lock with its hash; the project itself without dependencies, and compiled
# as an installed package is: else a user without write access compiles it at each start.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "graphgate needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "installing into $(VENV) (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q webhook
	@touch $@

demo: $(READY) ## run the main job on the seed manifests: check, explain, default and fix, over TLS
	@$(BIN)/python -m tools.demo

# Exit code 3 of the build: there is no Go. The tests then say what they skip; in CI they fail.
# A file runs on one worker: its tests share what takes seconds to start, such as a control plane.
test: $(READY) ## run all tests (the first run builds a control plane: about fourteen minutes)
	@$(BIN)/python -m tools.control_plane.build || test $$? -eq 3
	@$(BIN)/python -m tools.gateway.build || test $$? -eq 3
	@$(BIN)/python -m tools.cel_oracle.building || test $$? -eq 3
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Building a version takes 20 minutes, once.
test-versions: $(READY) ## run the cluster tests on other Kubernetes (KUBE_VERSIONS="1.30.14 1.33.13")
	@$(BIN)/python -m tools.control_plane.version_matrix $(KUBE_VERSIONS)

test-uvicorn: $(READY) ## run the ASGI tests on another uvicorn (UVICORN=0.50.0, the lowest that is declared)
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/uvicorn uvicorn==$(or $(UVICORN),0.50.0)
	PYTHONPATH=$(VENV)/uvicorn $(BIN)/python -m pytest -q tests/server/test_asgi.py

control-plane: $(READY) ## build the Kubernetes control plane that the tests use (once, needs Go)
	@$(BIN)/python -m tools.control_plane.build

cel: $(READY) ## compare CEL with the API server's own: the table, and N=20000 generated expressions
	@$(BIN)/python -m tools.cel_oracle figures -n $(or $(N),20000) --seed $(or $(SEED),1)

cel-record: $(READY) ## ask the API server's CEL for the answers of the table again (needs Go)
	@$(BIN)/python -m tools.cel_oracle record

check: $(READY) ## lint, types, layers, generated files (under a minute)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate --check

messages: $(READY) ## print each message and remediation beside its fixture (ONLY="a part of rule ids")
	@$(BIN)/python -m tools.messages $(ONLY)

format: $(READY) ## format the code
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

bench: $(READY) ## measure the server and the command line beside a bare echo (minutes)
	$(BIN)/python -m benchmarks

bench-reconciler: $(READY) ## write 1,000 objects to a control plane and measure (minutes)
	$(BIN)/python -m benchmarks.reconciler

soak-reconciler: $(READY) ## count writes of converged objects; break the network and the API server
	$(BIN)/python -m benchmarks.reconciler --soak

soundness: $(READY) ## compare graphgate with a real API server (N=10000 mutated manifests)
	@$(BIN)/python -m tools.soundness --documents $(or $(N),10000) --seed $(or $(SEED),1)

fuzz: $(READY) ## a million hostile bodies at the engine, tens of thousands at the server
	$(BIN)/python -m tests.fuzz respond --bodies 1000000
	$(BIN)/python -m tests.fuzz server --bodies 30000

attack: $(READY) ## attack webhook and reconciler at the chart's memory limits; print the worst (minutes)
	$(BIN)/python -m tools.attack

mutants: $(READY) ## plant errors in the pure layers; name those that no test of the layer finds
	$(BIN)/python -m tools.mutants

vulnerabilities: $(READY) ## compare the image's dependencies with known vulnerabilities (asks the package index)
	@$(BIN)/python -m tools.vulnerabilities manifests/image/requirements.txt

# Of a commit that is no release, with what differs from it: make release FLAGS=--dry-run
release: $(READY) ## build wheel, sdist, image, chart, SBOM, checksums, provenance and notes into dist/
	@$(BIN)/python -m tools.release $(FLAGS)

golden: $(READY) ## write expected findings into fixtures and the documentation; read what changed
	GRAPHGATE_UPDATE=1 $(BIN)/python -m pytest -q tests/rules/test_fixtures.py tests/cli/test_readme.py tests/rendering

generate: $(READY) ## write all generated files
	$(BIN)/python -m tools.generate

lock: $(READY) ## resolve requirements.lock again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-emit-index-url --no-emit-package graphgate --no-header --no-annotate -o requirements.lock pyproject.toml

clean: ## remove what the other targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
