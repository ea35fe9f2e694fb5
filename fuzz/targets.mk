# Fuzzing; docs/fuzzing.md describes it.
#
#     make test-fuzz                      replays the inputs that are checked in; `make test` includes it
#     make fuzz                           fuzzes every target for ten minutes, and ends with a table
#     make fuzz TARGET=json MINUTES=2     one target, for so long
#     make fuzz TARGET=json KEEP=1        the same, and writes what it found back to fuzz/corpora
#
# Included by the Makefile, whose PYTHON and CARGO it uses.

.PHONY: fuzz test-fuzz

# A workspace of its own, whose feature `internals` is in nothing else; but it shares what is built of the dependencies.
test-fuzz: ## Replays the inputs that fuzzing has found
	$(CARGO) test --locked --no-fail-fast --manifest-path fuzz/Cargo.toml --no-default-features \
	    --target-dir $(or $(CARGO_TARGET_DIR),target)

fuzz: ## Fuzzes for ten minutes a target: TARGET=json MINUTES=2 (a nightly toolchain adds AddressSanitizer)
	@$(PYTHON) fuzz/run.py --minutes $(or $(MINUTES),10) $(if $(KEEP),--keep) $(TARGET)
