# The test of the nginx module, included by the top Makefile.
#
#     make test-nginx         less than 30 s
#     make bench-nginx        what the check costs, by wrk
#     make mutations-nginx    breaks the module in 32 ways, and sees a test fail each time; ten minutes
#
# Needs what bindings/c/nginx/setup.sh installs; skipped without it.

NGINX_BUILD := $(abspath $(or $(CARGO_TARGET_DIR),target))/nginx
build_nginx_module = if command -v nginx >/dev/null && [ -e /usr/share/nginx/src/configure ]; then $(with_library) \
	    $(MAKE) --no-print-directory -s -C bindings/c/nginx BUILD=$(NGINX_BUILD) \
	        LIBRARY_DIR=$$(dirname $$WAZO_AUTH_CLIENT_LIBRARY); \
	fi

.PHONY: test-nginx bench-nginx mutations-nginx
test-nginx: ## The nginx module in the real nginx, with four workers
	@$(build_nginx_module)
	$(PYTHON) tests/nginx/run.py --module-dir $(NGINX_BUILD)

bench-nginx: ## Requests per second of nginx with the module and without (wrk); RELEASE=1 for what is shipped
	@$(build_nginx_module)
	$(PYTHON) tests/nginx/speed.py --module-dir $(NGINX_BUILD) $(if $(INSTRUCTIONS),--instructions)

mutations-nginx: ## Breaks the nginx module in 32 ways, and sees a test fail each time (ten minutes)
	$(PYTHON) tests/nginx/mutations.py
