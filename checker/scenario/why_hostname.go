package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// oldHostname says why the child's hostname is not a new one.
func (f *facts) oldHostname() because {
	switch {
	case f.child == nil:
		return f.noChild()
	case !f.isNew(f.child, "uts"):
		return f.notIn([]string{"uts"})
	}
	name := state(f.child).Hostname
	saw := fmt.Sprintf("the child's hostname is %s, which the host had too", word(name))
	if name == "" {
		saw = "the child's hostname is empty"
	}
	for _, why := range []func() (because, bool){f.refused, f.sameName, f.domain, f.nameFile, f.setOnHost, f.setElsewhere} {
		if b, ok := why(); ok {
			if b.saw == "" {
				b.saw = saw
			}
			return b
		}
	}
	if b, ok := f.loop(); ok {
		return b
	}
	if b, ok := f.notStarted(); ok {
		return b
	}
	if b, ok := f.broke(); ok {
		return b
	}
	if f.ended(f.child) && f.child.Exit.Signal == "SIGKILL" && f.run.End.OutOfMem {
		return f.outOfMemory(f.child)
	}
	if f.ended(f.child) && f.child.Exit.Signal != "" {
		return f.childKilled()
	}
	if !f.ended(f.child) {
		b := f.late()
		b.why = "sethostname had not been called by then"
		return b
	}
	return because{
		cause: "hostname-not-set",
		saw:   saw,
		why:   "sethostname was never called",
		try:   "have the child set a hostname before it prints it",
	}
}

// own returns the calls made for the child's UTS namespace or by its container.
func (f *facts) own(name string) []*evidence.Event {
	var found []*evidence.Event
	uts := state(f.child).Namespaces["uts"]
	for _, e := range f.run.Events {
		if e.Call == name && (f.in[e.Process] || e.After != nil && e.After.Namespaces["uts"] == uts) {
			found = append(found, e)
		}
	}
	return found
}

func (f *facts) refused() (because, bool) {
	for _, e := range f.own("sethostname") {
		if e.Errno == "" {
			continue
		}
		b := because{
			cause: "sethostname-failed",
			why:   fmt.Sprintf("sethostname(%s) failed: %s", word(e.Text), errnoWords(e.Errno)),
			try:   "look at the error that Sethostname returns",
			at:    e.At,
		}
		if e.Errno == "EPERM" {
			b.try = "find where the child lost the rights of root: that call takes them"
			if made, ok := f.unmapped(); ok {
				b.why += "; it is in a user namespace of its own, where no user is root"
				b.try = "leave CLONE_NEWUSER out, or map root: UidMappings and GidMappings"
				b.at = made.At
			}
		}
		if e.Errno == "EINVAL" { // sethostname(2): len is too large, nothing else
			b.why = fmt.Sprintf("sethostname(%s) failed: too long (EINVAL)", word(e.Text))
			b.try = "choose a shorter name: a hostname has at most 64 bytes"
		}
		return b, true
	}
	return because{}, false
}

// unmapped returns the call that made the child in a user namespace, if no map of
// users that was written has a 0 in it: nobody is root in there.
func (f *facts) unmapped() (made *evidence.Event, ok bool) {
	made = f.creation(f.child)
	if made == nil || !slices.Contains(made.Flags, "CLONE_NEWUSER") || slices.Contains(f.run.End.Cut, "events") {
		return nil, false
	}
	return made, !slices.ContainsFunc(f.run.Events, func(e *evidence.Event) bool {
		if e.Target == nil || !strings.HasSuffix(e.Target.Name, "/uid_map") || e.Errno != "" {
			return false
		}
		return slices.ContainsFunc(strings.Split(string(e.Data), "\n"), func(line string) bool {
			inside := strings.Fields(line)
			return e.Cut || len(inside) > 0 && inside[0] == "0"
		})
	})
}

func (f *facts) sameName() (because, bool) {
	uts := state(f.child).Namespaces["uts"]
	calls := f.own("sethostname")
	for i := len(calls) - 1; i >= 0; i-- {
		e := calls[i]
		if e.Errno != "" || e.After == nil || e.After.Namespaces["uts"] != uts {
			continue
		}
		if e.Text != "" && !f.hostNames[e.Text] || f.renamed() != nil {
			return because{}, false
		}
		b := because{
			cause: "hostname-same",
			why:   fmt.Sprintf("sethostname was called with %s", word(e.Text)),
			try:   "choose a name that differs from the host's",
			at:    e.At,
		}
		if names := f.newNames(); len(names) > 0 {
			b.why = fmt.Sprintf("it had been %s, until sethostname was called with %s", word(names[0]), word(e.Text))
			b.try = "let the child keep its new name to the end"
		}
		return b, true
	}
	return because{}, false
}

