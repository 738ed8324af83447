module example.org/mycontainer

go 1.22
