# make run    builds the web client and the server and serves http://localhost:3000
# make test   installs what tests need, and runs all of them
# make schema writes the client's types from the server's OpenAPI document

.PHONY: run test schema web

run: web
	cargo run --release --locked

test:
	scripts/test.sh

web: web/dist/index.html

schema: web/node_modules/.package-lock.json
	cargo build --locked
	target/debug/zvonilka openapi | npm --prefix web run --silent schema

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	npm --prefix web ci --no-audit --no-fund

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/scripts web/index.html web/vite.config.ts web/tsconfig.json -type f 2>/dev/null)
	npm --prefix web run build
	touch $@
