# `make run` starts Weft, `make test` tests all of it. The rest is for people who work on it; `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.tools/bin:$(PATH)

# In CI nothing may change the lock file behind our back.
LOCKED := $(if $(CI),--locked)
NPM_CI := npm ci --no-audit --no-fund --loglevel=error </dev/null
# One set of packages for every build, so that all of them share what was compiled.
BUILD := cargo build --workspace $(LOCKED)
WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist -o -name e2e -o -path web/api \) -prune -o -type f -print)

.PHONY: help run test test-rust test-clients test-cluster test-browser setup setup-run build web docs lint fmt fuzz hostile board-proof board-rounds chaos events-proof rolling crash \
	bench smoke soak sweep plots profile nodes breaking-point counts clean distclean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: setup-run web ## build and start Weft on 127.0.0.1:8080, open to everybody on this machine
	$(BUILD) --bin weft
	exec target/debug/weft serve --playground $(ARGS)

test: setup build .tools/e2e.stamp .tools/api.stamp ## run every test: Rust, page, API, real clients, browser
	scripts/test.sh

test-rust: setup-run web ## the Rust tests alone
	scripts/test.sh rust

test-clients: setup-run build .tools/e2e.stamp ## the real-client tests alone
	scripts/test.sh clients

test-cluster: setup build .tools/e2e.stamp ## API and real clients on Postgres, Redis and a bucket
	scripts/test.sh cluster

test-browser: setup build .tools/e2e.stamp ## the browser test alone
	scripts/test.sh browser

test-api: setup build .tools/e2e.stamp .tools/api.stamp ## the API against its description alone: EXAMPLES=1000 SEED=7
	scripts/test.sh api

setup: ## check for, and as root install, what tests need
	@scripts/setup.sh test </dev/null

setup-run:
	@scripts/setup.sh run </dev/null

build: web ## build the binaries, page included
	$(BUILD)

web: web/dist/index.html ## build the page

web/dist/index.html: .tools/web.stamp $(WEB_SOURCES)
	npm run --prefix web --silent build </dev/null
	@touch $@

.tools/web.stamp: web/package-lock.json | .tools
	cd web && $(NPM_CI)
	@touch $@

.tools/e2e.stamp: web/e2e/package-lock.json | .tools
	cd web/e2e && $(NPM_CI)
	@touch $@

.tools/api.stamp: web/api/package-lock.json | .tools
	cd web/api && $(NPM_CI)
	@touch $@

.tools:
	@mkdir -p $@

docs: .tools/api.stamp ## write docs/configuration.md, docs/openapi.json and the types of its client anew
	$(BUILD) --bin weft
	target/debug/weft reference >docs/configuration.md
	target/debug/weft openapi >docs/openapi.json
	npm run --prefix web/api --silent types </dev/null

lint: web ## formatting, clippy, rustdoc, dependency rules, types and lint of the page
	.ci/lint

fmt: ## format the Rust code
	cargo fmt --all

hostile: ## hostile bytes for longer: ROUNDS=20 SEED=7
	WEFT_HOSTILE_ROUNDS=$(or $(ROUNDS),10) WEFT_SEED=$(or $(SEED),1) \
		cargo test -p weft-protocol $(LOCKED) --test hostile -- --nocapture

board-proof: ## replicas of boards edit, undo, repair and meet at random, for longer: ROUNDS=10000 SEED=7
	WEFT_BOARD_ROUNDS=$(or $(ROUNDS),10000) WEFT_SEED=$(or $(SEED),1) \
		cargo test -p weft-protocol $(LOCKED) --test board -- --nocapture board_replicas_agree

board-rounds: setup build .tools/e2e.stamp ## edits, requests and kill -9 at a board, on both databases: ROUNDS=1000 MOVES=10000
	cd web/e2e && WEFT_BOARD_ROUNDS=$(or $(ROUNDS),1000) WEFT_BOARD_MOVES=$(or $(MOVES),10000) \
		node --test --test-reporter=spec tests/board-rounds.test.js tests/board-growth.test.js </dev/null
	cd web/e2e && WEFT_BOARD_ROUNDS=$(or $(ROUNDS),1000) \
		../../scripts/with-postgres.sh node --test --test-reporter=spec tests/board-rounds.test.js </dev/null

