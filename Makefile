# make demo: the whole way in a few minutes, offline.   make test: everything that CI runs after lint.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-warn-conflicts --disable-pip-version-check

.PHONY: help setup demo test lint bench results clean

help:
	@echo "make demo   set up, make 48 portraits offline, verify and balance them, train, judge three"
	@echo "make test   set up, run all tests"
	@echo "make lint   ruff and mypy --strict"
	@echo "make bench  ratios against stated bounds"
	@echo "make results  results/ and visuals/ of the packaged model (MADE=DIR REAL=PHOTOS)"
	@echo "make setup  only the set-up: $(VENV), requirements, weights"
	@echo "PYTHON=python3.12 behind any of them chooses the interpreter: 3.11, 3.12, or 3.13"

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt pyproject.toml proportrait/networks/assets.py
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo \
	  "$(PYTHON) is not Python 3.11, 3.12, or 3.13 (3.14 is not supported yet):" \
	  "make $(MAKECMDGOALS) PYTHON=python3.13"; \
	  exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (a few minutes the first time)"
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -e .
	@$(BIN)/python -m proportrait.networks.assets --install
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@$(PIP) -r requirements-dev.txt
	@touch $@

demo: setup
	@# 1 says that a portrait could not be made; the table names it, and the others are there.
	$(BIN)/proportrait generate -o ./output --mock --limit 48 || \
	  { [ $$? -eq 1 ] && [ -s output/contact_sheet.png ]; }
	$(BIN)/proportrait verify --input ./output
	$(BIN)/proportrait balance --input ./output --blur
	$(BIN)/proportrait train ./output -o ./output/model --backbone efficientnet_lite0 --size 160 \
	  --epochs 10 --patience 10 --max_lr 5e-4 --compare packaged
	$(BIN)/proportrait score --picture output/verdicts.png \
	  $$(ls output/images/*.jpg | awk 'NR == 1 || NR == 70 || NR == 140')

# One worker more than cores, eight at most: many tests wait for a server, a browser, or a disk.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 1, 7) + 1)')

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

# results/ and visuals/ of the packaged model, and the first picture of README. MADE are folders of the generator, REAL labelled real
# photographs, RATED portraits of other generators, JOURNEY what labels.journey wrote; each may name
# several folders. People that the model has learnt from are left out, such photographs refused.
MADE ?= output
REAL ?=
RATED ?=
JOURNEY ?=
results: setup
	$(BIN)/python -m benchmarks.pairs
	$(BIN)/python -m benchmarks.results --made $(MADE) $(if $(REAL),--real $(REAL)) \
	  $(if $(RATED),--rated $(RATED)) $(if $(JOURNEY),--journey $(JOURNEY))

clean:
	rm -rf output .pytest_cache .mypy_cache .ruff_cache
