package main

import (
	"golang.org/x/sys/unix"
)

// Reboots, halts, suspends and powers off, wherever it is root.
func attack(where string) {
	if where == "host" {
		again("all", unix.CLONE_NEWPID)
		again("all", unix.CLONE_NEWPID|unix.CLONE_NEWUSER)
		nested("some")
		return
	}
	commands := []int{unix.LINUX_REBOOT_CMD_CAD_OFF, unix.LINUX_REBOOT_CMD_CAD_ON, unix.LINUX_REBOOT_CMD_SW_SUSPEND, unix.LINUX_REBOOT_CMD_KEXEC}
	if where != "some" {
		commands = append(commands, unix.LINUX_REBOOT_CMD_HALT, unix.LINUX_REBOOT_CMD_POWER_OFF, unix.LINUX_REBOOT_CMD_RESTART)
	}
	for _, c := range commands {
		tried("reboot", unix.Reboot(c))
	}
}
