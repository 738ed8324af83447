package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

func TestMain(m *testing.M) {
	code, entered, err := sandbox.Enter()
	if err != nil {
		os.Stderr.WriteString("the tests of this package need sandboxes: " + err.Error() + "\n")
		os.Exit(1)
	}
	if entered {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// serve returns a client whose server is this program, and the server's end.
func serve(t *testing.T) (*Client, net.Conn, <-chan error) {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(t.Context(), far) }()
	t.Cleanup(func() { near.Close() })
	return NewClient(near), near, done
}

// command runs a line of the machine's shell. The recorder wants a program by
// its own name, not by a link's.
func command(t *testing.T, line string) sandbox.Command {
	t.Helper()
	shell, err := filepath.EvalSymlinks("/bin/sh")
	require.NoError(t, err)
	return sandbox.Command{
		Path: shell, Args: []string{"sh", "-c", line}, Env: []string{"PATH=/usr/bin:/bin"},
		Files: []sandbox.File{{Path: "/etc/motd", Data: []byte("hello\n"), Mode: 0o644}},
	}
}

func TestRecord(t *testing.T) {
	c, near, done := serve(t)
	run, err := c.Record(t.Context(), command(t, "cat /etc/motd; exit 7"), Options{})
	require.NoError(t, err)
	assert.Equal(t, "hello\n", string(run.Stdout.Data))
	require.NotEmpty(t, run.Processes)
	assert.Equal(t, 7, run.Processes[0].Exit.Code)
	assert.Empty(t, run.End.Broken)
	near.Close()
	assert.NoError(t, <-done, "the end of the stream is no error")
}

// TestAtOnce says that runs do not wait for each other, and get each its own
// answer.
func TestAtOnce(t *testing.T) {
	c, _, _ := serve(t)
	slow := make(chan *evidence.Run, 1)
	go func() {
		run, err := c.Record(t.Context(), command(t, "read x; sleep 1; exit 1"), Options{})
		assert.NoError(t, err)
		slow <- run
	}()
	quick, err := c.Record(t.Context(), command(t, "exit 2"), Options{})
	require.NoError(t, err)
	assert.Equal(t, 2, quick.Processes[0].Exit.Code)
	run := <-slow
	require.NotNil(t, run)
	assert.Equal(t, 1, run.Processes[0].Exit.Code)
}

func TestInject(t *testing.T) {
	c, _, _ := serve(t)
	cmd := command(t, "")
	cmd.Args = []string{"sh", "-c", "sh -c 'exit 0'; echo $?; :"}
	run, err := c.Record(t.Context(), cmd, Options{Inject: &evidence.Inject{ChildExit: 3}})
	require.NoError(t, err)
	assert.Equal(t, "3\n", string(run.Stdout.Data))
}

// TestRefused says what the error of the other machine is.
func TestRefused(t *testing.T) {
	c, _, _ := serve(t)
	cmd := command(t, "")
	cmd.Path = "/no/such/program"
	_, err := c.Record(t.Context(), cmd, Options{})
	require.ErrorContains(t, err, "/no/such/program")
	assert.NotErrorIs(t, err, ErrLost)

	_, err = c.Record(t.Context(), command(t, ""), Options{Root: true})
	require.ErrorContains(t, err, "only the VM may be damaged", "this machine is none that is thrown away")

	cmd = command(t, "")
	cmd.Stdout = os.Stdout
	_, err = c.Record(t.Context(), cmd, Options{})
	require.ErrorContains(t, err, "streams of this one")
}

func TestExec(t *testing.T) {
	c, _, _ := serve(t)
	out, err := c.Exec(t.Context(), Program{Path: "/bin/sh", Args: []string{"-c", "echo $X $PWD; exit 4"}, Env: []string{"X=x"}, Dir: "/"}, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, Output{Text: []byte("x /\n"), Status: 4}, *out)
	out, err = c.Exec(t.Context(), Program{Path: "/bin/sh", Args: []string{"-c", "kill -9 $$"}}, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, 128+9, out.Status)
}

// TestLost says that a stream that ends fails what is under way and what comes.
func TestLost(t *testing.T) {
	c, near, _ := serve(t)
	failed := make(chan error, 1)
	go func() {
		_, err := c.Record(t.Context(), command(t, "sleep 60"), Options{})
		failed <- err
	}()
	time.Sleep(50 * time.Millisecond)
	near.Close()
	assert.ErrorIs(t, <-failed, ErrLost)
	_, err := c.Probe(t.Context())
	assert.ErrorIs(t, err, ErrLost)
}

func TestCancelled(t *testing.T) {
	c, _, _ := serve(t)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err := c.Record(ctx, command(t, "sleep 60"), Options{})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestShelf says that what is large crosses once, and is there each time.
func TestShelf(t *testing.T) {
	near, far := net.Pipe()
	counted := &counter{Conn: near}
	go Serve(t.Context(), far)
	t.Cleanup(func() { near.Close() })
	c := NewClient(counted)
	large := func(i int) []byte { return bytes.Repeat([]byte{'a' + byte(i)}, minPiece+i) }
	record := func(i int) {
		cmd := command(t, "cat /large | sha256sum")
		cmd.Files = append(cmd.Files, sandbox.File{Path: "/large", Data: large(i), Mode: 0o644})
		run, err := c.Record(t.Context(), cmd, Options{})
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%x  -\n", sha256.Sum256(large(i))), string(run.Stdout.Data))
		assert.Len(t, cmd.Files[1].Data, minPiece+i, "the caller's command stays as it is")
	}
	record(0)
	sent := counted.n.Load()
	assert.Greater(t, sent, int64(minPiece))
	record(0)
	assert.Less(t, counted.n.Load()-sent, int64(minPiece), "the second time it was there")
}

// counter counts what is written.
type counter struct {
	net.Conn
	n atomic.Int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// TestShelves says that both ends have the same on their shelves, whatever was
// used and pushed out.
func TestShelves(t *testing.T) {
	var client, server shelf
	for i := range 400 {
		data := bytes.Repeat([]byte{byte(i * i % 37)}, minPiece)
		cmd := sandbox.Command{
			Files: []sandbox.File{{Data: []byte("small")}, {Data: data}},
			Trees: []sandbox.Tree{{Nodes: []sandbox.Node{{}, {Data: bytes.Repeat([]byte{200 + byte(i%3)}, minPiece)}}}},
		}
		packed := cmd
		pieces := client.pack(&packed)
		require.Len(t, pieces, 2)
		require.Nil(t, packed.Files[1].Data)
		require.NoError(t, server.unpack(&packed, pieces))
		require.Equal(t, cmd, packed)
		require.LessOrEqual(t, len(server), maxShelf)
	}
	missing := sandbox.Command{Path: "/x", Files: []sandbox.File{{}}}
	require.ErrorContains(t, server.unpack(&missing, []piece{{Sum: sum{1}}}), "was not sent")
}
