// Package intake turns a folder full of what learners handed in into
// submissions that package build can compile.
//
// It promises that whatever lies there does no more than get a Problem of its
// own: nothing is followed out of an entry, unpacked onto a disk, waited for
// or run; memory and time have limits; the order of names in a folder, the
// kind of an archive and its times change nothing. It does not tell whether
// a submission compiles: that is package build's job.
//
// # What is an entry
//
// List takes every folder and every archive in the folder of submissions for
// one learner's, and knows what learning platforms make of it (layout.go).
// Single files are entries where a platform hands them out so, and Go files
// where the folder itself is no program. Names that begin with a dot, and
// what operating systems leave behind (__MACOSX, Thumbs.db, desktop.ini), are
// none.
//
// # What is in an entry
//
// Open reads the names in it, and the contents of Go files and go.mod alone,
// unless one of them embeds others. Where there is no Go file but just one
// archive, that is opened in its place, once: an archive in it stays closed.
// Folders whose names begin with a dot or an underscore, and vendor, testdata
// and node_modules, do not count, as they do not for the go command.
//
// # Which program is graded
//
// Each folder with a Go file of package main for this system is a program.
// These rules leave one, or the entry has a Problem that names those that are
// left:
//
//  1. A program in exercises/ID, where ID is the exercise's ("03-topic"), is
//     what a clone of this kit has; before it no other counts.
//  2. Before the rest count programs whose path names the exercise: an element
//     is ID or its topic, or begins with its number ("03", "3-my-try"), or is
//     a word such as step with its number ("step3", "Exercise 03").
//  3. Programs whose path names another exercise in such a way do not count
//     where several are named, nor ever those below another exercise's ID.
//  4. The folder solutions of a clone of this kit does not count.
//  5. A program whose folder holds the folders of all others that are left is
//     the one: they are its helpers.
//
// So attempt1 and attempt2 are two, and an instructor has to say which counts.
//
// The root of the submission is the program's module: the next folder, from
// the program's own upwards, that holds a go.mod. Without any it is the
// program's folder. Paths in messages are relative to that root.
package intake
