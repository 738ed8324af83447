package build

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"pidone/checker/sandbox"
)

// What of "Build" in the list of attacks is tried where:
//
//   - main.go, go.mod, a folder as a link, pipe, socket or device:
//     TestCollectRefusesIrregularFiles, TestCollectRefusesLinkedFolders,
//     TestTreesAgree; of archives and whole entries: package intake
//   - toolchain, replace, go.work, vendor, go.env, GOFLAGS, .git:
//     TestReadModule, TestCollectRefuses, TestBuildIgnoresTheEnvironment
//   - cgo, its directives, assembler, object files: TestCollectRefuses
//   - line directives: TestLineDirectivesAreNeutralised, TestBuildErrors
//   - go:embed of what is not theirs: TestEmbed, TestCollectRefuses
//   - compile bombs: TestBuildStopsBombs, TestSandboxedStopsBombs
//   - floods of messages: TestBuildCapsAFlood, TestSandboxedStopsBombs
//   - a poisoned cache, a toolchain that was talked into something: TestWarm,
//     TestSandboxedToolchainReachesNothing
//   - names with newlines, escape codes, bytes, or that are flags:
//     TestCollectRefuses
//   - archives: TestArchivesThatAreNoProgram, TestArchiveBombs and FuzzArchive
//     of package intake
//
// Package command's TestHostile tries them once more, from the command line on.

// An ordinary user needs a user namespace to make sandboxes in.
func TestMain(m *testing.M) {
	code, entered, err := sandbox.Enter()
	if entered {
		os.Exit(code)
	}
	if _, refused := errors.AsType[*sandbox.RefusedError](err); err != nil && !refused {
		fmt.Println("enter:", err)
		os.Exit(1)
	}
	if dir := os.Getenv(killedEnv); dir != "" {
		os.Exit(beKilled(dir))
	}
	os.Exit(m.Run())
}

// host opens a Host for a test, or skips the test where this machine refuses.
func host(t *testing.T) *sandbox.Host {
	t.Helper()
	_, _, err := sandbox.Enter() // nothing to do, or refused in TestMain already
	if refused, ok := errors.AsType[*sandbox.RefusedError](err); ok {
		t.Skip("needs user namespaces: ", refused)
	}
	require.NoError(t, err)
	h, err := sandbox.Open()
	require.NoError(t, err)
	return h
}
