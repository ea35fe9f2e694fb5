# Installing, included by the Makefile. As in other C projects:
#
#     make build                                    builds what is shipped (minutes)
#     sudo make install [PREFIX=/usr/local]         installs it; then `sudo ldconfig`
#     make install PREFIX=/usr DESTDIR=/tmp/root    for packages: below DESTDIR
#     sudo make uninstall [PREFIX=/usr/local]       removes what `make install` with the same variables has installed
#
# LIBDIR, INCLUDEDIR, BINDIR, MANDIR and DOCDIR are below PREFIX unless they are given. COMPONENTS names a part:
# any of `library development simulator documentation`. BUILT names another folder of cargo's results, such as target/debug.

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/wazo-auth-client
DESTDIR ?=
COMPONENTS ?=

install_with = $(PYTHON) tools/install.py $(1) --prefix '$(PREFIX)' --libdir '$(LIBDIR)' --includedir '$(INCLUDEDIR)' \
    --bindir '$(BINDIR)' --mandir '$(MANDIR)' --docdir '$(DOCDIR)' --destdir '$(DESTDIR)' \
    $(if $(BUILT),--built '$(BUILT)') $(COMPONENTS)

.PHONY: install uninstall

install: ## Installs library, headers, pkg-config and CMake files, simulator, man pages: PREFIX=/usr/local DESTDIR=
	@$(call install_with,)

uninstall: ## Removes what `make install` has installed
	@$(call install_with,--uninstall)

.PHONY: deb

deb: ## Builds the Debian packages into build/dist, and has lintian look at them
	@$(PYTHON) tools/deb.py
