# `make demo` and `make test` set everything up by themselves, in .venv.
VENV ?= .venv
# Relative, for the names of folders may have spaces.
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake
SCALE ?= auto
# Other settings of config/config.yaml: make resume CONFIG='data_source=parquet data_folder=FOLDER'
CONFIG ?=
# The study of another paper: make plan STUDY=studies/NAME SCALE=cpu
ifneq ($(STUDY),)
override CONFIG += study=$(STUDY)
# What the names of its folders in results begin with
STUDY_ := $(notdir $(STUDY:/=))_
endif
# What to make: make resume TARGET=kernel_size
TARGET ?= all
# How long make study may take
HOURS ?= 8
# How to run: profiles/default, or make resume PROFILE=slurm SCALE=paper
PROFILE ?= default

# A pip.conf that installs for the user has no meaning in .venv.
export PIP_USER := 0

# Snakemake keeps a cache in the home folder, which may be read-only.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.PHONY: setup trackers tools demo test test-long test-slurm check audit bench plan study partial-report reference readme resume data check-records clean lock

setup: $(VENV)/installed

# Of another Python: make setup PYTHON=python3.12
PYTHON ?= python3

# What an older Python or a failed call left there is cleared; an environment that is complete is brought up to date.
$(VENV)/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) isn't Python 3.11 or later: make setup PYTHON=python3.12, with the name of one that is"; exit 1; }
	$(PYTHON) -m venv $(if $(wildcard $@),,--clear) $(VENV) || { echo "$(PYTHON) has no venv (Debian: apt-get install python3-venv); takes virtualenv"; \
	  rm -rf $(VENV); $(PYTHON) -m pip install --quiet virtualenv && $(PYTHON) -m virtualenv --quiet $(VENV); }
	$(BIN)/pip install --quiet --requirement requirements.lock
	touch $@

# What reads the runs of others from TensorBoard and MLflow (docs/your-paper.md).
trackers: setup
	$(BIN)/pip install --quiet --requirement requirements.trackers.lock

# What the PDF and the tests of the page need beside Python, on Debian, as root.
tools:
	apt-get -qq update
	apt-get -qq install --no-install-recommends chromium latexmk texlive-latex-recommended \
	  texlive-fonts-recommended lmodern \
	  $(if $(shell command -v java),,default-jre-headless) $(if $(shell command -v npm),,npm)
	npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund

# Of this project's own paper, or of another: make demo STUDY=studies/NAME
# On the CPU, for which it is small enough: a GPU that PyTorch can't use doesn't end the first try.
demo: setup
	$(SNAKEMAKE) --cores all --config scale=demo gpu=never $(CONFIG)

# The tests of a file share a process, because most slow fixtures are made once a file.
test: setup
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Minutes: the extensions of docs/extend.md in a copy of the project, a new ablation, a new study, interrupted studies,
# records made elsewhere, a budget.
test-long: setup
	$(BIN)/python -m pytest -m slow --numprocesses 2 --dist loadfile tests/test_extend.py \
	  tests/test_workflow.py tests/test_budget.py tests/test_new_study.py tests/test_readme.py tests/test_travel.py

# Installs and starts a SLURM of one node with two stand-in GPUs, and runs a study through it.
test-slurm: setup
	tests/slurm/start
	$(BIN)/python -m pytest -m slurm -s

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile ablations resnet report
	$(SNAKEMAKE) --lint --config scale=smoke
	$(BIN)/python -m pytest --quiet tests/test_layers.py
	$(MAKE) --no-print-directory audit

# Known vulnerabilities of what is pinned, where the advisories' service can be reached.
AUDITED := $(VENV)/audit
audit: setup
	test -x $(AUDITED)/bin/pip-audit || { $(BIN)/python -m venv --without-pip $(AUDITED) && \
	  $(BIN)/pip --python $(AUDITED)/bin/python install --quiet pip-audit==2.10.1; }
	@$(AUDITED)/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip \
	  --vulnerability-service osv > $(AUDITED)/said 2>&1; code=$$?; \
	if grep -q ConnectionError $(AUDITED)/said; then echo "not audited: the advisories can't be reached"; \
	else cat $(AUDITED)/said; exit $$code; fi

