package build

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkOverhead is what this package adds to the go command.
func BenchmarkOverhead(b *testing.B) {
	dir := folderOf(b, "main.go", stackProgram, "deep/deep.go", "package deep\n\nfunc Call(f func()) { f() }\n")
	b.Run("FindToolchain", func(b *testing.B) {
		for b.Loop() {
			_, err := FindToolchain(context.Background(), "../..")
			require.NoError(b, err)
		}
	})
	req := request(b, dir)
	b.Run("Collect", func(b *testing.B) {
		for b.Loop() {
			_, _, err := Collect(req)
			require.NoError(b, err)
		}
	})
	res, err := Build(context.Background(), req)
	require.NoError(b, err)
	require.True(b, res.OK)
	b.Run("LineTable", func(b *testing.B) {
		for b.Loop() {
			newLineTable(res.Program, "/src", nil).Line(0x401000)
		}
	})
}
