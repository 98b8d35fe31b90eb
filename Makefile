# make test    everything that must hold: vet, staticcheck, import law, generated code, race detector, Windows build
# make bench   speed and memory beside peers (evtxexport, ripgrep), as ratios; BENCH_MB sets the size of the files
# make fuzz    each fuzz target for FUZZTIME, a count of executions (100000x): go test reports the end of a time such as 30s
#              as a failure now and then
# make crash   the journal torn at every byte; a run on a machine of the tests, killed KILLS times at any instant, then resumed
#              or undone
# make test-windows   the tests of what runs on Windows, under Wine, which is set up when it is missing (root on Debian)
# make windows-exe     rectify.exe as it is shipped, into EXE
# make verification   docs/windows-verification.md and its table, anew from what the tests show
# make hosts   the sample disks of examples/hosts, anew from their descriptions

FUZZTIME ?= 200000x
KILLS ?= 2000
BENCHTIME ?= 1s
# A single round only shows that the benchmarks run: small files will do.
ifeq ($(BENCHTIME),1x)
BENCH_MB ?= 32
endif
TOOL = go tool -modfile=tools/go.mod

# How the program is shipped: no tables for debuggers; without the web pages by which gRPC can be traced; with HTTP/1.1 alone, which
# every server of updates speaks (gRPC has an HTTP/2 of its own); and without inlining,
# which makes a tenth of the program, save where logs and events are read, whose speed rests on it, and in SQLite, which gets larger
# without.
EXE ?= rectify.exe
INLINED = runtime bytes strings regexp unicode/utf8 unicode/utf16 encoding/binary time strconv slices cmp iter sync sync/atomic io \
	modernc.org/... github.com/rectify-project/rectify/internal/artefact/...
RELEASE = -trimpath -tags grpcnotrace,nethttpomithttp2 -ldflags '-s -w -funcalign=1' -gcflags=all=-l $(foreach p,$(INLINED),-gcflags=$(p)=)

.PHONY: test build vet lint generated windows unit test-windows windows-exe verification bench fuzz crash hosts generate

test: build vet lint generated windows unit test-windows

build:
	go build ./...

vet:
	go vet ./...

lint:
	$(TOOL) staticcheck ./...
	GOOS=windows "$$($(TOOL) -n staticcheck)" ./...

# The generated code is what the pinned generators make of the protocol's definition.
generated:
	go run -C tools ./protogen -check ../internal/wire/plugin.proto

generate:
	go generate ./internal/wire

# vet compiles what it looks at.
windows:
	GOOS=windows GOARCH=amd64 go vet ./...
	GOOS=darwin GOARCH=arm64 go vet ./...

# gotestsum shows failures, names each test that was skipped with its reason, and closes with the count. The tests of the commands
# start the program some thousand times: with the race detector in it each start takes several times as long, and shows of races no
# more than the tests of the packages do; of the commands' own code it watches what runs in the test's process.
IN_PROCESS = ^(TestNarrator|TestProgressText|TestStop|TestInterruptedQuestion|TestWithRights|TestDemandRights|TestElevatedHasTheLastWord)$$
unit:
	$(TOOL) gotestsum --format pkgname -- -race $$(go list ./... | grep -v '/cmd/rectify$$')
	go test -race -run '$(IN_PROCESS)' ./cmd/rectify
	$(TOOL) gotestsum --format pkgname -- ./cmd/rectify
	cd tools && go test ./...

test-windows:
	wine/test

windows-exe:
	GOOS=windows GOARCH=amd64 go build $(RELEASE) -o $(EXE) ./cmd/rectify
	go run -C tools ./pealign $(abspath $(EXE))

verification:
	wine/test -update
	UPDATE_PAGE=1 go test -count=1 -run '^TestVerificationPage$$' ./cmd/rectify

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
