package scenario

import (
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/pattern"
)

// wanted returns what the program did for which it needs a feature of the machine.
func (f *facts) wanted(feature string) []string {
	if feature != "nat" {
		return nil
	}
	var found []string
	for _, e := range f.run.Events {
		tool := e.Call == "execve" && slices.ContainsFunc([]string{"iptables", "ip6tables", "nft"}, func(name string) bool {
			return strings.HasPrefix(path.Base(e.Path), name)
		})
		if e.Call == "socket" && e.Text == "NETLINK_NETFILTER" || tool {
			found = append(found, e.Call)
		}
	}
	return found
}

// noFilter matches what is said where the packet filter cannot be asked for.
var noFilter = pattern.Lazy(`(?i)\bprotocol not supported\b`)

// missesFilter tells whether the program said so of the packet filter, or of another
// protocol: a run with the packet filter costs nothing but time.
func (f *facts) missesFilter() bool {
	return slices.ContainsFunc(f.run.Processes, func(p *evidence.Process) bool { return noFilter().MatchString(f.words(p)) })
}

// noGroups matches what Go says of a file or folder of a control group that is not there.
var noGroups = pattern.Lazy(`(?m)\b\w+ /sys/fs/cgroup(?:/\S*)?: no such file or directory`)

// missesGroups tells whether the program said, or found, that there are no control groups
// where it looked for them.
func (f *facts) missesGroups() bool {
	return slices.ContainsFunc(f.run.Events, func(e *evidence.Event) bool {
		return e.Errno == "ENOENT" && strings.HasPrefix(e.Path, "/sys/fs/cgroup/")
	}) || slices.ContainsFunc(f.run.Processes, f.saysNoGroups)
}

func (f *facts) saysNoGroups(p *evidence.Process) bool { return noGroups().MatchString(f.words(p)) }

// withoutGroups says what to try where a process failed over control groups, if its host
// has none.
func (f *facts) withoutGroups(p *evidence.Process, b *because) {
	if len(f.run.Groups) == 0 && f.saysNoGroups(p) {
		b.try = "leave the control groups out for this check: its host has none"
	}
}
