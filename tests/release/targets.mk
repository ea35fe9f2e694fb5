# What a release needs: one version everywhere, complete packages, artifacts that are built twice as the same bytes.
#
#     make test-release                       the checks, about ten seconds; `make test` includes them
#     make dist [ONLY='source linux']         builds the artifacts of the last commit into build/dist
#     make dist-twice [ONLY='source linux']   builds them in two folders, and compares
#
# Included by the Makefile; uses its variable PYTHON. CONTRIBUTING.md has the steps of a release.

.PHONY: test-release dist dist-twice

test-release: ## Checks versions, the contents of the crates and the tools that build a release
	@$(PYTHON) tests/support/unittests.py tests/release

dist: ## Builds all artifacts of a release into build/dist, with checksums (ONLY='source linux': some of them)
	@$(PYTHON) tools/dist.py $(if $(ONLY),--only $(ONLY))

dist-twice: ## The same in two folders: the artifacts have to be the same bytes
	@$(PYTHON) tools/dist.py --twice $(if $(ONLY),--only $(ONLY))
