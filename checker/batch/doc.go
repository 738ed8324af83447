// Package batch grades many submissions at once, keeps what each came to, and
// goes on where it was when it was stopped.
//
// It promises that a submission's result is one file, written as a whole when
// it is reached and never before it is final; that a result is used again only
// while its key, a hash of all that it depends on, is the same; that one
// grader at a time works in a folder; that no result depends on how many
// are graded at once; and that its memory does not grow with their number but
// by their names. It does not know what a submission is, nor how one is graded:
// that is its caller's Opener. Nothing in it needs root.
//
// # What may be luck
//
// A limit of time is measured by the clock on the wall, and a machine that does
// many things at once may be too slow to tell a fast program from a slow one.
// So what errors, and what ran out of time without having had the machine
// (Attempt.Doubt), is not believed at first: when all others are done it is
// graded once more, alone, and that is its result.
//
// # The folder
//
//	class.json            what is graded, and the names of all submissions
//	submissions/NAME.json one grade.Record for each, NAME being grade.FileName
//	evidence/NAME.json.zst what was recorded, if it was asked for
//	.lock                 held while somebody works here
//
// Reports beside them are other packages' matter.
package batch
