# The evil server: peers that break every rule of HTTP/1, HTTP/2, TLS and TCP, and what the client must make of them.
#
#     make test-faults                 every mode in every combination; some minutes
#     make test-faults ONLY=goaway     what has this in its name, every combination
#
# `make test-rust` runs it too: each mode in one of its combinations, in all of them where the library once failed.
# Included by the Makefile; uses its variable CARGO.

.PHONY: test-faults

test-faults: ## Tests the client against servers that break every rule, in full (10 minutes)
	$(CARGO) test --locked -p wazo-auth-client-rust --test evil -- $(or $(ONLY),--full)
