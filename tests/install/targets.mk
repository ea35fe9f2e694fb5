# The library and the Python package as users get them.
#
#     make wheel                       builds the Python wheel and the sdist into build/dist
#     make wheel-simulator             builds the wheel of the simulator into build/dist
#     make test-install                installs in every way that is offered, and runs a program with each (an hour)
#     make test-install WAY=prefix     in one way; tests/install/run.py --help lists them
#     make test-install-short          what needs nothing but a compiler, with the debug build; `make test` includes it
#
# For the way `wheel`: with the root of an older system in OLD_ROOT, as root, the wheel is installed and used in there as well:
#
#     debootstrap --variant=minbase --include=python3,python3-venv bullseye build/bullseye
#     OLD_ROOT=$PWD/build/bullseye make test-install
#
# Included by the Makefile; uses its variable PYTHON. `make test` has a short form: tests/python/test_wheel.py.

.PHONY: wheel wheel-simulator test-install test-install-short

wheel: ## Builds the Python wheel (glibc 2.17 or newer) and the sdist into build/dist
	@$(PYTHON) tools/wheel.py

wheel-simulator: ## Builds the wheel of the simulator (the program, and fixtures for pytest) into build/dist
	@$(PYTHON) tools/wheel_simulator.py

test-install: ## Installs in every way (prefix, CMake, .deb, .dll, wheel ...), and runs a program with each: WAY=prefix (an hour)
	@$(PYTHON) tests/install/run.py $(WAY)

test-install-short: ## Installs the debug build into a prefix, uses it by pkg-config and CMake, compares the ABI, and packs the simulator into a wheel (a minute)
	@$(PYTHON) tests/install/run.py --debug prefix cmake abi simulator
