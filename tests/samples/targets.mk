# The test of the samples in bindings/c, included by the top Makefile.
#
# Needs gcc, libevent-dev (`make setup` installs it; without it this fails and says so, or leaves that sample out where
# nobody could install it) and, to look at memory, valgrind.

.PHONY: test-samples
test-samples: ## The C samples: servers, forked workers, a module; built strictly, run against the simulator
	@$(with_library) $(with_simulator) set -x && $(PYTHON) tests/samples/test_samples.py
