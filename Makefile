# make test: installs what it needs (as root on Debian 12) and runs every check; make demo: see it work; make run: start it.
VENV ?= .venv
BIN = $(VENV)/bin
PYTHON ?= python3
READY = $(VENV)/.ready
WORKERS ?= 3
READY_TEST = $(VENV)/.ready-test

.PHONY: test coverage demo run lab check clean

test: $(READY_TEST) lab check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=25

coverage: $(READY_TEST) lab
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term

check: $(READY_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: $(READY)
	$(BIN)/concierge demo

run: $(READY)
	$(BIN)/concierge serve

lab: $(READY_TEST)
	$(BIN)/python -m concierge.lab

$(READY): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  test "$$(id -u)" = 0 || { echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 2; }; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

POSTGRES = /usr/lib/postgresql/15/bin/postgres
MARIADB = /usr/sbin/mariadbd
SERVERS = postgresql-15 mariadb-server

$(READY_TEST): $(READY)
	@test -x $(POSTGRES) -a -x $(MARIADB) || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || { \
	  echo "apt-get install $(SERVERS)"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SERVERS) >/dev/null; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
