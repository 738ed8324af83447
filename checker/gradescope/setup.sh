#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image: it installs Go, builds the
# checker, and checks the reference solution, which says in the build's log what
# this image can do and leaves the compiled standard library behind.
#
# AUTOGRADER is the folder to use in place of /autograder, to try it elsewhere.
set -euo pipefail

top=${AUTOGRADER:-/autograder}
kit=$top/source/kit
exercise=$(cat "$top/source/EXERCISE")
export HOME=${HOME:-/root} PATH=$top/go/bin:/usr/local/go/bin:$PATH

cd "$kit"
if ! GOTOOLCHAIN=local go list -m >/dev/null 2>&1; then
  # No Go, or one that is too old for the kit.
  version=$(sed -n 's/^go //p' go.mod)
  case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64 ;;
    *) echo "setup.sh: no Go for $(uname -m) here: x86_64 and aarch64 are known" >&2; exit 1 ;;
  esac
  apt-get update
  apt-get install -y --no-install-recommends ca-certificates curl
  rm -rf "$top/go"
  curl -fsSL "https://go.dev/dl/go$version.linux-$arch.tar.gz" | tar -C "$top" -xz
  hash -r # the shell remembers where the old one was
fi

CGO_ENABLED=0 go build -buildvcs=false -ldflags='-s -w' -o bin/checker ./checker

# An image is built with fewer rights than a submission is run with, or more:
# that this check comes to an error is no reason to stop.
bin/checker check "$exercise" --submission "solutions/$exercise" ||
  echo "setup.sh: the reference solution did not pass here; bin/checker doctor says: $(bin/checker doctor 2>&1)"
