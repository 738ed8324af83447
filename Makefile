# pidone: learn, teach and grade how Linux containers work.
#
# make check STEP=03 is the face of the kit; `make` alone lists what there is.

SHELL      := /bin/sh
GO         ?= go
FORMAT     ?= text
SUBMISSION ?=
ifeq ($(origin AS),default) # make's own: the assembler
AS :=
endif

# As it was typed: a dollar is the submission's, not make's and not the shell's.
export PIDONE_ARGS := $(value ARGS)
export PIDONE_RUN := $(value RUN)
export IMAGE NAME PACKAGE STEP SUBMISSION FORMAT VM AS KERNEL SUBMISSIONS OUT JOBS SHARD ONLY ROSTER

# SUBMISSON=DIR would check another program, and say nothing. NO_COLOR and what is
# Go's are for the environment.
variables := STEP SUBMISSION FORMAT ARGS VM AS KERNEL SUBMISSIONS OUT JOBS SHARD ONLY REDO EVIDENCE ROSTER \
  ALL IMAGE NAME PACKAGE RUN QUICK HALF ROUNDS KILLS SEED GO% CGO% PIDONE_% NO_COLOR TERM LANG LC_% CI TMPDIR HOME PATH SHELL MAKEFLAGS
typed := $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $(v))),$(v)))
$(foreach v,$(filter-out $(variables),$(typed)),$(warning nothing here looks at $(v)=; make alone lists what there is))

checker := bin/checker
sources := go.mod go.sum $(wildcard checker/*.go checker/*/*.go checker/*/*/*.go checker/webpage/page.* checker/gradescope/* checker/*/*.s)

fetch := bin/fetch

submission = $(if $(SUBMISSION),--submission "$$SUBMISSION")
place = $(if $(VM),--vm "$$VM") $(if $(AS),--as "$$AS") $(if $(KERNEL),--kernel "$$KERNEL")

.DEFAULT_GOAL := help
.PHONY: help check gradescope grade regrade trace run rootfs pull hint list solution reset doctor update test vet verify browser bench slurm soak hostile fuzz clean
.PHONY: vm vm-fetch vm-test vm-kernel vm-record

help:
	@echo 'make check STEP=03         check exercises/03-*/: what works, and why not'
	@echo 'make check STEP=03.2       check one step; STEP=all all exercises; without STEP'
	@echo '                           the one that you are at'
	@echo '  SUBMISSION=DIR           another folder instead'
	@echo '  FORMAT=json              for programs; junit, tap, github, gradescope,'
	@echo '                           classroom, exercism: for platforms'
	@echo "  ARGS='run /bin/sh'       start the program with these arguments"
	@echo '  VM=1                     in a VM with a kernel of its own (docs/vm.md)'
	@echo 'make trace STEP=03         run it and draw what the kernel saw'
	@echo 'make run STEP=03           run it in the sandbox, on this terminal: it is safe'
	@echo 'make hint STEP=03.2        the next hint for a step (ALL=1: all of them)'
	@echo 'make list                  the exercises, and the score reached so far'
	@echo 'make solution STEP=03      the reference solution'
	@echo 'make reset STEP=03         start again; the old file is kept beside it'
	@echo 'make rootfs                an image with a shell, busybox, for make run:'
	@echo '                           ARGS="run busybox /bin/sh"'
	@echo 'make pull IMAGE=alpine     a real image from a registry, for the same'
	@echo 'make vm                    a shell in a VM with the kit in it (docs/vm.md)'
	@echo 'make vm-fetch              download its kernel beforehand (KERNEL=6.12: another)'
	@echo 'make doctor                what this machine can run, and what to do about it'
	@echo
	@echo 'For instructors (docs/grading.md):'
	@echo 'make grade SUBMISSIONS=DIR grade a folder of submissions, one entry each; the'
	@echo '                           same again goes on where it was'
	@echo '  STEP=03 OUT=report       which exercise, and where results and reports go'
	@echo '                           (these are the defaults)'
	@echo '  ROSTER=FILE.csv          who should have handed in'
	@echo '  EVIDENCE=1               keep what was recorded: make regrade OUT=report'
	@echo '                           judges it by changed scenarios'
	@echo '  JOBS=4 ONLY=NAME REDO=1 SHARD=2/8 FORMAT=exercism,tap,github'
	@echo 'make gradescope STEP=03    an autograder for Gradescope; GitHub Classroom and'
	@echo '                           others: docs/platforms.md'
	@echo
	@echo 'For authors of exercises:'
	@echo 'make test                  all tests'
	@echo 'make vet                   go vet, also of what has build tags'
	@echo 'make verify                what may not drift: skeletons, pages, scenarios,'
	@echo '                           verdicts'
	@echo 'make update                generate the exercises from the solutions'
	@echo 'make vm-test               every program of the kit in VMs of two kernels'
	@echo '                           (QUICK=1: a few; make vm-kernel: kernel tests)'
	@echo 'make bench                 medians and ratios (docs/performance.md)'
	@echo 'make browser               report.html in a headless Chromium (a part of make'
	@echo '                           test, if there is one)'
	@echo 'make slurm                 a class graded by a real Slurm, here (as root)'
	@echo 'make hostile               all known programs graded ten times over, 1, 2 and'
	@echo '                           8 at once; a grader killed 50 times'
	@echo 'make soak                  1,000 checks beside a busy CPU: the same verdicts'
	@echo 'make fuzz                  the fuzz targets, 20 s each'

