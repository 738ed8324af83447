package trace

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// An overlay is of a device of its own, which says nothing about the folders
// that it shows. Their paths are in its options, as its maker wrote them: they
// mean something in its maker's root when it was made, and maybe never again.

// unknownLayer stands for a layer of which it is not known what it was.
const unknownLayer = ""

// overlay is what was seen of one.
type overlay struct {
	options string
	layers  []string // the paths at which the host showed them; unknownLayer
}

// layered notes the layers of the overlays that a thread sees, which has just
// mounted something.
func (r *Recorder) layered(t *task, ev *evidence.Event) {
	if r.opts.Image == nil || ev.Errno != "" || ev.Call != "move_mount" && ev.FSType != "overlay" {
		return
	}
	data, err := r.mountinfo(t.tid)
	if err != nil {
		return // killed meanwhile
	}
	var made []mount
	list := parseMounts(data)
	for _, m := range list {
		if m.fstype == "overlay" && r.onHost(m) == "" {
			made = append(made, m)
		}
	}
	for i, m := range made[:min(len(made), maxMounted)] {
		options := overlayOptions(data, m.id)
		// The latest may have another's number, and its options with another meaning.
		if old, ok := r.overlays[m.device]; ok && old.options == options && i < len(made)-1 {
			continue
		}
		seen := overlay{options: options}
		for _, name := range layersIn(options) {
			for _, layer := range r.layer(t.tid, name, list) {
				if !slices.Contains(seen.layers, layer) {
					seen.layers = append(seen.layers, layer)
				}
			}
		}
		if r.overlays == nil {
			r.overlays = map[string]overlay{}
		}
		r.overlays[m.device] = seen
	}
}

// layersOf returns where the host shows the folders of an overlay of the
// container's own.
func (r *Recorder) layersOf(m mount) []string {
	if m.fstype != "overlay" || r.onHost(m) != "" {
		return nil
	}
	seen, ok := r.overlays[m.device]
	if !ok {
		return []string{unknownLayer}
	}
	return seen.layers
}

// layer returns where the host shows a folder that a thread calls name. An empty
// one, made for the overlay, shows nothing of the host; the host's /tmp may get
// something later.
func (r *Recorder) layer(tid int, name string, mounts []mount) []string {
	unknown := []string{unknownLayer}
	from, how := r.seenBy(tid, name)
	if from < 0 {
		return unknown
	}
	defer closeRaw(from)
	how.Flags |= unix.O_DIRECTORY
	at, err := unix.Openat2(from, name, &how)
	if err != nil {
		return unknown
	}
	defer closeRaw(at)
	is, err := placeOf(at)
	if err != nil {
		return unknown
	}
	i := slices.IndexFunc(mounts, func(m mount) bool { return m.id == is.mount })
	buf := make([]byte, maxPath)
	n, err := unix.Readlinkat(r.proc.fd, "thread-self/fd/"+strconv.Itoa(at), buf)
	if i < 0 || err != nil || n == len(buf) {
		return unknown
	}
	// The points are seen from the thread's root, which is seen as the link is.
	point := path.Join(r.pathOf(tid, "root"), mounts[i].point)
	rest, ok := strings.CutPrefix(printable(string(buf[:n])), strings.TrimSuffix(point, "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return unknown
	}
	if rest != "" && isEmpty(at) {
		return nil
	}
	m := mounts[i]
	m.root = path.Join(m.root, rest)
	if host := r.onHost(m); host != "" {
		return []string{host}
	}
	return r.layersOf(m)
}

// isEmpty tells whether there is nothing in a folder.
func isEmpty(dir int) bool {
	at, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer closeRaw(at)
	buf := make([]byte, 1024)
	n, err := unix.ReadDirent(at, buf)
	if err != nil {
		return false
	}
	_, _, names := unix.ParseDirent(buf[:max(n, 0)], 1, nil)
	return len(names) == 0
}

// overlayOptions returns what the line of a mount says of its file system, last
// in a mountinfo file.
func overlayOptions(mountinfo []byte, id uint64) string {
	for line := range bytes.Lines(mountinfo) {
		fields := bytes.Fields(line)
		if len(fields) > 0 && string(fields[0]) == strconv.FormatUint(id, 10) {
			return string(fields[len(fields)-1])
		}
	}
	return ""
}

// layersIn returns the names of the folders in an overlay's options, where \ooo
// stands for blanks and commas. In a list of them \ keeps a colon from ending
// one.
func layersIn(options string) []string {
	var names []string
	for option := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		value = string(unescape([]byte(value)))
		switch key {
		case "lowerdir":
			var name []byte
			for i := 0; i < len(value); i++ {
				switch {
				case value[i] == '\\' && i+1 < len(value):
					i++
					name = append(name, value[i])
				case value[i] == ':':
					names, name = append(names, string(name)), nil
				default:
					name = append(name, value[i])
				}
			}
			names = append(names, string(name))
		case "upperdir", "lowerdir+", "datadir+":
			names = append(names, value)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}
