package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// DisposableMark is a parameter on the kernel's command line by which a machine
// says that it is thrown away after use and that nothing on it is worth
// anything: nobody but the kit's VM is booted with it.
const DisposableMark = "pidone.vm"

// Disposable tells whether this machine is marked as one that is thrown away.
func Disposable() bool {
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return false
	}
	for _, word := range strings.Fields(string(line)) {
		if strings.HasPrefix(word, DisposableMark+"=") {
			return true
		}
	}
	return false
}

// OpenRoot is Open for sandboxes without a user namespace of their own: what
// runs in them is the machine's root, as far as namespaces, the root file
// system, limits and the filter let it. Some correct programs work only so. The
// promises about the machine do not hold then: who is root can get out. So it
// is refused everywhere but on a machine that is Disposable.
func OpenRoot() (*Host, error) {
	if !Disposable() {
		return nil, errors.New("open sandbox host as root: only the VM may be damaged, not this machine")
	}
	uidMap, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return nil, fmt.Errorf("open sandbox host as root: %w", err)
	}
	ids := idRange{base: 0, count: wanted.count}
	if !capable() || !mayBeRoot(uidMap, ids.base) {
		return nil, errors.New("open sandbox host as root: the caller is not root")
	}
	name, err := hostName()
	if err != nil {
		return nil, fmt.Errorf("open sandbox host as root: %w", err)
	}
	h := &Host{ids: ids, root: true, name: name}
	h.groups, h.noGroups = openGroups(name)
	return h, nil
}
