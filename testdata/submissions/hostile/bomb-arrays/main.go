package main

// A gigabyte that is in the program itself, since its last byte is not zero.
var big = [1 << 30]byte{1<<30 - 1: 1}

var bigger = [1 << 28]struct{ a, b, c, d *byte }{1<<28 - 1: {a: &big[1<<29]}}

func main() { println(len(big), len(bigger), big[len(big)-1]) }
