package trace

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNetworksIn(t *testing.T) {
	list := parseMounts([]byte(`80 70 0:60 / /run/netns rw,nosuid shared:1 - tmpfs tmpfs rw
81 80 0:4 net:[4026532281] /run/netns/box rw shared:2 - nsfs nsfs rw
82 80 0:4 uts:[4026532282] /run/uts rw - nsfs nsfs rw
83 80 0:60 /net: /mnt rw - tmpfs tmpfs rw
`))
	assert.Len(t, list, 4)
	assert.Equal(t, []string{"/run/netns/box"}, points(networksIn(list)))
}
