# `make demo`, `make run`, `make test`: each sets up what it needs. See README.md.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Tests start hundreds of processes: modules are compiled once, whatever the environment says. It halves each start.
export PYTHONDONTWRITEBYTECODE :=
# Side by side, one process more than there are cores: most tests wait. `make test PYTEST_ARGS=` runs one after another.
PYTEST_ARGS ?= --numprocesses $$(($$(nproc) + 1)) --dist worksteal

.PHONY: demo run test check docs bench bench-quick fuzz campaign soak build peers clean

demo: $(VENV)/installed
	$(BIN)/python examples/hospital/demo.py

run: $(VENV)/installed
	$(BIN)/python examples/hospital/demo.py --run

test: $(VENV)/installed-tests peers
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/installed-tests
	$(BIN)/ruff format --check src tests bench examples docs tools
	$(BIN)/ruff check src tests bench examples docs tools
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs:
	$(BIN)/python docs/generate.py

# How fast, beside peers in the same run; results under bench/results. The quick one is a first look: four minutes.
bench: $(VENV)/installed-tests peers
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench]"
	$(BIN)/python bench/bars.py
	$(BIN)/python bench/scaling.py
	$(BIN)/python bench/language.py
	$(BIN)/python bench/large.py
	$(BIN)/python bench/idle.py
	$(BIN)/python bench/plots.py

bench-quick: $(VENV)/installed-tests peers
	$(BIN)/python bench/bars.py --quick

# A campaign against the promise that no rule text and no bytes bring anything down: make fuzz SECONDS=3600
fuzz: SECONDS ?= 600
fuzz: $(VENV)/installed-tests
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary atheris -e ".[fuzz]"
	$(BIN)/python -m tests.fuzz.campaign rules --seconds $(SECONDS)
	$(BIN)/python -m tests.fuzz.campaign data_set --seconds $(SECONDS)
	$(BIN)/python -m tests.fuzz.campaign upper_layer --seconds $(SECONDS)
	$(BIN)/python -m tests.fuzz.campaign gateway --seconds $(SECONDS)
	$(BIN)/python -m tests.fuzz.campaign stow --seconds $(SECONDS)

# A campaign against the promise that nothing acknowledged is lost: make campaign CRASHES=1500. Power cuts need root.
campaign: CRASHES ?= 200
campaign: $(VENV)/installed-tests peers
	unshare --mount $(BIN)/python -m tests.faults.crashes cuts --number $(CRASHES)
	unshare --mount $(BIN)/python -m tests.faults.crashes gateway-cuts --number $$(($(CRASHES) / 10))
	$(BIN)/python -m tests.faults.crashes kills --number $(CRASHES)
	$(BIN)/python -m tests.faults.crashes injected-kills --number $(CRASHES)
	$(BIN)/python -m tests.faults.crashes injected-errors --number $(CRASHES)
	$(BIN)/python -m tests.faults.crashes gateway-kills --number $$(($(CRASHES) / 3))

# Hours at work with some hostile traffic: does anything grow? make soak MINUTES=120
soak: MINUTES ?= 120
soak: $(VENV)/installed-tests
	$(BIN)/python bench/soak.py --minutes $(MINUTES)

build: $(VENV)/installed-tests
	$(BIN)/python -m build

# DCMTK, Orthanc and others, the peers that the tests speak to. Without root the tests that need them say that they are skipped.
peers:
	@sh tests/peers/install.sh

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "dicomrules needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "no virtual environment could be made; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[demo]"
	@touch $@

$(VENV)/installed-tests: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[demo,test,check]" build
	@touch $@

clean:
	rm -rf $(VENV) dist build examples/hospital/var examples/hospital/in examples/hospital/out
