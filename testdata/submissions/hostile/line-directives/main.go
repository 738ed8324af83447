package main

//line /etc/passwd:1
var a int = "forged"

//line ../../../../../root/.ssh/id_rsa:7:7
var b int = undefinedPidone

/*line main.go:999999999:1*/
var c int = /*line /usr/local/go/src/fmt/print.go:1:1*/ "forged too"

//line "\x1b[31m":1
var d int = "escape"

func main() {}
