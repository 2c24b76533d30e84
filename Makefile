# Two commands: `make report` measures, collects and writes the page; `make test` checks everything.
# A third, `make gate BASE=main`, compares the working folder with a commit.
# They need Python 3.11 or newer, and the package index the first time. The libraries of all runners are installed (the
# extra `dev` includes `all`); a run takes the core runners, and `when-async run -r all` every one.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
OUTPUT ?= reports/out
BASE   ?= main
PYTHONS ?= 3.11 3.12 3.13 3.13t 3.14 3.15
# One more than there are cores, because some tests wait for processes to end.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
KEPT   := results/reference
SITE   ?= build/docs

.PHONY: report test gate evidence matrix reference guide docs lint type clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)

# Exit status 3 says that some cell failed: the page is still written, and tells which and why.
report: $(READY)
	$(BIN)/when-async run; status=$$?; \
	[ $$status -eq 0 ] || [ $$status -eq 3 ] || exit $$status; \
	$(BIN)/when-async report --output $(OUTPUT) && exit $$status

# Some machines are set up to keep no compiled module; a thousand processes would compile ours anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(READY)
	PYTEST_XDIST_AUTO_NUM_WORKERS=$(WORKERS) $(BIN)/python -m pytest -n auto --dist loadfile

# Exit status 0 passes, 1 is a regression; the others are in docs/gate-your-own.md.
gate: $(READY)
	$(BIN)/when-async gate --base '$(BASE)'

# The tables of docs/gate.md from the recorded traces; recording them anew is a command of its own, see there.
evidence: $(READY)
	$(BIN)/python -m docs.evidence.decide --write docs/gate.md

# docs/matrix.md, and in docs/matrix.json what the interpreters of this machine can import. After a change of runners or
# workloads `python -m docs.matrix` is enough: it writes the page from what was recorded.
matrix: $(READY)
	$(BIN)/python -m docs.matrix --record

# Every claim measured anew on these interpreters, three times each by docs/protocol.md, then all that is written from it:
# the verdicts, whether they agree and what changed, how good the advice is, the guide, the README's answers and the map,
# and the page. It takes some hours, and after an interruption the same command goes on.
reference: $(READY)
	$(BIN)/python -m docs.evidence.taking $(addprefix --python ,$(PYTHONS))
	$(BIN)/python -m docs.evidence.taking $(addprefix --python ,$(PYTHONS)) --adopt
	$(MAKE) guide

guide: $(READY)
	$(BIN)/python -m when_async.reports.verdicts.kept $$(ls $(KEPT)/claims-*.jsonl.gz $(KEPT)/before/claims-*.jsonl.gz \
		$(KEPT)/machines/*/claims-*.jsonl.gz 2> /dev/null)
	$(BIN)/python -m docs.evidence.spread --write
	$(BIN)/python -m docs.evidence.register --write
	$(BIN)/python -m docs.evidence.agreement --write
	$(BIN)/python -m docs.evidence.advice --write > /dev/null
	$(BIN)/python -m docs.evidence.predicted_map
	$(BIN)/python -m docs.guide
	$(BIN)/python -m docs.shown
	$(BIN)/when-async report $(KEPT)/claims-*.jsonl.gz $$(ls $(KEPT)/machines/*/claims-*.jsonl.gz 2> /dev/null) \
		--output $(OUTPUT)

$(VENV)/.docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

# The documentation as a site, which searches without a server: open $(SITE)/index.html. A link that leads nowhere, or a
# page that is not in docs/index.md, fails.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet -c docs . $(SITE)

lint: $(READY)
	$(BIN)/ruff check .

type: $(READY)
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .tox reports/out build dist *.egg-info
