# make run      build the server and start it        make run ARGS="--port 7000"
# make test     everything that has to pass          (what continuous integration runs)
# make differential   random commands beside the server that VALKEY_SERVER names
# make bench    measure against reference servers    make bench ARGS="-full"
# make crash    kill servers and cut their power     make crash ARGS="-kills 2000 -cuts 10000"
# make fuzz     fuzz the parsers and structures      make fuzz FUZZTIME=1m
# make build    bin/kvasir, and its tools by the names of Valkey's beside it
# make lint     formatting, vet and staticcheck
# make clean    remove what the others made

GO          ?= go
ARGS        ?=
BINARY      := bin/kvasir
NICKNAMES   := valkey-server valkey-cli valkey-benchmark valkey-check-rdb valkey-check-aof
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The race detector sees Go memory only. These packages keep their shared state
# there; the others share off-heap memory under shard locks, which the tests with
# the invariant tag check.
RACE_PACKAGES := ./internal/platform/... ./internal/resp ./internal/client ./internal/cli ./internal/loadgen \
	./internal/command ./internal/config ./internal/telemetry/... ./internal/persistence/aof/... \
	./internal/persistence/journal ./internal/persistence/rdb/... ./internal/persistence/save \
	./internal/pubsub ./internal/tracking ./internal/txn

# Each runs for FUZZTIME against a plain model; docs/design/testing.md says what
# each can find.
FUZZTIME  ?= 10m
FUZZERS   := resp:FuzzParser platform/glob:FuzzMatch config:FuzzParse platform/offheap:FuzzHeapAgainstModel \
	encoding/hashtable:FuzzTable keyspace:FuzzKeyspace keyspace:FuzzTimingWheel encoding/listpack:FuzzEdit \
	encoding/quicklist:FuzzEdit encoding/sortedtree:FuzzTree encoding/streamindex:FuzzTree \
	commands/dumpcmd:FuzzRestore commands/sortcmd:FuzzOrder datatype/zset:FuzzZSet encoding/geohash:FuzzExcludes \
	encoding/hyperloglog:FuzzSketch persistence/save:FuzzFile

# What the tests use beside Go.
DEBIAN_PACKAGES := redis-server redis-tools python3-redis tcl nodejs npm gcc libc6-dev

export CGO_ENABLED := 0

.PHONY: build run test lint unit invariant race fuzz conformance files interop differential bench tools clean

build:
	$(GO) build -trimpath -ldflags='-s -w' -o $(BINARY) ./cmd/kvasir
	@for name in $(NICKNAMES); do ln -sf kvasir bin/$$name; done

run: build
	$(BINARY) server $(ARGS)

# One after the other, also under make -j: the tests share the machine's cores.
test: tools
	$(MAKE) lint
	$(MAKE) unit
	$(MAKE) invariant
	$(MAKE) race
	$(MAKE) conformance
	$(MAKE) files
	$(MAKE) interop

lint:
	@files=$$(gofmt -l cmd internal test); if [ -n "$$files" ]; then echo "gofmt has to format:" $$files; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags invariant ./...
	$(GO) vet -tags differential ./test/metamorphic
	$(GO) vet -tags rewrite ./test/conformance
	GOARCH=arm64 $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

unit:
	$(GO) test ./...

invariant:
	$(GO) test -tags invariant ./internal/...

race:
	CGO_ENABLED=1 $(GO) test -race $(RACE_PACKAGES)

# Long inputs are hardly shortened: that would take most of the time.
fuzz:
	@for f in $(FUZZERS); do echo "$$f"; \
	$(GO) test -run '^$$' -fuzz "^$${f#*:}\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "./internal/$${f%:*}" || exit 1; done

conformance:
	REDIS_SERVER="$$(command -v redis-server)" $(GO) test -count=1 -run TestReferences ./test/conformance

files:
	REDIS_SERVER="$$(command -v redis-server)" $(GO) test -count=1 ./test/files

interop: build
	npm ci --silent --no-audit --no-fund --prefix test/interop/node
	KVASIR_INTEROP=1 KVASIR_BINARY=$(CURDIR)/$(BINARY) $(GO) test -count=1 ./test/interop

differential:
	VALKEY_SERVER="$(VALKEY_SERVER)" $(GO) test -count=1 -timeout 0 -tags differential -run TestDifferential ./test/metamorphic $(ARGS)

# The long form of what the unit tests do for a few seconds. With VALKEY_SERVER,
# make crash ARGS="-crossings 20" lets it load our append-only files, too.
crash: build
	KVASIR_BINARY=$(CURDIR)/$(BINARY) $(GO) test -count=1 -v -timeout 4h ./test/crash -kills 2000 -cuts 10000 $(ARGS)

bench: build
	$(GO) build -o bin/kvasir-bench ./test/bench
	bin/kvasir-bench -kvasir $(BINARY) $(ARGS)

# Installs what is missing, where this is Debian and the user may.
tools:
	@missing=; for p in $(DEBIAN_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	command -v node >/dev/null && missing=$$(echo " $$missing " | sed 's/ nodejs / /'); \
	command -v npm >/dev/null && missing=$$(echo " $$missing " | sed 's/ npm / /'); \
	if [ -z "$$(echo $$missing)" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "please install:$$missing"; exit 1; fi; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing

clean:
	rm -rf bin test/interop/node/node_modules
