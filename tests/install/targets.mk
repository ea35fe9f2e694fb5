# The Python package as users get it: its wheel, its sdist, and their installation.
#
#     make wheel            builds both into build/dist
#     make test-install     builds them, and installs them with every Python that is here; needs PyPI; some minutes
#
# With the root of an older system in OLD_ROOT, as root, the wheel is installed and used in there as well:
#
#     debootstrap --variant=minbase --include=python3,python3-venv bullseye build/bullseye
#     OLD_ROOT=$PWD/build/bullseye make test-install
#
# Included by the Makefile; uses its variable PYTHON. `make test` has a short form: tests/python/test_wheel.py.

.PHONY: wheel test-install

wheel: ## Builds the Python wheel (glibc 2.17 or newer) and the sdist into build/dist
	@$(PYTHON) tools/wheel.py

test-install: wheel ## Installs wheel and sdist with each Python from 3.9 on, without a compiler, and uses them (10 minutes)
	@$(PYTHON) tests/support/unittests.py tests/install
