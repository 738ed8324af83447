package main

import _ "example.com/evil"

func main() {}
