package main

//go:cgo_ldflag "-Wl,-o/tmp/pidone-evil"
//go:cgo_import_dynamic system system "/tmp/pidone-evil.so"
//go:cgo_import_dynamic _ _ "/tmp/pidone-evil.so"
//go:cgo_dynamic_linker "/tmp/pidone-evil"

import _ "unsafe"

func main() {}
