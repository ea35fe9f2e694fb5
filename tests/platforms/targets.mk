# The library on other platforms than this one: built here, and run here by an emulator.
#
#     make test-windows     x86_64 Windows: the C and C++ tests and samples, by MinGW, under Wine
#     make test-aarch64     aarch64 Linux: the same and host tests, under qemu
#     make test-musl        x86_64 Linux with musl: the C tests, linked statically
#
# Each one installs what is missing (as root), and says so. Included by the Makefile; uses its variable PYTHON. The library is
# built by tools/cross.py; BUILT=1 takes what it has built before. docs/platforms.md tells what is proven by this.

.PHONY: test-windows test-aarch64 test-musl

test-windows: ## Builds the DLL, and runs the C and C++ tests and samples under Wine
	@$(with_simulator) $(PYTHON) tests/platforms/platforms.py windows $(if $(BUILT),--built)

test-aarch64: ## Builds the library for aarch64, and runs the C, C++ and some host tests under qemu
	@$(with_simulator) $(PYTHON) tests/platforms/platforms.py aarch64 $(if $(BUILT),--built)

test-musl: ## Builds the static library for musl, and runs the C tests, linked with it statically
	@$(with_simulator) $(PYTHON) tests/platforms/platforms.py musl $(if $(BUILT),--built)
