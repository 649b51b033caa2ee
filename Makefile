PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two workers on a two-core machine; override with make test WORKERS=8.
WORKERS ?= 2

.PHONY: demo test test-kernels check bench clean

demo: $(STAMP)
	$(BIN)/gramian demo

test: $(STAMP) check
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The last bits of BLAS differ between processors; what is certified must hold on each. KERNELS=short runs two of five.
test-kernels: $(STAMP)
	$(BIN)/python -m bench kernels $(KERNELS)

check: $(STAMP)
	$(BIN)/ruff check src tests bench
	$(BIN)/pyright --pythonpath $(BIN)/python src
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m bench

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("gramian needs Python 3.11 or newer; try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