# The measurements that docs/performance.md quotes; on a quiet machine, about half an hour. The peers
# that are no dependencies are installed for it: a fresh .venv before `make lock`, then.
bench: setup
	$(BIN)/pip install --quiet --requirement benchmarks/requirements.txt
	$(BIN)/python -m benchmarks.training
	CUDA_VISIBLE_DEVICES= $(BIN)/python -m benchmarks.step
	$(BIN)/python -m benchmarks.convolution
	CUDA_VISIBLE_DEVICES= $(BIN)/python -m benchmarks.input
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.checkpoints
	$(BIN)/python -m benchmarks.workflow
	$(BIN)/python -m benchmarks.report 110 310 1010

# What would run, how long, how large, and what it can show: make plan SCALE=cpu
plan: setup
	$(BIN)/python -m ablations plan --config scale=$(SCALE) $(CONFIG)

# Trains, within HOURS, the runs that are most likely to decide claims; call it again to go on: make study HOURS=8 SCALE=cpu
# Declare later looks for it before the first run: CONFIG='looks=[5,8,12,20]'
study: setup
	$(BIN)/python -m ablations study --hours $(HOURS) --config scale=$(SCALE) $(CONFIG)

# The report of the records as they are, gaps and all; trains nothing: make partial-report SCALE=cpu
# (Of scale reference that is what is being trained; of the committed records, make reference.)
partial-report: setup
	folder=$$($(BIN)/python -m ablations folder --config scale=$(SCALE) $(CONFIG)) && \
	  $(SNAKEMAKE) --cores all --config scale=$(SCALE) $(CONFIG) -- $$folder/study.json \
	    $$folder/tables/rates.csv $$folder/tables/networks.csv && \
	  $(BIN)/python -m report.render --partial $$folder

# The study in results/reference (with STUDY=studies/NAME, in results/NAME_reference), from its records and
# today's declarations; trains nothing. Its date is that of the last run: the same records give the same bytes.
REFERENCE := results/$(STUDY_)reference
reference: setup
	$(SNAKEMAKE) --cores all --config scale=reference $(CONFIG) -- $(addprefix $(REFERENCE)_study/, \
	  study.json tables/rates.csv tables/networks.csv)
	mkdir -p $(REFERENCE)/tables
	cp $(REFERENCE)_study/study.json $(REFERENCE)
	cp $(addprefix $(REFERENCE)_study/tables/, rates.csv networks.csv) $(REFERENCE)/tables
	$(BIN)/python -m report.render --partial $(REFERENCE) --into $(REFERENCE)

# What README.md and docs/results.md show of it: the verdicts, the hours, and a picture of the page.
readme: reference
	$(BIN)/python -m report.readme results/reference README.md docs/results.md
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1200,900 \
	  --screenshot=docs/report.png "file://$(CURDIR)/results/reference/report/index.html"

# Finds a byte that changed in a run record since it was written.
check-records: setup
	$(BIN)/python -m resnet.job.checksums results

# CIFAR-10 alone, for studies that then run side by side.
data: setup
	$(SNAKEMAKE) --cores all --until data --config scale=$(SCALE) $(CONFIG)

# Goes on after a kill of Snakemake itself, with the settings of the call that was killed.
resume: setup
	$(BIN)/python -m resnet.job.resume
	$(SNAKEMAKE) --workflow-profile profiles/$(PROFILE) --config scale=$(SCALE) $(CONFIG) -- $(TARGET)

# Removes all studies, their records and the decoded images, but not what is committed.
STUDIES = find results/ -mindepth 1 -maxdepth 1 ! -name '*reference'
clean:
	@test "$(SURE)" = yes || { echo "make clean removes every run record in results, but for the reference studies:"; \
	  $(STUDIES); echo "To do it: make clean SURE=yes"; exit 1; }
	$(STUDIES) -exec rm -rf {} +
	rm -rf .snakemake

# Pins what is installed now; environment.yml takes its versions from there.
lock: setup
	{ sed '/^[^#]/,$$d' requirements.lock; $(BIN)/python -m pip freeze | sed 's/+.*//; /^\(nvidia\|cuda\|triton\)/s/$$/ ; sys_platform == "linux"/' \
	  | grep --invert-match --line-regexp --fixed-strings --file=requirements.trackers.lock | sort --ignore-case; } > requirements.lock.new
	mv requirements.lock.new requirements.lock
