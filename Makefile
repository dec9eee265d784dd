# Everything that a developer or a first-time user types. Needs make and CPython 3.10 or 3.11; the rest goes to .venv.
# `make train TASK=ant_walk ALGO=sac STEPS=200000 SEED=3 ARGS="--set learning_rate=3e-4"`

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores: many tests wait for an engine that they started.
TEST_PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
TASK ?= cartpole_balance
ALGO ?=

# Stamps: written when an installation is complete. A .venv without its stamp was interrupted and is made anew.
BASE := $(VENV)/.installed-base
DEV := $(VENV)/.installed-dev

.PHONY: help install tui train test lint format bench docker-build cloud-deploy clean
.DEFAULT_GOAL := help

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

install: $(BASE) ## install rlrobo into .venv (the targets below do it when it is needed)
	@echo "rlrobo is installed in $(VENV); open it with: make tui"

tui: $(BASE) ## open the terminal app
	@$(BIN)/rlrobo tui $(ARGS)

train: $(BASE) ## train without the app: TASK=cartpole_balance [ALGO=] [STEPS=] [SEED=] [ARGS=]
	@$(BIN)/rlrobo train $(TASK) $(if $(ALGO),--algo $(ALGO)) $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

test: $(DEV) ## run the tests that take minutes together, on all cores [ARGS=]
	@$(BIN)/pytest -q -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

lint: $(DEV) ## check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

format: $(DEV) ## rewrite the files in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(BASE) ## measure simulation speed on this machine: [ARGS="ant_walk --seconds 4"]
	@$(BIN)/rlrobo bench sim $(ARGS)

docker-build: ## build the CPU image, rlrobo:cpu [TORCH_INDEX=another index of CPU wheels]
	docker build --target cpu --tag rlrobo:cpu $(if $(TORCH_INDEX),--build-arg TORCH_INDEX=$(TORCH_INDEX)) $(ARGS) .

cloud-deploy: $(BASE) ## make the AWS resources that cloud runs need [ARGS=--dry-run]
	@$(BIN)/rlrobo cloud deploy $(ARGS)

clean: ## remove what can be made again; runs/ stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# pyenv's shims exist and fail when their version is not selected, so each candidate is really run.
$(BASE): pyproject.toml constraints.txt
	@if [ -e $@ ]; then rm -f $@ $(DEV); else \
	  if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; else set -- python3.11 python3.10 python3; fi; \
	  chosen=; seen=; \
	  for candidate; do \
	    version=$$("$$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	    case $$version in 3.10 | 3.11) chosen=$$candidate; break ;; *) seen="$$seen $$version ($$candidate)" ;; esac; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "rlrobo needs Python 3.10 or 3.11 and found$${seen:- none}: PyBullet 3.2.7 has wheels for CPython up to 3.11" \
	      "only and Stable-Baselines3 needs 3.10 or newer, so install Python 3.11 and run again, for example with" \
	      "make PYTHON=/path/to/python3.11" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$chosen (Python $$version) ..." >&2; \
	  "$$chosen" -m venv --clear $(VENV) || exit 1; \
	fi; \
	$(BIN)/python -m pip install --constraint constraints.txt --editable . && touch $@

$(DEV): $(BASE)
	@$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]' && touch $@
