# The host tests: every promise of "Inside a telephony process" (docs/host.md), in full and in a shorter form.
#
#     make test-host          all of it, in less than ten minutes
#     make test-host-short    a minute, as a part of `make test`
#     make test-host ONLY=queue

HOST_TARGET := $(or $(CARGO_TARGET_DIR),target)
# Where the shared library is, and the profile that it was built with.
HOST_LIBRARY ?= $(HOST_TARGET)/debug
HOST_PROGRAMS := $(HOST_TARGET)/host
HOST_TESTS := fork guest load exit
HOST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Wshadow -Wno-unused-function -Iinclude
HOST_RUN = python3 tests/host/run.py --programs $(HOST_PROGRAMS) --library $(HOST_LIBRARY)

.PHONY: test-host test-host-short host-programs host-library

test-host: host-programs
	$(HOST_RUN) --full $(ONLY)

test-host-short: host-programs
	$(HOST_RUN) $(ONLY)

# The library by itself: in a build of the whole workspace it would have the features that the simulator asks of tokio,
# and with them descriptors of which it knows nothing.
host-library:
	cargo build -p wazo-auth-client
	cargo build -p wazo-auth-simulator

host-programs: host-library $(HOST_PROGRAMS)/spy.so $(addprefix $(HOST_PROGRAMS)/,$(HOST_TESTS))

$(HOST_PROGRAMS)/spy.so: tests/host/spy.c
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -fPIC -shared $< -o $@ -ldl

# It loads the library by itself, so it is not linked with it.
$(HOST_PROGRAMS)/load: tests/host/load.c tests/host/host.h include/wazo_auth_client.h
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $< -o $@ -lpthread -ldl

$(HOST_PROGRAMS)/%: tests/host/%.c tests/host/host.h include/wazo_auth_client.h
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $< -o $@ -L$(HOST_LIBRARY) -lwazo_auth_client -lpthread -ldl
