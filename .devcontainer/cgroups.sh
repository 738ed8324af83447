#!/bin/sh
# Makes room for limits in a container: cgroup v2 gives controllers only to the
# children of a group that has no processes of its own, cgroups(7).
set -eu
cd /sys/fs/cgroup
[ -w cgroup.subtree_control ] || exit 0
mkdir -p init
while read -r pid; do
  echo "$pid" >init/cgroup.procs || true # it may have ended
done <cgroup.procs
for controller in $(cat cgroup.controllers); do
  echo "+$controller" >cgroup.subtree_control || true
done
