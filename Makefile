# Everything a developer does here. `make check` is what CI runs.
GO    ?= go
LINT  := $(GO) tool -modfile=tools.mod golangci-lint
ROOMS  = $(shell $(GO) list ./... | grep -v '^tollgate/test/')
export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build deb check test test-package race setup lint fmt fuzz bench demo clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

build: ## Build bin/tollgate
	$(GO) build -trimpath -o bin/tollgate ./cmd/tollgate

# What the package says it is; make deb VERSION=1.2.3 ARCH=arm64 says otherwise.
VERSION ?= $(shell sed -n 's/^var version = "\(.*\)"/\1/p' cmd/tollgate/version.go)
ARCH    ?= $(shell dpkg --print-architecture)
deb: ## Build dist/tollgate_VERSION_ARCH.deb
	GO="$(GO)" sh packaging/build.sh $(VERSION) $(ARCH) dist

check: lint test race fuzz ## All that CI asks: lint, test, race, fuzz

test: setup ## Install what the tests need, then run all of them
	$(GO) test $(ROOMS)
	$(GO) test -p 1 $(shell $(GO) list ./test/... | grep -v '^tollgate/test/package')
	$(GO) test -count=1 ./test/package

# What the package is built from is no input of a test that Go knows of: -count=1.
test-package: setup ## Build the Debian package, install it in a fresh Debian, let it live there
	$(GO) test -count=1 ./test/package

# Processes that are killed over and over are killed in make test; here they would take minutes.
race: setup ## Test the rooms that run goroutines with the race detector, which needs a C compiler
	CGO_ENABLED=1 $(GO) test -race -skip Killed ./pbx/... ./ledger ./charging ./access ./api

setup: ## Install the outside programs of the tests: Asterisk's helpers, PostgreSQL, Chromium
	@sh test/setup.sh

lint: ## Report what the linter and the formatter would change
	$(LINT) fmt --diff
	$(LINT) run

fmt: ## Format the code
	$(LINT) fmt

# Tries rather than seconds: on a busy machine the fuzzer may miss its own deadline.
FUZZTIME ?= 2000x
fuzz: ## Run every fuzz target for FUZZTIME (2000x, or a time such as 1m)
	@$(GO) list -f '{{$$p := .ImportPath}}{{range .TestGoFiles}}{{$$p}} {{$$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$p}} {{$$.Dir}}/{{.}}{{"\n"}}{{end}}' ./... | \
	while read -r package file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file" 2>/dev/null); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; \
		done; \
	done

bench: build ## Measure; each number beside the limit measured in the same run
	bin/tollgate bench

demo: ## Try it: a whole office with a simulated PBX
	$(GO) run ./cmd/tollgate demo

clean: ## Remove what was built
	rm -rf bin dist
