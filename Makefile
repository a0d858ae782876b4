# `make help` lists what there is.
#
#   make run              fetch the models if they are not here, build, start
#   make run ADDR=:9000   listen elsewhere
#   make run CONFIG=parley.yaml DATA=./data

ADDR   ?=
CONFIG ?=
DATA   ?=

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE   := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/parley
LINT_VERSION := v2.15.0
LINT    := $(CACHE)/tools/golangci-lint-$(LINT_VERSION)/golangci-lint
LDFLAGS := -X main.version=$(VERSION)

# Two packages at a time: they start programs, browsers and models of their own.
TEST_FLAGS ?= -race -p 2 -timeout 25m

DIST := dist/parley-$(VERSION)-linux-amd64

.DEFAULT_GOAL := help
.PHONY: help run build models llm test test-tools livekit-server lint bench dist clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## fetch the models if they are not here, build, start (ADDR, CONFIG, DATA)
	bin/parley models pull $(if $(CONFIG),--config '$(CONFIG)')
	exec bin/parley run $(if $(ADDR),--addr '$(ADDR)') $(if $(CONFIG),--config '$(CONFIG)') $(if $(DATA),--data '$(DATA)')

build: ## build bin/parley
	go build -ldflags '$(LDFLAGS)' -o bin/parley ./cmd/parley

models: ## fetch all models, also those that only tests use
	go run -ldflags '$(LDFLAGS)' ./cmd/parley models pull --all

# For tests that a stand-in cannot replace:
#   make llm &
#   PARLEY_TEST_LLM=http://127.0.0.1:8092/v1 go test -v -run TestTenConversations ./cmd/parley
llm: ## fetch a small real language model (1.1 GB) and serve it
	@nice -n 19 .ci/llm

# Without models or tools the tests that need them skip and say why; with
# PARLEY_TEST_ALL=1 nothing may be missing.
test: test-tools livekit-server ## run all tests with the race detector
	$(MAKE) models || [ "$$PARLEY_TEST_ALL" != 1 ]
	go test $(TEST_FLAGS) ./...

# What some tests need beside the models, installed where this user may install.
test-tools:
	@.ci/test-tools

livekit-server: ## build the media server that tests of rooms start, once
	@.ci/livekit-server || [ "$$PARLEY_TEST_ALL" != 1 ]

lint: $(LINT) ## check the house rules: go vet, and golangci-lint with staticcheck in it
	go vet ./...
	$(LINT) run

# Built from source, once, into the user's cache; about two minutes.
$(LINT):
	@echo "Building golangci-lint $(LINT_VERSION), once."
	GOBIN='$(dir $@)' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

bench: build models ## measure how fast it is
	go run ./internal/bench

# The libraries lie beside the program and are found by their place ($ORIGIN),
# so the archive works wherever it is unpacked.
dist: ## build one archive with all that a machine without Go needs
	rm -rf '$(DIST)' '$(DIST).tar.gz'
	mkdir -p '$(DIST)/lib'
	go build -trimpath -ldflags '-s -w $(LDFLAGS)' -o '$(DIST)/parley' ./cmd/parley
	.ci/bundle '$(DIST)'
	.ci/licenses '$(DIST)/licenses'
	cp LICENSE NOTICE $(wildcard README.md) '$(DIST)'
	tar -C dist --owner=0 --group=0 --sort=name -czf '$(DIST).tar.gz' '$(notdir $(DIST))'
	rm -rf '$(DIST)'
	@ls -l '$(DIST).tar.gz'

clean: ## delete what was built here (models stay in the cache)
	rm -rf bin dist
