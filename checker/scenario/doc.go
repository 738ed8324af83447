// Package scenario judges evidence. A scenario, one .txtar file run by
// testscript, is the specification of one step; its commands assert over the
// evidence of one or more runs of a submission, and every failed check becomes
// a Finding.
//
// It promises:
//   - The kernel's record decides. What the submission wrote counts only where
//     a check is about what was written, and then only together with who wrote
//     it and what that process was at that moment.
//   - Everything is judged on one process, "the child" (see child.go). What
//     different processes do never adds up to a pass.
//   - Judging is pure: the same evidence gives the same findings, here or
//     elsewhere, today or later. It never runs the submission: a Runner that
//     the caller passes in does, or reads recorded evidence (see Recording).
//   - No evidence, however broken, makes it panic. Evidence that contradicts
//     itself, or that a run did not yield, is an error and never a finding.
//
// It does not promise that a submission which passes is good Go, nor does it
// know points beyond the number in the scenario: package grade does.
package scenario
