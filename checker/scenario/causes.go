package scenario

import "slices"

// A Cause is one reason for which checks fail.
type Cause struct {
	ID    string // stable: part of the JSON, and of the want.json of reject programs
	About string // one line for the reference
}

// Causes lists every cause, first causes first: one that stands later may
// follow from an earlier one, hardly the other way round.
func Causes() []Cause {
	return []Cause{
		{"hiding", "the submission tried to hide from the recorder"},
		{"too-much", "the program did more than can be recorded"},
		{"not-handed-in", "nothing was handed in"},
		{"empty", "what was handed in is empty"},
		{"not-go", "no Go source is in what was handed in"},
		{"no-program", "no program for this exercise is in what was handed in"},
		{"too-large", "what was handed in is too large"},
		{"hostile-packaging", "the archive holds names that lead out of it, or contradict each other"},
		{"does-not-compile", "the submission does not compile"},
		{"skeleton-unchanged", "the submission is still the skeleton"},
		{"starts-itself", "the child branch is missing: the program starts itself over and over"},
		{"out-of-processes", "the limit of processes was reached"},
		{"out-of-memory", "the kernel killed it for memory"},
		{"first-panicked", "the first process panicked"},
		{"wait-without-start", "Wait was called, Start was not"},
		{"unshare-then-exec", "unshare(CLONE_NEWPID), and then os/exec, whose own probe became pid 1"},
		{"unshare-failed", "unshare was refused"},
		{"clone-failed", "the kernel refused to create the child"},
		{"no-child", "no child was made"},
		{"exec-failed", "the child was made, but what it should execute could not be, or never was"},
		{"not-itself", "the child did not execute the submission's own program"},
		{"no-own-way", "the child's run does what the first run does"},
		{"own-way-failed", "the program tells the child's run, which then fails"},
		{"unshareflags", "Unshareflags where Cloneflags is meant"},
		{"unshare-in-child", "the child called unshare(CLONE_NEWPID) on itself, which moves only its children"},
		{"unshare-in-thread", "unshare or setns was called on another thread than the child's first, or than the one that made it, and moved that thread alone"},
		{"flags-missing", "several namespace flags are missing where the child is created"},
		{"flag-missing-pid", "CLONE_NEWPID is missing where the child is created"},
		{"flag-missing-uts", "CLONE_NEWUTS is missing where the child is created"},
		{"flag-missing-mnt", "CLONE_NEWNS is missing where the child is created"},
		{"flag-missing-other", "another namespace flag is missing where the child is created"},
		{"host-namespace", "the child went back to a namespace of the host, or was there in a way not known here"},
		{"not-pid-1", "the child is in a PID namespace of its own, but not its pid 1"},
		{"hostname-in-parent", "the hostname was set in the parent, on the host"},
		{"hostname-too-early", "the hostname was set before the namespace was there"},
		{"sethostname-failed", "sethostname was refused"},
		{"setdomainname", "Setdomainname was called for Sethostname"},
		{"hostname-file", "/etc/hostname was written instead"},
		{"hostname-procfs", "/proc/sys/kernel/hostname was written, which needs the machine's root"},
		{"hostname-elsewhere", "the hostname was set in a UTS namespace that is not the child's"},
		{"hostname-same", "sethostname was called with a name that is none or not new"},
		{"hostname-not-set", "nothing set the child's hostname"},
		{"host-renamed", "the host's hostname changed, in a way not known here"},
		{"child-panicked", "the child panicked"},
		{"host-root-changed", "a process of the host changed its root"},
		{"root-refused", "a call that should have led to the new root was refused"},
		{"wrong-root", "the command's root is another folder than the image's"},
		{"command-args", "the command got other arguments than those given"},
		{"command-outside", "the command was run outside the container"},
		{"command-not-run", "the container did not execute the command"},
		{"no-root", "the command's root is the host's"},
		{"streams-not-wired", "the child's standard streams lead nowhere"},
		{"output-lost", "the child wrote into a pipe, and it never came out"},
		{"nothing-printed", "nothing was printed by the child"},
		{"hostname-by-parent", "the hostname was printed by the parent"},
		{"printed-too-early", "a name was printed before the kernel had it"},
		{"old-name-printed", "the old name was printed after the new one was set"},
		{"constant-printed", "a constant was printed that is not the name"},
		{"hostname-not-printed", "the child printed, but no hostname that it had"},
		{"pid-outside-view", "the child printed the pid by which the host knows it"},
		{"pid-of-parent", "the child printed its parent's pid"},
		{"constant-pid", "a constant was printed that is not the pid"},
		{"pid-by-parent", "the child's pid was printed by the parent"},
		{"pid-not-printed", "the child printed, but not its pid"},
		{"first-pid-not-printed", "the first process did not print its pid"},
		{"input-lost", "the command read something else than the program was given"},
		{"cwd-outside", "the working directory lies outside of the new root"},
		{"descriptor-outside", "an open descriptor leads out of the new root"},
		{"descriptor-of-namespace", "an open descriptor leads to a namespace of the host"},
		{"descriptor-of-group", "an open descriptor is a file of a control group"},
		{"groups-writable", "the command can write to the group that limits it, or to one outside"},
		{"old-root", "the old root is still mounted in the container"},
		{"host-mounted", "a folder of the host is mounted in the container"},
		{"proc-refused", "mounting proc was refused"},
		{"proc-missing", "no proc is mounted on the container's /proc"},
		{"proc-of-host", "the container's /proc shows the host's processes"},
		{"proc-of-another", "the container's /proc shows the processes of yet another PID namespace"},
		{"host-through-proc", "a process in the container's /proc has the host's root"},
		{"bind-refused", "a bind mount was refused"},
		{"volume-missing", "nothing is mounted where the volume should be"},
		{"volume-other", "another folder is mounted where the volume should be"},
		{"volume-read-only", "the volume should be writable"},
		{"volume-writable", "the volume should be read-only"},
		{"volume-lost", "what the container wrote is not on the host"},
		{"host-network-entered", "the command entered the host's network namespace"},
		{"network-late", "the network was made when the command ran already"},
		{"link-on-host", "both ends of the pair are on the host"},
		{"link-elsewhere", "an end of the pair is in a namespace where it does not belong"},
		{"link-not-veth", "the container's interface is no end of a pair"},
		{"link-missing", "the container has no interface"},
		{"address-swapped", "each end has the address of the other"},
		{"address-bits", "the address has other bits"},
		{"address-missing", "the container's end has not its address"},
		{"link-down", "an end of the pair is down"},
		{"host-address-missing", "the host's end has not its address"},
		{"lo-down", "the container's loopback interface is down"},
		{"route-on-host", "the container's default route was added on the host"},
		{"route-other", "the container's default route leads elsewhere"},
		{"route-missing", "the container has no default route"},
		{"forward-off", "the host does not forward packets"},
		{"sent-by-another", "another process sent what the command should have"},
		{"nat-other", "packets left the host with an address that is neither the container's nor the host's there"},
		{"nat-missing", "packets left the host with the container's address"},
		{"resolv-on-host", "the host's /etc/resolv.conf was changed"},
		{"no-name-server", "the container knows no name server"},
		{"other-name-server", "the container knows a name server that is none"},
		{"nothing-arrived", "nothing arrived of what the command sent"},
		{"answer-lost", "the answer did not come back to the command"},
		{"no-folder", "the folder of the volume was not made"},
		{"mount-on-host", "something was mounted on the host"},
		{"mount-leaks", "what the container mounted appeared on the host, whose / is shared"},
		{"host-made-private", "the host's own mounts were made private"},
		{"group-v1", "files or folders of cgroup v1 were used"},
		{"controllers-missing", "the group has no such file: its controller was not enabled in the group above"},
		{"group-refused", "the kernel refused what was written to a file of a group"},
		{"no-group", "no control group was made"},
		{"parent-in-group", "the first process was put into the group"},
		{"joined-late", "the command had started before it came into the group"},
		{"not-in-group", "the command was in none of the groups that were made"},
		{"memory-high", "memory.high was set, not memory.max"},
		{"memory-unlimited", "the group's memory was not limited"},
		{"memory-late", "the limit of memory came after the command had started"},
		{"memory-other", "the limit of memory is another one"},
		{"cpu-unlimited", "the group's time on processors was not limited"},
		{"cpu-late", "the limit of time on processors came after the command had started"},
		{"cpu-other", "the limit of time on processors is another one"},
		{"limit-lifted", "a limit was taken off while the command ran"},
		{"not-killed", "the command took too much memory, and was not killed for it"},
		{"not-throttled", "the command had more of a processor than its limit"},
		{"controllers-taken", "the host's groups lost a controller, and with it their limits"},
		{"host-limited", "something else than the container was limited"},
		{"group-left", "a control group was left behind"},
		{"parent-gone", "the parent was gone before the child"},
		{"time-limit", "the time limit was reached"},
		{"child-exit-ignored", "the child's exit code, or its panic, was ignored"},
		{"exit-code-lost", "the first process did not end with the command's exit code"},
		{"child-killed", "a signal ended the child"},
		{"child-failed", "the child failed"},
		{"first-killed", "a signal ended the first process"},
		{"first-failed", "the first process failed though the child did not"},
		{"leftover-process", "a process was left behind"},
		{"image-changed", "the image is not as it was"},
		{"leftover-mount", "a mount was left behind on the host"},
		{"host-network-changed", "an interface, route or rule that the host had was changed"},
		{"leftover-link", "an interface was left behind on the host"},
		{"leftover-route", "a route was left behind on the host"},
		{"leftover-policy", "a policy for routes was left behind on the host"},
		{"leftover-rule", "a rule of the packet filter was left behind on the host"},
	}
}

// Covers tells whether a finding that told one cause has told the other too.
func Covers(told, cause string) bool {
	return told == cause || told == "flags-missing" && (cause == "flag-missing-pid" || cause == "flag-missing-uts" || cause == "flag-missing-mnt" || cause == "flag-missing-other")
}

// causeRanks returns each cause's place in Causes.
func causeRanks() map[string]int {
	ranks := map[string]int{}
	for i, c := range Causes() {
		ranks[c.ID] = i
	}
	return ranks
}

// fold merges findings of one cause into the first of them and puts first
// causes first.
func fold(findings []Finding) []Finding {
	var kept []Finding
	for _, f := range findings {
		if i := slices.IndexFunc(kept, func(k Finding) bool { return Covers(k.Cause, f.Cause) }); i >= 0 {
			kept[i].Follows += 1 + f.Follows
			continue
		}
		kept = append(kept, f)
	}
	ranks := causeRanks()
	slices.SortStableFunc(kept, func(a, b Finding) int { return ranks[a.Cause] - ranks[b.Cause] })
	return kept
}
