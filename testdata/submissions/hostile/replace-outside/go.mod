module evil

go 1.24

require example.com/evil v0.0.0

replace example.com/evil => ../../../../../../etc

replace golang.org/x/sys => /root