# CGO_ENABLED=0 as for submissions, so that both share the compiled standard library.
# The toolchain's collector begins later than usual, and not too late: what is compiled
# for the first time is there a fifth sooner.
toolchain := GOGC=400 GOMEMLIMIT=512MiB CGO_ENABLED=0
gobuild := $(toolchain) $(GO) build -buildvcs=false -ldflags='-s -w'

# The linker writes its file page by page, and page by page it is mapped then, at
# each start. A copy is mapped in larger pieces: 0.4 ms less, of 2.
link = $(gobuild) -o $@.linked ./$(1) && \
  dd if=$@.linked of=$@.copy bs=16M 2>/dev/null && chmod +x $@.copy && rm $@.linked && mv -f $@.copy $@

$(checker): $(filter-out %_test.go,$(sources))
	@command -v $(GO) >/dev/null || { echo 'go is not on PATH: install Go, https://go.dev/dl/' >&2; exit 1; }
	@echo 'building the checker (once, and when its sources change) ...' >&2
	@$(call link,checker)

# What `checker sandbox` does, and nothing else.
bin/sandbox: $(filter-out %_test.go,$(sources))
	@$(call link,checker/once/sandbox)

$(fetch): $(filter-out %_test.go,$(sources))
	@$(gobuild) -o $@ ./checker/fetch

check: $(checker)
	@$(checker) check "$$STEP" $(submission) $(place) --format "$$FORMAT"

trace: $(checker)
	@$(checker) trace "$$STEP" $(submission) $(place) --format "$$FORMAT"

run: $(checker)
	@$(checker) run "$$STEP" $(submission) $(place)

grade: $(checker)
	@$(checker) grade --step "$${STEP:-03}" --out "$${OUT:-report}" \
	  $(if $(JOBS),--jobs "$$JOBS") $(if $(SHARD),--shard "$$SHARD") $(if $(ONLY),--only "$$ONLY") \
	  $(place) $(if $(REDO),--redo) $(if $(EVIDENCE),--evidence) $(if $(ROSTER),--roster "$$ROSTER") \
	  $(if $(filter-out text,$(FORMAT)),--format "$$FORMAT") -- "$$SUBMISSIONS"

regrade: $(checker)
	@$(checker) regrade $(if $(filter-out text,$(FORMAT)),--format "$$FORMAT") -- "$${OUT:-report}"

rootfs: $(fetch)
	@$(fetch) rootfs $(if $(PACKAGE),--package "$$PACKAGE") "$$IMAGE"

pull: $(fetch)
	@$(fetch) pull "$$IMAGE" "$$NAME"

hint: $(checker)
	@$(checker) hint "$$STEP" $(if $(ALL),--all)

