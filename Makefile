# What is done with this repository, by name. `make help` lists it.
#
# CARGO_TARGET_DIR, CARGO, CC, CXX, CFLAGS and PYTHON are honoured. RELEASE=1 tests and shows what is shipped.

CARGO ?= cargo
# The Python that has `requests` and the type checkers, once `make setup` has installed them.
PYTHON ?= $(if $(wildcard build/venv/bin/python),build/venv/bin/python,python3)
export CARGO PYTHON

# The beginnings of a recipe's line: find or build the library or the simulator, and tell what follows where it is. The
# runners of the tests do so by themselves.
with_library = WAZO_AUTH_CLIENT_LIBRARY=$$($(PYTHON) tests/support/artifacts.py library) && \
    export WAZO_AUTH_CLIENT_LIBRARY &&
with_simulator = WAZO_AUTH_SIMULATOR=$$($(PYTHON) tests/support/artifacts.py simulator) && export WAZO_AUTH_SIMULATOR &&

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test setup lint codegen test-rust test-c test-cpp test-python test-replay test-docs build docs supply-chain simulate-fleet format clean

help: ## Lists the targets
	@echo 'make TARGET, with one of'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo
	@echo 'WAZO_AUTH_URL=https://... make demo runs the demo against that server (WAZO_AUTH_USERNAME, WAZO_AUTH_PASSWORD,'
	@echo 'WAZO_AUTH_CA_FILE).'

demo: ## Shows the C and the Python sample at work, against a wazo-auth in memory
	@$(PYTHON) tools/demo.py

test: setup ## Runs every test; a fresh clone needs nothing before it
	@$(PYTHON) tools/test.py lint codegen rust fuzz c cpp python replay docs samples release install-short freeswitch \
	    bus host-short kamailio nginx asterisk budget

setup: ## Installs what the tests need and is missing, and says what
	@tools/setup.sh

lint: ## Formatting, clippy and the Rust documentation, warnings being errors; whether the mutations of the host tests still find their places
	@status=0; set -x; \
	    $(CARGO) fmt --all --check || status=1; \
	    $(CARGO) clippy --locked --workspace --all-targets -- --deny warnings || status=1; \
	    RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --locked --no-deps -p wazo-auth-client-rust -p wazo-auth-simulator \
	        --features wazo-auth-client-rust/tracing || status=1; \
	    $(PYTHON) tests/host/mutations.py --check || status=1; \
	    $(PYTHON) tests/nginx/mutations.py --check || status=1; \
	    for manifest in fuzz/Cargo.toml bench/rust/Cargo.toml tests/host/loom/Cargo.toml; do \
	        $(CARGO) metadata --locked --format-version 1 --manifest-path $$manifest >/dev/null || status=1; \
	    done; \
	    set +x; [ $$status = 1 ] || echo 'Formatting, clippy and documentation: nothing to say'; exit $$status

codegen: ## Checks that every generated file is what the tables of operations, options and error kinds say
	$(CARGO) xtask codegen --check
	@echo 'Generated files: as `cargo xtask codegen` writes them'

# Package by package: all at once, Cargo would build the library with the features that the others want of its
# dependencies.
test-rust: ## The Rust tests: the library's, the simulator's, the generators'
	@$(with_simulator) status=0; set -x; \
	    $(CARGO) test --locked --no-fail-fast -p wazo-auth-client-rust || status=1; \
	    $(CARGO) test --locked -p wazo-auth-client-rust --features tracing --test tracing || status=1; \
	    $(CARGO) test --locked --no-fail-fast -p wazo-auth-simulator || status=1; \
	    $(CARGO) test --locked --no-fail-fast -p xtask || status=1; \
	    exit $$status

test-c: ## The C tests, with the simulator and under valgrind
	$(PYTHON) tests/c/run.py

test-cpp: ## The C++ tests: what must compile, what must not, and what runs against the simulator
	$(PYTHON) tests/cpp/run.py

test-python: ## The tests of the Python package, and of the simulator's Python fixture
	$(PYTHON) tests/support/unittests.py tests/python simulator/python

test-replay: ## Replays the recorded calls of the reference client
	@$(with_library) set -x && \
	    PYTHONPATH=bindings/python $(PYTHON) tests/replay.py tests/data/golden_calls.jsonl

test-docs: ## The README's code, every block of it, and the links of the documentation
	$(PYTHON) tests/support/unittests.py tests/docs

build: ## Builds library and simulator as they are shipped, and prints their paths (minutes; `make install` installs them)
	@RELEASE=1 $(PYTHON) tests/support/artifacts.py --build library
	@RELEASE=1 $(PYTHON) tests/support/artifacts.py --build simulator

docs: ## Writes the documentation site into build/docs: guides, and the reference of C, C++ and Python; opens without a server
	@tools/docs.sh

supply-chain: ## Licences, sources and advisories of the crates (cargo-deny), and the list of them (CycloneDX) into build/dist
	@$(PYTHON) tools/supply_chain.py

simulate-fleet: ## Simulates 10,000 hosts against one wazo-auth, and writes docs/fleet.md (some minutes, 4 GB of memory)
	@$(PYTHON) tools/fleet.py

format: ## Formats the Rust sources
	$(CARGO) fmt --all

clean: ## Removes what was built
	rm -rf build
	$(CARGO) clean

# Rooms of tests may bring targets of their own.
include $(wildcard tests/*/targets.mk bench/targets.mk fuzz/targets.mk packaging/targets.mk)