func (f *facts) domain() (because, bool) {
	for _, e := range f.own("setdomainname") {
		return because{
			cause: "setdomainname",
			why:   fmt.Sprintf("setdomainname(%s) was called: it sets the NIS domain name, another name", word(e.Text)),
			try:   "look for the call of nearly the same name",
			at:    e.At,
		}, true
	}
	return because{}, false
}

func (f *facts) nameFile() (because, bool) {
	for _, e := range f.run.Events {
		if !strings.HasPrefix(e.Call, "open") && e.Call != "creat" || !f.in[e.Process] || !writes(e) {
			continue
		}
		opened := e.Path + " was opened for writing"
		if e.Errno != "" {
			opened = fmt.Sprintf("opening %s for writing failed: %s", e.Path, errnoWords(e.Errno))
		}
		switch e.Path {
		case "/etc/hostname":
			return because{
				cause: "hostname-file",
				why:   opened + "; the kernel never reads that file",
				try:   "tell the kernel: there is a system call for it",
				at:    e.At,
			}, true
		case "/proc/sys/kernel/hostname":
			return because{
				cause: "hostname-procfs",
				why:   opened + "; that takes the machine's real root",
				try:   "use the system call: a namespace's own root may call it",
				at:    e.At,
			}, true
		}
	}
	return because{}, false
}

// writes tells whether a file was opened for writing.
func writes(e *evidence.Event) bool {
	for _, flag := range e.Flags {
		if flag == "O_WRONLY" || flag == "O_RDWR" {
			return true
		}
	}
	return e.Call == "creat"
}

// renamed returns the first call that changed the host's hostname, or nil.
func (f *facts) renamed() *evidence.Event {
	for _, e := range f.run.Events {
		if e.Call == "sethostname" && e.Errno == "" && e.After != nil &&
			e.After.Namespaces["uts"] == f.run.Host.Namespaces["uts"] && e.Text != f.run.Host.Hostname {
			return e
		}
	}
	return nil
}

// setOnHost explains a hostname that was set, but on the host.
func (f *facts) setOnHost() (because, bool) {
	e := f.renamed()
	if e == nil {
		return because{}, false
	}
	p := f.run.Process(e.Process)
	b := because{
		cause: "hostname-in-parent",
		why:   fmt.Sprintf("%s called sethostname, in the host's UTS namespace", f.who(p)),
		try:   "set the name in the child: it must be in its new namespace by then",
		at:    e.At,
	}
	if u := f.unshared(p.ID, "CLONE_NEWUTS", math.MaxInt); u != nil && u.Seq > e.Seq && u.Errno == "" {
		b.cause = "hostname-too-early"
		b.why = fmt.Sprintf("%s called sethostname first and unshare(CLONE_NEWUTS) after it", f.who(p))
		b.try = "enter the new UTS namespace first, then set the name"
	}
	return b, true
}

// setElsewhere explains a hostname that was set in a UTS namespace that is
// neither the host's nor the child's.
func (f *facts) setElsewhere() (because, bool) {
	for _, e := range f.run.Events {
		if e.Call == "sethostname" && e.Errno == "" {
			return because{
				cause: "hostname-elsewhere",
				why:   fmt.Sprintf("%s called sethostname(%s), in another UTS namespace", f.who(f.run.Process(e.Process)), word(e.Text)),
				try:   "set the name in the child's own UTS namespace",
				at:    e.At,
			}, true
		}
	}
	return because{}, false
}

// hostRenamed says why the host's hostname did not stay what it was.
func (f *facts) hostRenamed() because {
	now := f.run.Host.After
	for _, n := range f.run.Names {
		if n.UTS == f.run.Host.Namespaces["uts"] && n.Name != f.run.Host.Hostname {
			now = n.Name
			break
		}
	}
	e := f.renamed()
	if e != nil && now == f.run.Host.Hostname {
		now = e.Text // and was put back
	}
	saw := fmt.Sprintf("the host's hostname became %s", word(now))
	if e != nil && f.in[e.Process] && f.child != nil && !f.isNew(f.child, "uts") {
		b := f.notIn([]string{"uts"})
		if b.why != "" {
			b.why = fmt.Sprintf("%s set it in the host's UTS namespace: CLONE_NEWUTS is missing", f.who(f.run.Process(e.Process)))
		}
		return b.with("%s", saw)
	}
	if b, ok := f.setOnHost(); ok {
		return b.with("%s", saw)
	}
	return because{cause: "host-renamed", saw: saw, try: "leave the host's name alone: set the child's, in its own namespace"}
}
