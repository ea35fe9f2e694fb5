# The test of the Asterisk module, included by the top Makefile.
#
#     make test-asterisk
#
# Needs an Asterisk with its headers: one that is installed, that of ASTERISK_ROOT, or what setup-asterisk puts into
# build/asterisk; skipped without it.

.PHONY: test-asterisk setup-asterisk
test-asterisk: ## The Asterisk module in the real Asterisk, with SIP calls
	$(PYTHON) tests/asterisk/run.py

setup-asterisk: ## Downloads Asterisk and its headers into build/asterisk, for test-asterisk (85 MB; installs nothing)
	bindings/c/asterisk/setup.sh
