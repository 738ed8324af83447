module twice

go 1.21
