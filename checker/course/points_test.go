package course

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPoints(t *testing.T) {
	good := map[string]int{
		"points 30":                                            30,
		"# Step 2\r\npoints 30\r\n":                            30,
		"child exists\n \tpoints\t1 # one":                     1,
		"points 1000\n-- x --\npoints 5\n":                     1000,
		"#points 5\npoints 7\nnopoints 9":                      7,
		"-- --\n--    --\npoints 8\n--  -- \n--    --\n--a --": 8,
		"points 4\n-- points 5 --\npoints 6":                   4,
	}
	for script, want := range good {
		t.Run(script, func(t *testing.T) {
			got, err := Points([]byte(script))
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	bad := map[string]string{
		"":                       "no points line",
		"# points 30":            "no points line",
		"-- x --\npoints 30":     "no points line",
		"points 30\n\npoints 30": "line 3: a second points line",
		"\npoints":               "line 2: want points and a number",
		"points 30 40":           "line 1: want points and a number",
		"points 0":               "line 1: points 0: not a number from 1 to 1000",
		"points -5":              "line 1: points -5: not a number from 1 to 1000",
		"points +5":              "line 1: points +5: not a number from 1 to 1000",
		"points 2.5":             "line 1: points 2.5: not a number from 1 to 1000",
		"points 1001":            "line 1: points 1001: not a number from 1 to 1000",
		"points 99999999999":     "line 1: points 99999999999: not a number from 1 to 1000",
	}
	for script, want := range bad {
		t.Run("bad "+script, func(t *testing.T) {
			_, err := Points([]byte(script))
			assert.EqualError(t, err, want)
		})
	}
}

func FuzzPoints(f *testing.F) {
	f.Add([]byte("# Step 2\npoints 30\nchild pid 1\n-- a --\npoints 2\n"), 20)
	f.Add([]byte("-- --\n"), 1000)
	f.Fuzz(func(t *testing.T, script []byte, points int) {
		got, err := Points(script)
		if err == nil {
			assert.True(t, 1 <= got && got <= MaxPoints, "%d", got)
			assert.Contains(t, string(script), "points")
		}
		more, err := Points(append([]byte(fmt.Sprintf("points %d\n", points)), script...))
		switch {
		case points < 1 || points > MaxPoints || got != 0:
			assert.Error(t, err)
		case err == nil:
			assert.Equal(t, points, more)
		}
	})
}
