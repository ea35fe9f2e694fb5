# The host tests: every promise of docs/host.md, in full and in a shorter form.
#
#     make test-host               all tests in full, with the samples, C++ and Kamailio; less than ten minutes
#     make test-host-short         a shorter form, about a minute; `make test` includes it
#     make test-host ONLY=queue    one test by its name
#     make mutations               breaks each guard in a scratch checkout and looks for the test that sees it (an hour)
#
# Included by the Makefile; uses its variables PYTHON and CARGO. RELEASE=1 tests the release build.

HOST_PROGRAMS := $(or $(CARGO_TARGET_DIR),target)/host
HOST_TESTS := fork http2 guest load exit sigpipe threads deadline queue idle bounds memory secrets verifier closed
HOST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Wshadow -Wno-unused-function -Iinclude -Itests/support
HOST_HEADERS := tests/host/host.h tests/support/report.h include/wazo_auth_client.h

# Builds the library and the programs, and runs the tests; the argument --full runs them in full.
host_run = $(with_library) $(MAKE) --no-print-directory host-programs && \
    $(PYTHON) tests/host/run.py --programs $(HOST_PROGRAMS) $(1) $(ONLY)

.PHONY: test-host test-host-short host-programs mutations

test-host: ## Tests the promises to a host process in full, then the samples, C++ and Kamailio (10 minutes)
	@$(call host_run,--full)
	@$(if $(ONLY),:,$(MAKE) --no-print-directory test-samples test-cpp)
	@$(if $(ONLY),:,$(MAKE) --no-print-directory test-kamailio KAMAILIO_FULL=1)

test-host-short: ## Tests the promises to a host process, in a shorter form (1 minute)
	@$(call host_run)

# The checkout is of the last commit: what is not committed is not in it.
mutations: ## Breaks the guard of each promise, one by one, and looks for the test that sees it (an hour; ONLY=part of a name)
	@$(with_simulator) $(with_library) $(MAKE) --no-print-directory host-programs && mkdir -p build/mutations && \
	    git worktree prune && { [ -d build/mutations/tree ] || git worktree add --detach build/mutations/tree; } && \
	    git -C build/mutations/tree checkout --quiet --force --detach $$(git rev-parse HEAD) && \
	    $(PYTHON) tests/host/mutations.py --tree build/mutations/tree --target $$(pwd)/build/mutations/target \
	        --programs $(HOST_PROGRAMS) --simulator $$WAZO_AUTH_SIMULATOR $(if $(ONLY),'$(ONLY)')

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

# Longer forms that need a nightly toolchain; not part of `make test`.
.PHONY: test-sanitized miri

test-sanitized: ## The C, C++ and host programs under AddressSanitizer (SANITIZER=thread: ThreadSanitizer; 20 minutes)
	@$(with_simulator) $(PYTHON) tests/host/sanitized.py --sanitizer $(or $(SANITIZER),address) \
	    --programs $(HOST_PROGRAMS)/sanitized $(ONLY)

# What has pointers, ends within minutes, and asks the system for nothing that Miri does not know (fork, eventfd, sockets).
MIRI_TESTS := ffi::pointer ffi::text ffi::json callback:: cache::revoked
# A million of brackets takes Miri hours.
MIRI_SKIP := depth_costs_no_stack

miri: ## The unit tests of pointer code under Miri (needs the components miri and rust-src of a nightly toolchain)
	@if ! cargo +nightly miri --version >/dev/null 2>&1; then \
	    echo 'Miri is missing: rustup component add --toolchain nightly miri rust-src'; exit 1; fi
	MIRIFLAGS='-Zmiri-disable-isolation' cargo +nightly miri test --locked -p wazo-auth-client-rust --lib -- \
	    $(MIRI_TESTS) $(addprefix --skip ,$(MIRI_SKIP))