chaos: setup build .tools/e2e.stamp bucket ## three servers, thirty clients, and everything between them breaks: FAULTS=150 SEED=7
	cd web/e2e && WEFT_CHAOS_FAULTS=$(or $(FAULTS),150) $(if $(SEED),WEFT_SEED=$(SEED)) \
		../../scripts/with-cluster.sh node --test --test-reporter=spec tests/chaos.test.js </dev/null

rolling: setup build .tools/e2e.stamp ## three servers are stopped and started in turn while people write: ROUNDS=10 SEED=7
	cd web/e2e && WEFT_ROLLING_ROUNDS=$(or $(ROUNDS),10) $(if $(SEED),WEFT_SEED=$(SEED)) \
		../../scripts/with-postgres.sh node --test --test-reporter=spec tests/rolling-restart.test.js </dev/null

EVENTS_PROOF := event-feed event-channel notification-counters notification-mails web-push webhook-crash
events-proof: setup build .tools/e2e.stamp ## events, webhooks and inboxes through cuts, kills and receivers that hang, on both databases: KILLS=100 SEED=7
	cd web/e2e && WEFT_ISOLATION_EVENTS=$(or $(EVENTS),1000) node --test --test-reporter=spec tests/webhook-isolation.test.js </dev/null
	cd web/e2e && for beside in '' ../../scripts/with-postgres.sh; do \
		WEFT_WEBHOOK_KILLS=$(or $(KILLS),100) WEFT_FEED_CUTS=$(or $(CUTS),200) WEFT_INBOX_KILLS=$(or $(KILLS),50) WEFT_MAIL_KILLS=$(or $(KILLS),50) WEFT_PUSH_KILLS=$(or $(KILLS),50) \
		WEFT_INBOX_OPERATIONS=$(or $(OPERATIONS),10000) $(if $(SEED),WEFT_SEED=$(SEED)) \
			$$beside node --test --test-reporter=spec $(EVENTS_PROOF:%=tests/%.test.js) </dev/null; \
	done

fuzz: ## fuzz one decoder for SECONDS=60: TARGET=update
	cd protocol && RUSTC_BOOTSTRAP=1 cargo fuzz run $(or $(TARGET),update) -- -max_total_time=$(or $(SECONDS),60)

crash: setup-run build .tools/e2e.stamp ## kill -9 and SIGTERM in the middle of writing, ROUNDS=100 times
	cd web/e2e && WEFT_CRASH_ROUNDS=$(or $(ROUNDS),100) node --test --test-reporter=spec tests/crash.test.js </dev/null
	WEFT_CRASH_ROUNDS=$(or $(ROUNDS),100) cargo test -p weft-storage $(LOCKED) --test conformance acknowledged_updates_survive_kill -- --nocapture

bench: release ## measure a release build beside the floor and its peers: ARGS="fanout hot-room"
	loadtest/bench.sh $(ARGS)

sweep: release ## how costs grow with work: OF="receivers writers"
	loadtest/bench.sh --no-peers sweep $(or $(OF),connections receivers writers history documents cards)

breaking-point: release ## double the load until it is too slow or wrong: OF="fanout hot-room presence"
	loadtest/bench.sh breaking-point $(or $(OF),fanout hot-room presence)

nodes: release bucket ## whether more servers carry more: 1, 2, 4 of them over one Postgres and Redis, each with a share of a core
	loadtest/nodes.sh

plots: ## the plots of sweeps that docs/performance.md shows, from the pages they have written
	loadtest/plots.sh

profile: release ## what the server does with its time: OF=fanout
	loadtest/profile.sh $(or $(OF),fanout)

soak: release ## everything at once for MINUTES=60, and whether anything grows
	loadtest/bench.sh soak $(or $(MINUTES),60)

smoke: build ## every scenario, small and without peers: shows only that it runs and that the content is right
	WEFT_BIN=$(CURDIR)/target/debug/weft loadtest/bench.sh --smoke

counts: release ## instructions of the hot paths against what is recorded; ARGS=--record records them
	loadtest/counts.sh $(ARGS)

.PHONY: bucket
bucket:
	$(BUILD) --example bucket

.PHONY: release
release: web
	cargo build --release --workspace $(LOCKED)
	cargo build --release -p weft-protocol --example hot_paths $(LOCKED)

clean: ## remove what was built, keep what was downloaded and all data
	cargo clean
	rm -rf web/dist

distclean: clean ## remove downloads too; data stays
	rm -rf .tools web/node_modules web/e2e/node_modules web/api/node_modules
