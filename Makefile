# Lorikeet. `make help` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-kernels test-soak lint format benchmark benchmark-training benchmark-delivery \
	benchmark-learning parity \
	clean install release deb image test-deb test-systemd test-monitoring test-broker

PREFIX ?= /usr/local

# One optimized build serves the program, the demo and the tests, so that nothing is compiled twice.
# The import check refuses imports that Package.swift does not declare.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error
# What `make install` installs: no crash points, Swift linked in, no symbol table.
INSTALL_FLAGS := -c release --static-swift-stdlib -Xlinker -s --product lorikeet --scratch-path .build-install
PROGRAM = .build/release/lorikeet
RELEASE = .build-install/release/lorikeet
PACKAGES = .build-debian/packages
SWIFT_SOURCES := Package.swift Sources Tests
# How many tests run at once. Without a limit, hundreds start together and make one another time out.
TEST_WIDTH ?= 8
TEST_ENVIRONMENT = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH)

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' \
		| while IFS=$$'\t' read -r name text; do printf '  make %-19s %s\n' "$$name" "$$text"; done

setup: ## Install missing Debian packages and the base model; needs no network if nothing is missing
	@scripts/setup

build: setup ## Compile the program
	swift build $(SWIFT_FLAGS) --product lorikeet

demo: build ## Show the daemon at work on real texts, in a minute and a half (DEMO_FLAGS=--keep leaves it running)
	$(PROGRAM) demo $(DEMO_FLAGS)

test: setup ## Run all tests, with a real PostgreSQL and a broker (FILTER=REGEX selects tests)
	swift build $(SWIFT_FLAGS) --build-tests
	@# What failed is said once more at the end, where it is found.
	@set -o pipefail; $(TEST_ENVIRONMENT) swift test $(SWIFT_FLAGS) --skip-build --disable-xctest \
		$(if $(FILTER),--filter '$(FILTER)') 2>&1 | tee .build/tests.log \
		|| { echo 'make test: failed:' >&2; grep -a '✘' .build/tests.log >&2; exit 1; }

# SOAK_SECONDS, SOAK_SEED; for external servers SOAK_BROKERS, SOAK_TOPIC, SOAK_DATABASE and SOAK_BREAK_BROKER.
SOAK_FLAGS = --seconds $(or $(SOAK_SECONDS),600) \
	$(if $(SOAK_SEED),--seed $(SOAK_SEED)) \
	$(if $(SOAK_BROKERS),--brokers '$(SOAK_BROKERS)') \
	$(if $(SOAK_TOPIC),--topic '$(SOAK_TOPIC)') \
	$(if $(SOAK_DATABASE),--database '$(SOAK_DATABASE)') \
	$(if $(SOAK_BREAK_BROKER),--break-broker '$(SOAK_BREAK_BROKER)')

test-kernels: setup ## Compare the kernels of all CPUs, under the address sanitizer and on qemu-aarch64 (SEED)
	@scripts/setup --kernels
	@scripts/kernels/run $(or $(SEED),$$RANDOM) --all

test-soak: build ## Run two daemons under load and faults, count every record (SOAK_SECONDS, SOAK_SEED, …)
	@$(PROGRAM) soak $(SOAK_FLAGS)

test-monitoring: setup ## Check metrics, alert rules and dashboard, with Prometheus' promtool
	scripts/promtool check rules packaging/monitoring/alerts.yaml
	scripts/promtool test rules packaging/monitoring/alerts.test.yaml
	PROMTOOL=$$(scripts/promtool) $(MAKE) test FILTER='MetricConventionsTests|MonitoringFilesTests'

# The suites fail if there is no broker, and are no part of `make test`.
test-broker: setup ## Test SASL, TLS, static members and transactions with a broker from PyPI
	scripts/kafka-broker --fetch
	KAFKA_BROKER=$(CURDIR)/scripts/kafka-broker $(MAKE) test FILTER='BrokerLoginTests|BrokerDeliveryTests'

lint: ## Check the format of the Swift sources and the syntax of the shell scripts
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@for script in scripts/* scripts/*/* .ci/run; do \
		[ -f $$script ] || continue; \
		case $$(head -1 $$script) in *bash*) bash -n $$script || exit 1;; esac; \
	done

format: ## Format the Swift sources in place
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

benchmark: build ## Compare the engine with others; writes docs/benchmarks.md and docs/images/speed.svg
	@scripts/benchmark $(PROGRAM)

benchmark-training: build ## Compare training with PEFT (DATA=folder of data sets); writes docs/benchmarks-training.md
	@scripts/benchmark-training $(PROGRAM)

benchmark-delivery: build ## Measure the serving path (TEXTS=one text per line); writes docs/benchmarks-delivery.md
	@scripts/benchmark-delivery $(PROGRAM)

benchmark-learning: build ## Measure promotion and learning (DATA=data sets); writes docs/benchmarks-learning.md
	@scripts/benchmark-learning $(PROGRAM)

parity: build ## Compare token ids, logits and adapters with Hugging Face on random cases
	@scripts/parity/run $(PROGRAM)

clean: ## Remove everything that was built, and the Python environment
	rm -rf .build .build-install .build-debian .build-promtool .build-kafka-broker .build-python

release: setup ## Compile the program that is installed and packaged
	LORIKEET_RELEASE=1 swift build $(INSTALL_FLAGS)

install: release ## Install program, units, pipelines, documentation, manual and completions under PREFIX (/usr/local)
	PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) scripts/install $(RELEASE)

deb: release ## Build the Debian package, into .build-debian/packages
	scripts/package $(RELEASE) $(PACKAGES)

# A second package of a newer version, to upgrade to.
PACKAGE = $$(scripts/package $(RELEASE) $(PACKAGES))
NEWER_PACKAGE = $$(scripts/package $(RELEASE) $(PACKAGES) "$$($(RELEASE) --version)+newer")

test-deb: release ## Install, upgrade, remove and purge the package in a clean Debian (as root)
	scripts/debian/test-package "$(PACKAGE)" "$(NEWER_PACKAGE)"

test-systemd: release ## Boot Debian in a folder and prove the service under its systemd (as root)
	scripts/debian/test-systemd "$(PACKAGE)" "$(NEWER_PACKAGE)" models/all-MiniLM-L6-v2

image: release ## Build the container image, or test its root in a chroot where no container tool works
	scripts/debian/image "$(PACKAGE)" models/all-MiniLM-L6-v2
