package scenario

import "pidone/checker/evidence"

// Child returns the process of a run that all checks speak of, by the one rule
// (see child.go), or nil if the first process made none.
func Child(run *evidence.Run) *evidence.Process { return chooseChild(run) }
