# The long run: make soak MINUTES=60. Included by the Makefile.

MINUTES ?= 60

.PHONY: soak

soak: ## Runs a host under faults, forks and kills for MINUTES (60), and looks at answers, memory, threads, descriptors
	@$(with_simulator) $(PYTHON) tests/soak/soak.py --minutes $(MINUTES) $(SOAK)
