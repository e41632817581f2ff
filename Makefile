# `make help` lists the targets. Overridable: PYTHON (makes the environment), VENV (where it is),
# DATA (a folder of images for quickstart or bench), QUICKSTART_ARGS (e.g. --short), TEST_JOBS and
# PYTEST_ARGS, BENCH (names of benchmarks), PEER (environment of the code that is measured beside ours).
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
DEVELOP := $(VENV)/.dev-installed
TRANSFER := $(VENV)/.transfer-installed
PEER ?= .venv-peer
# processes that run tests; a test itself computes with one thread
TEST_JOBS ?= 2

INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check \
	--constraint requirements/constraints.txt --editable
TEST := $(PY) -m pytest -n $(TEST_JOBS) --dist worksteal $(PYTEST_ARGS)
# folders of tests with a target of their own
APART := $(foreach each,inputs commands test_contributing transfer,--ignore tests/$(each))

# whose spelling is checked; tests have wrong words on purpose
PROSE := *.md docs/*.md .github configs npid_mm tools benchmarks setup.py Makefile

.DEFAULT_GOAL := help
.PHONY: help install quickstart test test-fast test-inputs test-commands test-transfer model-page links lint format docs bench

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  \1\t/'

install: $(DEVELOP)  ## make the environment for development, once: a few minutes
	@echo 'Installed: $(PY)'

# Nothing here runs, and no network is needed, until one of the two files changes.
$(INSTALLED): setup.py requirements/constraints.txt
	@test -x $(PY) || { echo 'Making $(VENV)'; $(PYTHON) -m venv $(VENV); }
	@echo 'Installing npid-mm with its onedl extra into $(VENV)'
	@$(INSTALL) '.[onedl]'
	@echo 'Checking the versions'
	@$(PY) -W ignore -c 'import npid_mm.models'
	@touch $@

# The tools of developers, which no command for users needs.
$(DEVELOP): $(INSTALLED)
	@echo 'Installing the dev extra into $(VENV)'
	@$(INSTALL) '.[onedl,dev]'
	@touch $@

quickstart: $(INSTALLED)  ## train and evaluate a small model; DATA=folder for your own images
	$(PY) tools/quickstart.py $(if $(DATA),--data "$(DATA)") $(QUICKSTART_ARGS)

test-fast: install  ## run the fast tests: functions, models, checkpoints, configs
	$(TEST) -m 'not slow' . $(APART)

test: install  ## run all tests but those of the next three targets
	$(TEST) . $(APART)

test-inputs: install  ## try crafted files and wrong options at every entry point
	$(TEST) tests/inputs

test-commands: install  ## run whole commands: training, quickstart, sweeps, all of the docs
	$(TEST) tests/commands tests/test_contributing

# mmcv's operators are compiled once; the wheel stays in the user's cache.
$(TRANSFER): $(DEVELOP) tools/install_mmcv_ops.py
	@echo 'Installing MMDetection and MMSegmentation into $(VENV)'
	@$(INSTALL) '.[onedl,dev,detection,segmentation,proposals]'
	$(PY) tools/install_mmcv_ops.py
	@touch $@

test-transfer: $(TRANSFER)  ## run the tests of detection and segmentation; compiles for some minutes, once
	$(TEST) tests/transfer

model-page: install  ## write the tables of the model page from the metafiles
	$(PY) -W ignore -m npid_mm.suites.model_page

links: install  ## ask every site that the pages link to; needs a network
	$(VENV)/bin/pre-commit run --hook-stage manual --all-files links

lint: install  ## check style, format, types, spelling and prose, change nothing
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy npid_mm
	$(PY) -m codespell_lib $(PROSE)
	$(PY) -m tests.prose

format: install  ## put style and format right where ruff can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: install  ## write the site of all pages and the API reference to build/site
	$(PY) -W ignore -m sphinx -q -W --keep-going -b html docs build/site
	@echo 'Look at build/site/index.html'

# mmselfsup cannot live beside npid_mm: it needs the frameworks of its time.
$(PEER)/.installed: requirements/peer.txt
	@test -x $(PEER)/bin/python || { echo 'Making $(PEER)'; $(PYTHON) -m venv $(PEER); }
	@echo 'Installing mmselfsup 1.0.0, to measure against, into $(PEER)'
	@$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/peer.txt
	@$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		mmselfsup==1.0.0 mmcls==1.0.0rc6 mmcv-lite==2.0.1 mmengine==0.10.7
	@touch $@

bench: install $(PEER)/.installed  ## measure speed and memory beside MMSelfSup and faiss
	$(PY) benchmarks/run.py --peer-python $(PEER)/bin/python \
		$(if $(DATA),--data "$(DATA)") $(BENCH)
