# Lorikeet. `make help` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-soak lint format benchmark benchmark-training benchmark-delivery parity clean install

PREFIX ?= /usr/local

# One optimised build serves the program, the demo and the tests, so that nothing is compiled twice.
# The import check keeps the layers of Package.swift honest.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error
PROGRAM = .build/release/lorikeet
SWIFT_SOURCES := Package.swift Sources Tests
# Tests that run at once. Without a bound hundreds begin together, and a test that waits for its daemon counts the others' time as well.
TEST_WIDTH ?= 8

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done

setup: ## Install missing Debian packages and the base model (idempotent, offline when all is there)
	@scripts/setup

build: setup ## Compile the program
	swift build $(SWIFT_FLAGS) --product lorikeet

demo: build ## The main job, live, on real texts: about a minute and a half (DEMO_FLAGS=--keep leaves it running)
	$(PROGRAM) demo $(DEMO_FLAGS)

test: setup ## All tests: unit, and integration with a real PostgreSQL and broker (FILTER=Name picks some)
	swift build $(SWIFT_FLAGS) --build-tests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) swift test $(SWIFT_FLAGS) --skip-build --disable-xctest $(if $(FILTER),--filter $(FILTER))

test-soak: build ## Two daemons under full load, a fault every few seconds, then the count (SOAK_SECONDS, SOAK_SEED, SOAK_BROKERS, SOAK_TOPIC, SOAK_DATABASE, SOAK_BREAK_BROKER)
	@$(PROGRAM) soak --seconds $(or $(SOAK_SECONDS),600) $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(if $(SOAK_BROKERS),--brokers '$(SOAK_BROKERS)') $(if $(SOAK_TOPIC),--topic '$(SOAK_TOPIC)') $(if $(SOAK_DATABASE),--database '$(SOAK_DATABASE)') $(if $(SOAK_BREAK_BROKER),--break-broker '$(SOAK_BREAK_BROKER)')

lint: ## Check the format of the sources and the shell scripts
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@for script in scripts/* scripts/*/* .ci/run; do [ -f $$script ] || continue; case $$(head -1 $$script) in *bash*) bash -n $$script || exit 1;; esac; done

format: ## Format the sources in place
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

benchmark: build ## Every speed figure of the engine, beside its peers where they are installed; writes docs/benchmarks.md
	@scripts/benchmark $(PROGRAM)

benchmark-training: build ## Quality and speed of training beside PEFT's (DATA=folder of data sets); writes docs/benchmarks-training.md
	@scripts/benchmark-training $(PROGRAM)

benchmark-delivery: build ## Every figure of the serving path (TEXTS=file with a text a line, DELIVERY_FLAGS='--figure latency'); writes docs/benchmarks-delivery.md
	@scripts/benchmark-delivery $(PROGRAM)

parity: build ## Token ids, logits and adapters of many random cases against Hugging Face, in a Python environment that it makes
	@scripts/parity/run $(PROGRAM)

clean: ## Remove everything that was built, the Python environment too
	rm -rf .build .build-install .build-python

install: setup ## Install the program (Swift linked in), units, pipelines and completions under PREFIX (/usr/local)
	LORIKEET_RELEASE=1 swift build -c release --static-swift-stdlib --product lorikeet --scratch-path .build-install
	PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) scripts/install .build-install/release/lorikeet
