# The test of the samples in bindings/c, included by the top Makefile.
#
# Needs gcc; libevent-dev for one sample, and valgrind to look at memory: what they are for is skipped without them.

.PHONY: test-samples
test-samples: ## The C samples: servers, forked workers, a module; built strictly, run against the simulator
	$(PYTHON) tests/support/unittests.py tests/samples
