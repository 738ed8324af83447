package main

// Constants whose digits double with each line, and a program that asks for all
// of them.
const (
	a0 = 1<<511 - 1
	a1 = 1.0e500000 * 1.0e500000
	a2 = a1 * a1
	a3 = a2 * a2
	a4 = a3 * a3 / a2
	b0 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	b1 = b0 + b0 + b0 + b0 + b0 + b0 + b0 + b0
	b2 = b1 + b1 + b1 + b1 + b1 + b1 + b1 + b1
	b3 = b2 + b2 + b2 + b2 + b2 + b2 + b2 + b2
	b4 = b3 + b3 + b3 + b3 + b3 + b3 + b3 + b3
	b5 = b4 + b4 + b4 + b4 + b4 + b4 + b4 + b4
	b6 = b5 + b5 + b5 + b5 + b5 + b5 + b5 + b5
	b7 = b6 + b6 + b6 + b6 + b6 + b6 + b6 + b6
	b8 = b7 + b7 + b7 + b7 + b7 + b7 + b7 + b7
)

func main() { println(a0, a4, len(b8), b8) }
