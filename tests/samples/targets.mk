# The tests of the samples in bindings/c, included by the top Makefile.
#
# Needs gcc; libevent-dev for one sample, librabbitmq-dev for another, and valgrind to look at memory: what they are for
# is skipped without them. So is test-bus without rabbitmq-server.

.PHONY: test-samples test-bus
test-samples: ## The C samples: servers, forked workers, a module; built strictly, run against the simulator
	$(PYTHON) tests/support/unittests.py tests/samples

test-bus: ## The sample that listens to wazo-auth's bus, with a real RabbitMQ: from a message to a refusal in 50 ms
	$(PYTHON) tests/support/unittests.py tests/samples/bus
