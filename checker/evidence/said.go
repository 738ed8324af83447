package evidence

// TerminalVariable is set where a person at a terminal runs a program: the payload
// does not wait for what they type, for they wait for what it says.
const TerminalVariable = "PIDONE_TERMINAL"

// Said is what the kit's payload says of what it sees: one line of JSON on its
// standard output. Who asks it trusts the line only where the kernel showed
// that a process which was executing the payload wrote it.
type Said struct {
	// Word is random, and another one each time. Whoever prints it has it from
	// the payload.
	Word string `json:"payload"`

	PID      int      `json:"pid"`
	Hostname string   `json:"hostname"`
	Args     []string `json:"args"` // behind the instruction
	Dir      string   `json:"dir"`  // getcwd(2)
	Stdin    string   `json:"stdin"`
	Root     []string `json:"root"`   // names in /
	PIDs     []int    `json:"pids"`   // in /proc
	Mounts   []string `json:"mounts"` // mount points in /proc/self/mountinfo
	Groups   []string `json:"groups"` // lines of /proc/self/cgroup

	// What only say says. Each is left out where it cannot be seen.
	Limits     map[string]string `json:"limits,omitempty"`     // files of its group, by name: "memory.max"
	Interfaces []string          `json:"interfaces,omitempty"` // "eth0 up 10.0.0.2/24"
	Routes     []string          `json:"routes,omitempty"`     // "default via 10.0.0.1 dev eth0"

	Network *SaidNetwork `json:"network,omitempty"` // of what was sent

	Read   map[string]string `json:"read,omitempty"`   // what files hold, by path
	Errors map[string]string `json:"errors,omitempty"` // what could not be done, by path or instruction
}
