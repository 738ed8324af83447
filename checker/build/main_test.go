package build

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"pidone/checker/sandbox"
)

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
	t.Cleanup(h.Close)
	return h
}
