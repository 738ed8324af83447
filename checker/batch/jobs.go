package batch

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Jobs returns how many submissions this machine has cores and memory for,
// at least 1, if each needs so many bytes. Cores are those that the process may
// use.
func Jobs(each int64) int {
	return min(runtime.GOMAXPROCS(0), Room(each)) // it heeds affinity and the cgroup's share
}

// Room returns how many there is memory for, at least 1, if each needs so many
// bytes: memory that is free, and that the process's cgroup leaves. Where that is not
// known there is room for any number.
func Room(each int64) int {
	room := math.MaxInt
	if free := freeMemory("/proc/meminfo"); free > 0 {
		room = min(room, int(free/each))
	}
	if left := groupMemory("/proc/self/cgroup", "/sys/fs/cgroup"); left > 0 {
		room = min(room, int(left/each))
	}
	return max(room, 1)
}

// freeMemory reads MemAvailable, in bytes; 0 if it is not known.
func freeMemory(meminfo string) int64 {
	data, err := os.ReadFile(meminfo)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// groupMemory returns how many bytes the tightest cgroup around the process
// leaves; 0 if there is no limit, or none that can be seen.
func groupMemory(self, mount string) int64 {
	data, err := os.ReadFile(self)
	if err != nil {
		return 0
	}
	var least int64
	for line := range strings.Lines(string(data)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		root, limit, used := mount, "memory.max", "memory.current"
		switch f[1] {
		case "":
		case "memory":
			root, limit, used = filepath.Join(mount, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"
		default:
			continue
		}
		for dir := filepath.Join(root, f[2]); strings.HasPrefix(dir, root); dir = filepath.Dir(dir) {
			most, ok1 := readNumber(filepath.Join(dir, limit))
			now, ok2 := readNumber(filepath.Join(dir, used))
			if ok1 && ok2 && most < 1<<60 {
				left := max(most-now+cached(dir), 1)
				if least == 0 || left < least {
					least = left
				}
			}
		}
	}
	return least
}

// cached returns how much of a cgroup's memory is file cache that the kernel
// gives up first.
func cached(dir string) int64 {
	data, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var n int64
		if got, _ := fmt.Sscanf(line, "inactive_file %d", &n); got == 1 {
			return n
		}
	}
	return 0
}

func readNumber(path string) (int64, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	return n, err == nil
}
