package scenario

// DoesNotCompile is the finding for a submission that does not compile. first
// is the compiler's first message, at where it points to ("main.go:31").
func DoesNotCompile(script Script, first, at string) Finding {
	link, ask := script.hint()
	return Finding{
		Want: "a program that compiles",
		Saw:  "the compiler says: " + quoteTo(lastLine(first), 3*maxQuote),
		Try:  "mend the first message first: later ones often follow from it",
		Hint: link, Ask: ask, Cause: "does-not-compile", At: at,
	}
}

// Unchanged is the finding for a submission that is still the skeleton. at is
// its first open TODO ("exercises/03-namespace-isolation/main.go:31").
func Unchanged(script Script, at string) Finding {
	link, ask := script.hint()
	return Finding{
		Want: "the skeleton's TODO comments done",
		Saw:  "the skeleton as it was generated: nothing in it is changed",
		Try:  "open " + at + " and do what the comment says",
		Hint: link, Ask: ask, Cause: "skeleton-unchanged", At: at,
	}
}

// Lead puts a finding that was made without a run before those of a step: what
// they say follows from it.
func Lead(first Finding, rest []Finding) []Finding {
	for _, f := range rest {
		first.Follows += 1 + f.Follows
	}
	return []Finding{first}
}
