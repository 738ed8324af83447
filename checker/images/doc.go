// Package images makes the root file systems that containers are started in:
// what lies at /fs/IMAGE/rootfs in a sandbox.
//
// Checks use one that needs nothing but Go: Box, with the kit's payload as its
// only program. For people there are images with a shell, kept as tar archives
// in a folder of the user's (Store), never unpacked on the machine's own file
// systems: FromTar reads an archive into memory, and the sandbox fills its own
// file system from there.
//
// It promises that no path, link or device of an archive leads out of the
// image: what an archive cannot hold honestly is refused by name. It does not
// judge what an image's programs do.
package images
