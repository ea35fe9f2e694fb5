# The test of the Kamailio module, included by the top Makefile.
#
#     make test-kamailio                   about 15 s
#     make test-kamailio KAMAILIO_FULL=1   a minute of load
#
# Needs what bindings/c/kamailio/setup.sh installs (once, as root).

KAMAILIO_TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
KAMAILIO_SECONDS ?= $(if $(KAMAILIO_FULL),15,1.5)

.PHONY: test-kamailio
test-kamailio: ## The Kamailio module in the real Kamailio, with sipp (installed where this is root)
	@if command -v kamailio sipp >/dev/null && ls -d /usr/local/src/kamailio-*/src >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo 'test-kamailio: installing kamailio, sip-tester and the source package of kamailio for its headers'; \
	    bindings/c/kamailio/setup.sh >/dev/null; \
	else echo 'test-kamailio: run bindings/c/kamailio/setup.sh as root first'; exit 1; fi
	# One by one: built together, the library would get the features that the simulator wants of tokio.
	$(CARGO) build --locked --quiet -p wazo-auth-client
	$(CARGO) build --locked --quiet -p wazo-auth-simulator
	$(MAKE) --no-print-directory -C bindings/c/kamailio BUILD=$(KAMAILIO_TARGET)/kamailio LIBRARY_DIR=$(KAMAILIO_TARGET)/debug
	$(PYTHON) tests/kamailio/run.py --seconds $(KAMAILIO_SECONDS) $(if $(KAMAILIO_FULL),--overload) \
		--simulator $(KAMAILIO_TARGET)/debug/wazo-auth-simulator \
		--library-dir $(KAMAILIO_TARGET)/debug --module-dir $(KAMAILIO_TARGET)/kamailio
