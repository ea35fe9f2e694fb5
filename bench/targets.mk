# The benchmarks: how fast, how much, and what a call may cost.
#
#     make bench              every client side by side; writes docs/performance.md (about 15 minutes on a quiet machine)
#     make bench-quick        the table alone, in 3 minutes
#     make bench-criterion    in-process benchmarks
#     make bench-decisions    what a verifier's decision costs; writes docs/decisions-speed.md
#     make bench-python       this Python package against the reference client; writes docs/python-migration.md
#     make test-budget        instructions, allocations and system calls of a call, against bench/budget.json
#
# Included by the Makefile, whose PYTHON and CARGO it uses. BENCH are further words, such as BENCH='--only in-flight'.

.PHONY: bench bench-quick bench-criterion bench-decisions bench-python test-budget budget-record

bench: ## Measures against libcurl and others, and writes docs/performance.md (15 minutes)
	@bench/setup.sh
	@$(PYTHON) bench/run.py $(BENCH)

bench-quick: ## Measures the table alone (3 minutes)
	@bench/setup.sh
	@$(PYTHON) bench/run.py --quick $(BENCH)

bench-criterion: ## In-process benchmarks: preparing, errors, passing on, the boundary, a new client
	$(CARGO) bench --locked --manifest-path bench/rust/Cargo.toml \
	    --target-dir $(or $(CARGO_TARGET_DIR),target)/bench --bench library

bench-decisions: ## Measures what a decision of a verifier costs, and writes docs/decisions-speed.md (2 minutes)
	@$(with_simulator) $(PYTHON) bench/decisions.py

bench-python: ## Measures the Python package against the reference: BENCH='--reference PATH' (6 minutes)
	@$(PYTHON) bench/python_compare.py $(BENCH)

test-budget: ## What a call costs, against what is written down
	@bench/setup.sh counts
	@$(PYTHON) bench/budget.py

budget-record: ## Writes down what a call costs now
	@$(PYTHON) bench/budget.py --record