list: $(checker)
	@$(checker) list

gradescope: $(checker)
	@$(checker) gradescope "$$STEP"

solution: $(checker)
	@$(checker) solution "$$STEP"

reset: $(checker)
	@$(checker) reset "$$STEP"

doctor: $(checker)
	@$(checker) doctor --format "$$FORMAT"

vm: $(checker)
	@$(checker) vm shell $(place) $(if $(RUN),-- "$$PIDONE_RUN")

vm-fetch: $(checker)
	@$(checker) vm fetch $(if $(KERNEL),--kernel "$$KERNEL")

update: $(checker)
	@$(checker) update

clean:
	rm -rf bin

# Tests are as the program: without cgo. -count=1: what the kernel does is no
# input that go test could know of. -w: who debugs a test links it anew. -exec: what
# is the toolchain's collector's is not the tests'. -vet: see there.
gotest := $(toolchain) $(GO) test -count=1 -ldflags=-w -vet=off -exec 'env -u GOGC -u GOMEMLIMIT'

# Many programs wait for a limit of time: four at a time keep two processors busy.
test:
	@$(gotest) -parallel 4 -json ./... | CGO_ENABLED=0 $(GO) run ./checker/tally

# The kit, also what has build tags, and every stage of a learner's program.
vet:
	@CGO_ENABLED=0 $(GO) vet ./...
	@CGO_ENABLED=0 $(GO) vet -tags vm,hostile,soak,slurm ./checker/command
	@PIDONE_TEST_VET=1 $(gotest) -run TestEveryStageCompiles ./checker/skeleton

# What may not drift between pages, scenarios, solutions, skeletons and the
# programs with known verdicts; besides what make test holds, that no exercise in
# this tree was edited.
verify: $(checker)
	@$(checker) update --check
	@$(gotest) -json ./checker ./checker/course ./checker/skeleton ./checker/scenario | CGO_ENABLED=0 $(GO) run ./checker/tally
	@$(gotest) -json -run 'Verify|Submissions' ./checker/command | CGO_ENABLED=0 $(GO) run ./checker/tally

# Two VMs, of which each has one processor and four programs at a time. QUICK=1:
# solutions and skeletons alone; HALF=1: all other programs on one of the kernels each,
# in turns, HALF=2: on the other one.
vm-test:
	@HALF="$(HALF)" $(gotest) -tags vm -timeout 60m -parallel 10 -run 'TestVM(Ends|BootsOnce|Run|Shell)?$$$(if $(QUICK),/(boot|^0|SIG)/(solution|skeleton))' -json ./checker/command | CGO_ENABLED=0 $(GO) run ./checker/tally

# The tests of sandbox and trace there: some hold times, which a VM on a busy machine does not keep.
vm-kernel:
	@$(gotest) -tags vm -timeout 60m -run TestVMPackages -json ./checker/command | CGO_ENABLED=0 $(GO) run ./checker/tally

# The evidence of programs that this machine cannot run, for make test (STEP=05, ONLY=reject-no).
vm-record:
	@$(gotest) -tags vm -timeout 60m -run 'TestVMRecord$$' -v ./checker/command

bench: $(checker) bin/sandbox
	@CGO_ENABLED=0 $(GO) run ./checker/bench

# Fails where make test skips: without a Chromium.
browser:
	@CI=true $(gotest) -json -run TestBrowser ./checker/webpage | CGO_ENABLED=0 $(GO) run ./checker/tally

slurm:
	@$(gotest) -tags slurm -timeout 20m -run 'TestSlurm$$' -v ./checker/command

# ROUNDS=1 KILLS=5: less of it. SEED=N: the moments of an earlier time.
hostile:
	@$(gotest) -tags hostile -timeout 12h -run 'TestAllTenTimes|TestGraderKilledOften' -v ./checker/command

soak:
	@$(gotest) -tags soak -timeout 60m -run TestSoak -v ./checker/command

fuzz:
	@for p in $$($(GO) list ./checker/...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; CGO_ENABLED=0 $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 20s -fuzzminimizetime 5x $$p || exit 1; \
	  done; \
	done
