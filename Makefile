# make test    everything that must hold: vet, staticcheck, import law, generated code, race detector, Windows build
# make bench   speed and memory beside peers (evtxexport, ripgrep), as ratios; BENCH_MB sets the size of the files
# make fuzz    each fuzz target for FUZZTIME, a count of executions (100000x): go test reports the end of a time such as 30s
#              as a failure now and then
# make crash   the journal torn at every byte; a run on a machine of the tests, killed KILLS times at any instant, then resumed
#              or undone
# make hosts   the sample disks of examples/hosts, anew from their descriptions

FUZZTIME ?= 200000x
KILLS ?= 2000
BENCHTIME ?= 1s
# A single round only shows that the benchmarks run: small files will do.
ifeq ($(BENCHTIME),1x)
BENCH_MB ?= 32
endif
TOOL = go tool -modfile=tools/go.mod

.PHONY: test build vet lint generated windows unit bench fuzz crash hosts generate

test: build vet lint generated windows unit

build:
	go build ./...

vet:
	go vet ./...

lint:
	$(TOOL) staticcheck ./...

# The generated code is what the pinned generators make of the protocol's definition.
generated:
	go run -C tools ./protogen -check ../internal/wire/plugin.proto

generate:
	go generate ./internal/wire

windows:
	GOOS=windows GOARCH=amd64 go build ./...
	GOOS=windows GOARCH=amd64 go vet ./...
	GOOS=darwin GOARCH=arm64 go vet ./...

# gotestsum shows failures, names each test that was skipped with its reason, and closes with the count.
unit:
	$(TOOL) gotestsum --format pkgname -- -race ./...

bench:
	RECTIFY_BENCH_MB=$(BENCH_MB) go test -run '^$$' -bench . -benchtime $(BENCHTIME) ./internal/artefact/... ./engine/condition ./engine/journal ./engine/playbook ./engine/host ./plugins/... ./cmd/rectify

# One target after the other: go test takes one fuzz target at a time.
fuzz:
	@set -e; for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package; \
	  done; \
	done

crash:
	go test -count 1 -run '^TestTorn' ./engine/journal
	RECTIFY_KILLS=$(KILLS) go test -count 1 -timeout 60m -run '^TestKilled$$' -v ./internal/crash

hosts:
	go run ./internal/forge/cmd/make-hosts
