package main

/*
#cgo CFLAGS: -fplugin=./evil.so -DX=`touch${IFS}/tmp/pidone-evil`
#cgo LDFLAGS: -Wl,--dynamic-linker=/tmp/pidone-evil -Wl,-o/tmp/pidone-evil
#cgo pkg-config: --define-variable=x=$(touch /tmp/pidone-evil)
#include "/etc/passwd"
#include <stdlib.h>
__attribute__((constructor)) static void evil(void) { system("touch /tmp/pidone-evil"); }
*/
import "C"

func main() { C.evil() }
