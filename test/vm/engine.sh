#!/bin/sh
# Pid 1 of the test machine's pid and mount namespaces on the host. Arguments: the directories that the machine may write,
# its own first, then `--` and the program of User Mode Linux with its arguments. Descriptors: 1 and 2 are the command's
# output, 3 the kernel's log, 4 ends when whoever asked for the machine is gone, however it went.
set -u
die() { echo "test machine: $*" >&3; exit 125; }
for directory in "$@"; do
  [ "$directory" = -- ] && break
  mount --bind "$directory" "$directory" || die "mount --bind $directory"
done
while [ "$1" != -- ]; do shift; done
shift
mount -t proc proc /proc || die "mount /proc"
# the machine sees the host's files as whoever runs it: here, and here alone, nobody may write them
mount -o remount,bind,ro / 2>/dev/null || die "cannot make / read-only"
"$@" </dev/null 4<&- &
machine=$!
# everything in a pid namespace ends with its pid 1
(read -r _ <&4; kill -KILL $machine) &
wait $machine
