# Each target sets up `.venv` by itself; needs Python >= 3.11, make and PyPI.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Only files that speak of e2e can have such a test: each worker would take most of a minute to collect the others.
E2E_TESTS = $$(grep -rlw --include='test_*.py' e2e tests)

# What one process has compiled, and pytest rewritten, is there for the next.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test vectors lint lint-basedpyright lint-mypy lint-style lint-imports bench e2e soak format clean
.DEFAULT_GOAL := demo

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q engine gatekeeper audit webhook
	@touch $(STAMP)

demo: $(STAMP)  ## check a small repository with mistakes, then its mended version; record, verify, tamper; promote a model and roll it back; the pages of a year
	@$(BIN)/python -m examples.demo

test: $(STAMP)  ## every test that needs PyPI only
	$(BIN)/python -m pytest -m "not e2e" --ignore tests/e2e -n auto --dist worksteal

vectors: $(STAMP)  ## outside vectors that come as Go modules, which `make test` reads where they are
	$(BIN)/python -m tests.vectors

lint: $(STAMP)  ## style, types, import rules: two at a time, each one's output in one piece
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint-basedpyright lint-mypy lint-style lint-imports

lint-basedpyright: $(STAMP)
	$(BIN)/basedpyright --project .links --level error

lint-mypy: $(STAMP)
	$(BIN)/mypy -p lockgate -p tests

lint-style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-imports: $(STAMP)
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)  ## tables of ours, the peer and the ratio, in one run
	$(BIN)/python -m tests.bench

e2e: $(STAMP)  ## against the real programs, built through Go into a cache
	$(BIN)/python -m tests.e2e.build
	LOCKGATE_REQUIRE_PROGRAMS=1 $(BIN)/python -m pytest -m e2e -n auto --dist loadfile $(E2E_TESTS)

soak: $(STAMP)  ## ten minutes each of fuzzing, of a server under load, of YAML read without a tree beside LibYAML, of random programs beside OPA and of random CEL beside Kubernetes, every crash of the trail, and the race for a limit
	$(BIN)/python -m tests.e2e.build
	$(BIN)/python -m tests.soak fuzz --minutes 10
	$(BIN)/python -m tests.soak fuzz-serve --minutes 10
	$(BIN)/python -m tests.soak serve --minutes 10
	$(BIN)/python -m tests.soak yaml --minutes 10
	$(BIN)/python -m tests.soak differential --minutes 10
	$(BIN)/python -m tests.soak cel --minutes 10
	$(BIN)/python -m tests.soak crashes
	$(BIN)/python -m tests.soak adversaries
	$(BIN)/python -m tests.soak flips
	$(BIN)/python -m tests.soak models
	$(BIN)/python -m tests.soak quota

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache
