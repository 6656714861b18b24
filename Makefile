SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
PKG ?= ./...
# Packages tested at a time, and tests at a time in one: two cores, shared with the servers.
GOTEST := go test -p 2
TIMEOUT ?= 25m
# Real servers for what follows in the recipe.
WITH_STACK := scripts/stack up && eval "$$(scripts/stack env)" &&
# The pinned tools (golangci-lint, gofumpt, protoc-gen-go), installed on first use.
WITH_TOOLS := PATH="$$(scripts/tools | tail -n 1):$$PATH" &&

.PHONY: help
help: ## show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## run every service in one process, self-contained, data in ./data
	bin/entrepot serve

.PHONY: build
build: ## build bin/entrepot
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/entrepot ./cmd/entrepot

.PHONY: test
test: ## test with the race detector against real servers, which it starts (TIMEOUT=25m)
	@$(WITH_STACK) $(GOTEST) -race -timeout $(TIMEOUT) $$(go list ./... | grep -v /test/)
	@scripts/tools --browser
	@$(WITH_STACK) ENTREPOT_RESTART_RABBIT=1 RABBITMQCTL="$(CURDIR)/scripts/stack rabbitmqctl" \
		go test -race -count 1 -timeout 5m -run TestServerRestart ./events/rabbit
	@$(WITH_STACK) go test -p 1 -race -count 1 -timeout $(TIMEOUT) ./test/...

.PHONY: test-short
test-short: ## test what needs no server, in a minute (PKG=./...)
	@$(GOTEST) -short -timeout 5m $(PKG)

.PHONY: bench
bench: build ## measure the built server under load (ARGS=-stack: on the real servers; ARGS=-help)
	@$(if $(findstring -stack,$(ARGS)),$(WITH_STACK)) go run ./cmd/bench $(ARGS)

.PHONY: recommend-quality
recommend-quality: ## how good recommendations are, by leave-one-out on a generated purchase history
	@go test -count 1 -v -run 'TestQuality$$' ./grains/ecommerce/recommend

.PHONY: search-quality
search-quality: ## NDCG@10 and recall of the search over the labelled queries
	@go test -count 1 -v -run TestQuality ./persistence/search

.PHONY: search-bench
search-bench: build ## searches of a big catalogue at 32 connections (ARGS='-products 100000')
	@go run ./cmd/bench -only search -carts 0 -orders 0 $(ARGS)

.PHONY: faults
faults: ## the fault runs again and again, for a night (RUNS=10)
	@$(WITH_STACK) go test -p 1 -race -count $(or $(RUNS),10) -timeout 6h ./test/...

.PHONY: lint
lint: ## vet, and golangci-lint
	go vet ./...
	@$(WITH_TOOLS) golangci-lint run

.PHONY: fmt
fmt: ## format the code
	@$(WITH_TOOLS) gofumpt -l -w .

.PHONY: generate
generate: ## generate the Go code of all .proto files
	scripts/generate

.PHONY: stack-up
stack-up: ## start RabbitMQ, Consul and the database on 127.0.0.1
	@scripts/stack up

.PHONY: stack-down
stack-down: ## stop what stack-up started
	@scripts/stack down

.PHONY: clean
clean: ## delete what was built; data and servers stay
	rm -rf bin
