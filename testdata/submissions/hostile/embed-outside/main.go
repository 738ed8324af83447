package main

import _ "embed"

//go:embed ../../../../../../../../etc/passwd
var passwd string

//go:embed /etc/shadow
var shadow string

func main() { print(passwd, shadow) }
