# The test of the Kamailio module, included by the top Makefile.
#
#     make test-kamailio                   about 15 s
#     make test-kamailio KAMAILIO_FULL=1   a minute of load
#
# Needs what bindings/c/kamailio/setup.sh installs, which `make setup` does where this is root; skipped without it.

KAMAILIO_BUILD := $(abspath $(or $(CARGO_TARGET_DIR),target))/kamailio
KAMAILIO_SECONDS ?= $(if $(KAMAILIO_FULL),15,1.5)

.PHONY: test-kamailio
test-kamailio: ## The Kamailio module in the real Kamailio, with sipp
	@if command -v kamailio >/dev/null && ls -d /usr/local/src/kamailio-*/src >/dev/null 2>&1; then $(with_library) \
	    $(MAKE) --no-print-directory -C bindings/c/kamailio BUILD=$(KAMAILIO_BUILD) \
	        LIBRARY_DIR=$$(dirname $$WAZO_AUTH_CLIENT_LIBRARY); \
	fi
	$(PYTHON) tests/kamailio/run.py --seconds $(KAMAILIO_SECONDS) $(if $(KAMAILIO_FULL),--overload) \
	    --module-dir $(KAMAILIO_BUILD)
