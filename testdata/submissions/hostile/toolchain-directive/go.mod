module evil

go 1.21

toolchain go1.99.99-evil
