# demo: build, and watch the main job happen against the practice world (AUTO=1 clicks "Allow" for you)
# run:  build the binary, put `mcphub` where cargo puts programs, and start the hub on mcp_settings.json in this folder
# test: everything that must hold, with the list of OAuth cases and their tests; installs what the tests need
# check: formatting, lints and the house rules alone, in a minute or two
# fuzz: the readers of what strangers send, against made-up input, a minute each (see fuzz/README.md; SECONDS_EACH=3600 for longer)
# screenshots: a picture of every page of the dashboard in each of its states, in target/screenshots, to be looked at
# dashboard: the pages at /, built with Node where their sources changed (demo and run do it first)
# bench: what the hub adds to a call, as ratios to nginx and to the direct connection in one run; a table in target/bench
# deny: licences, sources and forbidden crates among what the binary is made of, by deny.toml; installs cargo-deny in target/
# advisories: the same for what is known to be unsafe; fetches RustSec's database, so it is no part of the tests

.PHONY: advisories deny demo run dashboard screenshots test check bench fuzz

demo: dashboard
	cargo run --bin mcphub -- lab demo $(if $(filter 1,$(AUTO)),--auto)

run: dashboard
	cargo install --locked --path crates/cli
	"$${CARGO_INSTALL_ROOT:-$${CARGO_HOME:-$$HOME/.cargo}}/bin/mcphub" serve

dashboard: dashboard/dist/index.html

# Cargo does not see that a folder has new files; it sees that a file of ours was touched.
dashboard/dist/index.html: $(shell find dashboard -type f -not -path '*/node_modules/*' -not -path '*/dist/*')
	dashboard/build
	node dashboard/scripts/press.mjs
	touch crates/web/src/dashboard/built.rs $@

DENY := target/tools/bin/cargo-deny

deny: $(DENY)
	$(DENY) --all-features --log-level error check --hide-inclusion-graph bans licenses sources

advisories: $(DENY)
	$(DENY) --all-features check advisories

# Quickly built, since it runs for seconds.
$(DENY):
	CARGO_PROFILE_DEV_DEBUG=false cargo install --quiet --locked --profile dev --root target/tools cargo-deny --version 0.20.2

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo run --quiet --package xtask -- tidy

# `cargo test` builds the binary and the everything server; the end-to-end tests take those instead of building them again with fewer features.
test: export MCPHUB_BIN = $(CURDIR)/target/debug/mcphub
test: export EVERYTHING_BIN = $(CURDIR)/target/debug/examples/everything
test: check dashboard
	cargo test --workspace
	cargo run --quiet --package xtask -- cases
	$(MAKE) deny
	fuzz/run
	dashboard/check
	e2e/run

screenshots: dashboard
	cargo build --quiet --bin mcphub
	e2e/setup
	node=$$(echo e2e/node_modules/node-*/bin/node); [ -x "$$node" ] || node=node; "$$node" e2e/screenshots.mjs

bench:
	e2e/benches/setup
	cargo build --quiet --release --bin mcphub
	cargo bench --quiet --package mcphub-e2e

fuzz:
	fuzz/run
