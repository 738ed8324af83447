package main

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRoutesIn(t *testing.T) {
	hex := func(a, b, c, d byte) string {
		return fmt.Sprintf("%08X", binary.NativeEndian.Uint32([]byte{a, b, c, d}))
	}
	none := hex(0, 0, 0, 0)
	table := "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t" + none + "\t" + hex(10, 0, 0, 1) + "\t0003\t0\t0\t0\t" + none + "\t0\t0\t0\n" +
		"eth0\t" + hex(10, 0, 0, 0) + "\t" + none + "\t0001\t0\t0\t0\t" + hex(255, 255, 255, 0) + "\t0\t0\t0\n" +
		"cut\n"
	assert.Equal(t, []string{"default via 10.0.0.1 dev eth0", "10.0.0.0/24 dev eth0"}, routesIn(table))
	assert.Empty(t, routesIn(""))
}
