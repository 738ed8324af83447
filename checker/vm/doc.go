// Package vm boots a virtual machine that is thrown away: QEMU with a kernel of
// Debian, of which the kit needs to know nothing but that it is a real one.
//
// It promises that nothing is installed, that nothing is left when the caller
// ends in whatever way, and that a machine which does not come up, or stops to
// answer, is told apart from what runs in it (ErrFailed).
//
// # Theory of operation
//
// A kernel (kernel.go) is what of a Debian package the machine needs: the image,
// and some modules in the order in which they can be loaded. Fetch takes it from
// a package that apt downloads, together with BusyBox, which is the machine's
// userland, and keeps it in a folder with checksums.
//
// Boot writes an initramfs (cpio.go) of BusyBox, the modules, the caller's own
// program and what else the caller wants there, into memory that has no name
// (memfd_create(2)), and starts QEMU on it (qemu.go), with neither disk nor
// network. QEMU is killed with the thread that started it (PR_SET_PDEATHSIG), so
// with the caller.
//
// The kernel starts the caller's program as pid 1 (init.go). It loads the
// modules, mounts what a machine has, moves its root from the initramfs, which
// pivot_root(2) refuses, to a tmpfs, and starts the program once more, as a
// server that talks with the caller through a virtio port. When that ends, the
// machine does; its exit status is the last line on the serial port.
//
// The machine has one CPU: with more, kernels under parallel emulation were
// seen to hang.
package vm
