package evidence

// When a Groups was looked at.
const (
	GroupsAtStart = "start" // the first process had just become the submission's program
	GroupsAtExec  = "exec"  // Process had just become a program that is not the submission's
	GroupsAtExit  = "exit"  // Process, such a one, was about to end, or had ended
	GroupsAtWrite = "write" // Process had written to a file of a group
	GroupsAtEnd   = "end"   // every process was gone
)

// A Groups is what the kernel held about all control groups (cgroup v2) of the
// host at one moment.
type Groups struct {
	Seq     int     `json:"seq"`
	Time    int64   `json:"time_us"` // µs since the start of the run
	When    string  `json:"when"`    // one of those above
	Process int     `json:"process"` // ID of who it is about
	All     []Group `json:"all"`     // sorted by path
}

// A Group is one control group. "/" is the highest that the host sees.
type Group struct {
	Path      string `json:"path"`
	Processes []int  `json:"processes,omitempty"` // IDs of those of the submission that were in it
	// Files are those that limit or count, and what they held: "memory.max",
	// "104857600". A controller that is off has none.
	Files map[string]string `json:"files,omitempty"`
}

// Of returns the group with that path, or nil.
func (g *Groups) Of(path string) *Group {
	for i := range g.All {
		if g.All[i].Path == path {
			return &g.All[i]
		}
	}
	return nil
}

// With returns the group that the process with that ID was in, or nil.
func (g *Groups) With(process int) *Group {
	for i := range g.All {
		for _, id := range g.All[i].Processes {
			if id == process {
				return &g.All[i]
			}
		}
	}
	return nil
}
