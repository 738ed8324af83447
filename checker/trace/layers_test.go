package trace

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLayersIn(t *testing.T) {
	for options, want := range map[string][]string{
		"rw": nil,
		"ro,lowerdir=/image:/usr,redirect_dir=nofollow":        {"/image", "/usr"},
		`rw,lowerdir=/a\134:b:c\040d,upperdir=u\054,workdir=w`: {"/a:b", "c d", "u,"},
		"ro,lowerdir+=/a:b,datadir+=/c":                        {"/a:b", "/c"},
		"ro,lowerdir=/a::/data":                                {"/a", "/data"},
	} {
		assert.Equal(t, want, layersIn(options), options)
	}
}

func TestOverlayOptions(t *testing.T) {
	info := []byte("23 1 0:30 / / rw - ext4 /dev/vda rw\n" +
		"55 23 0:92 / /m rw,relatime shared:3 - overlay o ro,lowerdir=rel:/usr\n")
	assert.Equal(t, "ro,lowerdir=rel:/usr", overlayOptions(info, 55))
	assert.Empty(t, overlayOptions(info, 5))
}
