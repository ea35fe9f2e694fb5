# The test of the Kamailio module, included by the top Makefile.
#
#     make test-kamailio                   about 15 s
#     make test-kamailio KAMAILIO_FULL=1   a minute of load
#
# Needs what bindings/c/kamailio/setup.sh installs (once, as root).

KAMAILIO_TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
KAMAILIO_SECONDS ?= $(if $(KAMAILIO_FULL),15,1.5)

.PHONY: test-kamailio
test-kamailio:
	# One by one: built together, the library would get the features that the simulator wants of tokio.
	cargo build --quiet -p wazo-auth-client
	cargo build --quiet -p wazo-auth-simulator
	$(MAKE) --no-print-directory -C bindings/c/kamailio BUILD=$(KAMAILIO_TARGET)/kamailio LIBRARY_DIR=$(KAMAILIO_TARGET)/debug
	python3 tests/kamailio/run.py --seconds $(KAMAILIO_SECONDS) $(if $(KAMAILIO_FULL),--overload) \
		--simulator $(KAMAILIO_TARGET)/debug/wazo-auth-simulator \
		--library-dir $(KAMAILIO_TARGET)/debug --module-dir $(KAMAILIO_TARGET)/kamailio
