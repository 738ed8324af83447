package main

import "runtime"

func lock() { runtime.LockOSThread() }
