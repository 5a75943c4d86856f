PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test quick lint clean help

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[test]'
	touch $@

demo: $(VENV)/installed  ## render ToyCity, train two segmentors and ECGAN on it, evaluate, write a gallery page
	$(BIN)/python tools/demo.py

test: $(VENV)/installed  ## all tests, by two workers
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

quick: $(VENV)/installed  ## some tests of every family, by two workers
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow'

lint: $(VENV)/installed  ## style
	$(BIN)/python -m ruff check .

clean:  ## drop the environment and what runs left behind
	rm -rf $(VENV) work_dirs build *.egg-info
