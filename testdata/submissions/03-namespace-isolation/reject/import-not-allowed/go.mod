module mybox

go 1.22

require github.com/opencontainers/runc v1.1.12
