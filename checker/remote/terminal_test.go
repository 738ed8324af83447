package remote

import (
	"bufio"
	"io"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTerminal runs programs on a terminal of the machine, in a sandbox and
// outside of any.
func TestTerminal(t *testing.T) {
	c, _, _ := serve(t)
	cmd := command(t, "stty size; read x; echo got $x; test -c /dev/tty && exit 5")
	cmd.Limits.Time = 20 * time.Second
	_, err := c.Try(t.Context(), cmd, false, false)
	require.ErrorContains(t, err, "no terminal is open")

	for name, run := range map[string]func() (*Output, error){
		"sandbox": func() (*Output, error) { return c.Try(t.Context(), cmd, false, false) },
		"machine": func() (*Output, error) {
			return c.Exec(t.Context(), Program{Path: cmd.Path, Args: cmd.Args[1:], Terminal: true}, time.Minute)
		},
	} {
		for _, plain := range []bool{false, true} {
			master, slave, err := pty.Open()
			require.NoError(t, err)
			defer master.Close()
			require.NoError(t, c.Open(t.Context(), Terminal{Path: slave.Name(), Rows: 12, Columns: 34, Plain: plain}))
			slave.Close()
			_, err = io.WriteString(master, "typed\n")
			require.NoError(t, err)
			said := make(chan string, 1)
			go func() {
				all, _ := io.ReadAll(bufio.NewReader(master)) // ends with EIO
				said <- string(all)
			}()
			out, err := run()
			require.NoError(t, err, name)
			assert.Equal(t, 5, out.Status, name)
			if plain {
				assert.Equal(t, "12 34\ngot typed\n", <-said, name)
			} else {
				assert.Equal(t, "typed\r\n12 34\r\ngot typed\r\n", <-said, name)
			}
		}
	}
	err = c.Open(t.Context(), Terminal{Path: "/no/terminal"})
	assert.ErrorContains(t, err, "open terminal /no/terminal")
}
