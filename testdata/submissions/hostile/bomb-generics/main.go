package main

// Each function makes two of the next, for types of their own: a million of them.
type left[T any] struct{ a T }

type right[T any] struct{ a T }

func f0[T any]() int { return f1[left[T]]() + f1[right[T]]() }

func f1[T any]() int { return f2[left[T]]() + f2[right[T]]() }

func f2[T any]() int { return f3[left[T]]() + f3[right[T]]() }

func f3[T any]() int { return f4[left[T]]() + f4[right[T]]() }

func f4[T any]() int { return f5[left[T]]() + f5[right[T]]() }

func f5[T any]() int { return f6[left[T]]() + f6[right[T]]() }

func f6[T any]() int { return f7[left[T]]() + f7[right[T]]() }

func f7[T any]() int { return f8[left[T]]() + f8[right[T]]() }

func f8[T any]() int { return f9[left[T]]() + f9[right[T]]() }

func f9[T any]() int { return f10[left[T]]() + f10[right[T]]() }

func f10[T any]() int { return f11[left[T]]() + f11[right[T]]() }

func f11[T any]() int { return f12[left[T]]() + f12[right[T]]() }

func f12[T any]() int { return f13[left[T]]() + f13[right[T]]() }

func f13[T any]() int { return f14[left[T]]() + f14[right[T]]() }

func f14[T any]() int { return f15[left[T]]() + f15[right[T]]() }

func f15[T any]() int { return f16[left[T]]() + f16[right[T]]() }

func f16[T any]() int { return f17[left[T]]() + f17[right[T]]() }

func f17[T any]() int { return f18[left[T]]() + f18[right[T]]() }

func f18[T any]() int { return f19[left[T]]() + f19[right[T]]() }

func f19[T any]() int { return 1 }

func main() { println(f0[int]()) }
