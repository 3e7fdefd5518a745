# Each target does all of its own set-up; `make test` is what CI runs.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin

# Where it is set, every process of every test would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup check test demo lab bench format clean

setup: .venv/ready

.venv/ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Overpaint needs Python 3.11 or newer."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

check: setup types  ## the fast part: format, lint, types, tests without GIMP
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not gimp and not slow"

# The plug-in's three packages lie beside each other only where they are installed.
types: setup
	@mkdir -p build/plugin
	@for part in plugin/gimpfu plugin/overpaint-gimp/shell core/overpaint/wire; do \
		ln -sfn ../../$$part build/plugin/; done
	$(BIN)/mypy
	cd build/plugin && ../../$(BIN)/mypy --config-file ../../pyproject.toml -p gimpfu -p shell

lab: setup  ## a real GIMP 3.0 and 3.2 for tests, in a cache folder outside the repository
	$(BIN)/python -m tests.lab

# Four at once on two cores: the two with the windows wait most of their time.
test: setup lab
	$(BIN)/python -m pytest -n 4 --dist loadgroup --no-loadscope-reorder

demo: setup  ## one edit from end to end: out/demo.xcf and out/demo.png
	$(BIN)/python -m pip install --quiet --group demo
	$(BIN)/python -m bench.demo

bench: setup  ## fill, styles, variations, round trip, costs in GIMP and with providers, against stated baselines
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python -m bench.fill
	$(BIN)/python -m bench.style
	$(BIN)/python -m bench.sheets
	$(BIN)/python -m bench.edges
	$(BIN)/python -m bench.variations
	$(BIN)/python -m bench.frames
	$(BIN)/python -m bench.layers
	$(BIN)/python -m bench.roundtrip
	$(BIN)/python -m bench.cost
	$(BIN)/python -m bench.dialog
	$(BIN)/python -m bench.providers

format: setup
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

clean:
	rm -rf .venv build out
