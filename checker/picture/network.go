package picture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// What is told of a network.
const (
	maxLinks   = 6
	maxArrived = 8
)

// inNetwork says what the network of a process was when it had executed a
// program, if that was recorded and is not the host's.
func (b *builder) inNetwork(p *evidence.Process, exec int) []Note {
	for i := range p.Execs {
		n := p.Execs[i].Networks
		if p.Execs[i].Seq != exec || n == nil || n.Own == nil || n.Host == nil || b.run.Host.Internet == nil {
			continue
		}
		notes := []Note{{Text: "its interfaces: " + b.links(n.Own.Links), Tone: Plain}}
		for _, r := range n.Own.Routes {
			if r.To == "default" {
				notes = append(notes, Note{Text: "its default route leads to " + b.short(r.Via), Tone: Plain})
			}
		}
		before := b.run.Host.Internet.Before.Links
		made := slices.DeleteFunc(slices.Clone(n.Host.Links), func(l evidence.Link) bool {
			return slices.ContainsFunc(before, func(o evidence.Link) bool { return o.Index == l.Index })
		})
		if len(made) > 0 {
			notes = append(notes, Note{Text: "on the host by then: " + b.links(made), Tone: Plain})
		}
		if rules := b.run.Host.Internet.NewRules(n.Host); len(rules) > 0 {
			notes = append(notes, Note{Text: "in the host's packet filter by then: " + b.short(strings.Join(rules, ", ")), Tone: Plain})
		}
		return notes
	}
	return nil
}

// links lists interfaces with their addresses.
func (b *builder) links(all []evidence.Link) string {
	var texts []string
	for i, l := range all {
		if i == maxLinks {
			texts = append(texts, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		text := l.Name
		if len(l.Addresses) > 0 {
			text += " " + strings.Join(l.Addresses, " ")
		}
		if !l.Up {
			text += " (down)"
		}
		texts = append(texts, b.short(text))
	}
	return strings.Join(texts, ", ")
}

// internet says what arrived there, and what is left on the host.
func (b *builder) internet() (notes []Note) {
	in := b.run.Host.Internet
	if in == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, p := range in.Arrived {
		tone := Plain
		if p.From != in.HostAddress {
			tone = Bad
		}
		text := fmt.Sprintf("arrived on the internet, at %s: %s from %s", p.To, p.Protocol, p.From)
		if seen[text] || len(seen) == maxArrived {
			continue
		}
		seen[text] = true
		notes = append(notes, Note{Text: b.short(text), Tone: tone})
	}
	if rules := in.NewRules(&in.After); len(rules) > 0 {
		notes = append(notes, Note{Text: "left behind in the host's packet filter: " + b.short(strings.Join(rules, ", ")), Tone: Bad})
	}
	return notes
}

// binary tells whether what was written to a socket is no text: a message to the
// kernel, say.
func binary(e *evidence.Event) bool {
	return e.Target != nil && e.Target.Kind == "socket" && bytes.ContainsRune(e.Data, 0)
}
