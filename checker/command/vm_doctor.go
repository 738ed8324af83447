package command

import (
	"errors"
	"io/fs"
	"strings"

	"pidone/checker/debian"
	"pidone/checker/sandbox"
	"pidone/checker/vm"
)

// placeVM stands for an exercise's number in the diagnosis of the VM.
const placeVM = "VM=1"

// diagnoseVM tells whether checks can take place in the VM. Nothing needs it.
func diagnoseVM() diagnosis {
	d := diagnosis{Exercise: placeVM, Title: "checks in a VM (docs/vm.md)"}
	add := func(name string, err error, remedy string) {
		f := sandbox.Feature{Name: name, Answer: sandbox.Yes, Optional: true}
		if err != nil {
			f.Answer, f.Why, f.Remedy = sandbox.No, err.Error(), remedy
			var missing *debian.Error
			if errors.As(err, &missing) {
				f.Remedy = missing.Remedy
			}
		}
		d.Features = append(d.Features, f)
	}
	add("QEMU", vm.Ready(), "")
	cache, err := vm.UserCache()
	for i, meta := range vm.Packages() {
		remedy := "make vm-fetch"
		if i > 0 {
			remedy += " KERNEL=" + meta
		}
		found := err
		if found == nil {
			_, found = cache.Find(meta)
		}
		if errors.Is(found, fs.ErrNotExist) {
			found = errors.New("not fetched yet; the first check in the VM does that too")
			if missing := errors.Join(debian.Need("apt-get", "apt"), debian.Need("dpkg-deb", "dpkg")); missing != nil {
				found = missing
				remedy = "fetch " + meta + "'s package on a Debian machine, then: bin/checker vm fetch -- FILE.deb"
			}
		}
		add("kernel "+strings.TrimSuffix(strings.TrimPrefix(meta, "linux-image-"), "-amd64"), found, remedy)
	}
	return d
}
