# The host tests: every promise of docs/host.md, in full and in a shorter form.
#
#     make test-host               all of it, samples, C++ and Kamailio included, in less than ten minutes
#     make test-host-short         about a minute, as a part of `make test`
#     make test-host ONLY=queue    one test by its name
#
# Included by the Makefile, whose PYTHON and CARGO it uses. RELEASE=1 tests what is shipped.

HOST_PROGRAMS := $(or $(CARGO_TARGET_DIR),target)/host
HOST_TESTS := fork http2 guest load exit sigpipe threads deadline queue idle memory
HOST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Wshadow -Wno-unused-function -Iinclude -Itests/support
HOST_HEADERS := tests/host/host.h tests/support/report.h include/wazo_auth_client.h

# Builds library and programs, and runs the tests; its argument says in which length.
host_run = $(with_library) $(MAKE) --no-print-directory host-programs && \
    $(PYTHON) tests/host/run.py --programs $(HOST_PROGRAMS) $(1) $(ONLY)

.PHONY: test-host test-host-short host-programs

test-host: ## The promises to a host process, in full; then samples, C++ and a minute of the real Kamailio (10 minutes)
	@$(call host_run,--full)
	@$(if $(ONLY),:,$(MAKE) --no-print-directory test-samples test-cpp)
	@$(if $(ONLY),:,$(MAKE) --no-print-directory test-kamailio KAMAILIO_FULL=1)

test-host-short: ## The promises to a host process, in a minute
	@$(call host_run)

host-programs: $(HOST_PROGRAMS)/spy.so $(addprefix $(HOST_PROGRAMS)/,$(HOST_TESTS))

$(HOST_PROGRAMS)/spy.so: tests/host/spy.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -fPIC -shared $< -o $@ -ldl

# It loads the library by itself, so it is not linked with it.
$(HOST_PROGRAMS)/load: tests/host/load.c $(HOST_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $< -o $@ -lpthread -ldl

$(HOST_PROGRAMS)/%: tests/host/%.c $(HOST_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $< -o $@ -L$(dir $(WAZO_AUTH_CLIENT_LIBRARY)) -lwazo_auth_client -lpthread -ldl
