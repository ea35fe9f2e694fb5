# The documentation site in a browser. `make test` runs the code and the links of the guides (tests/docs); this builds the site,
# opens it from the disk, asks its search, and writes pictures of its pages, light and dark.
#
# Included by the Makefile; uses its variable PYTHON. Chromium is installed where it is missing and this is root, or sudo asks
# nothing; else what needs it is skipped.

.PHONY: test-site

test-site: ## Builds the documentation site and opens it in a browser: search, dark mode, no other host (2 minutes)
	@$(PYTHON) tests/install/way_site.py
