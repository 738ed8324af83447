package command

import (
	"os"

	"golang.org/x/sys/unix"
)

// chownLike gives path to the owner of model, as far as the caller may: a
// learner must be able to edit what a command under sudo made.
func chownLike(path, model string) {
	var st unix.Stat_t
	if unix.Stat(model, &st) == nil && os.Geteuid() == 0 && st.Uid != 0 {
		os.Lchown(path, int(st.Uid), int(st.Gid))
	}
}
