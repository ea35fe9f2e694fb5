# The test of the FreeSWITCH module, included by the top Makefile: with stand-ins for FreeSWITCH, about 5 s.

.PHONY: test-freeswitch
test-freeswitch: ## The FreeSWITCH module, compiled against minimal declarations, with stand-ins for FreeSWITCH
	$(PYTHON) tests/freeswitch/run.py
