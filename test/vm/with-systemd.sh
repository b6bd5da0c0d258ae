#!/bin/sh
# Runs a command, in the test machine, under a systemd of its own: with-systemd.sh UID COMMAND [ARGUMENT...]. That is pid 1 of a pid
# namespace, with the group of this process as the top of its tree. A user's command is a service of the user's own manager.
set -u
uid=$1
shift
work=/mnt/systemd
units=/run/systemd/system
mkdir -p "$work" "$units" /var/lib/systemd/linger
chmod 755 "$work"
quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

{
  export -p
  printf 'cd %s || exit 126\nexec' "$(quote "$PWD")"
  for word in "$@"; do printf ' %s' "$(quote "$word")"; done
  echo
} >"$work/job"

if [ "$uid" = 0 ]; then
  as='' needs='dbus.socket'
  command="/bin/sh $work/job"
else
  getent passwd "$uid" >/dev/null || useradd --uid "$uid" --no-create-home --home-dir /tmp vm-user
  : >"/var/lib/systemd/linger/$(getent passwd "$uid" | cut -d: -f1)"
  as="User=$uid" needs="dbus.socket user@$uid.service"
  command="/usr/bin/systemd-run --user --quiet --collect --wait --pipe /bin/sh $work/job"
fi
# no password is asked for, and whoever made the machine may not be allowed to read those of the host
mkdir -p "$units/user@.service.d"
printf '[Service]\nPAMName=\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\n' >"$units/user@.service.d/vm.conf"
cat >"$units/vm-job.service" <<EOF
[Unit]
DefaultDependencies=no
Wants=$needs
After=$needs
[Service]
Type=oneshot
$as
Environment=XDG_RUNTIME_DIR=/run/user/$uid
ExecStart=$command
StandardOutput=file:$work/out
StandardError=file:$work/err
ExecStopPost=+/bin/sh -c 'echo "\$EXIT_STATUS" >$work/code; systemctl --force --no-block poweroff'
EOF
printf '[Unit]\nRequires=vm-job.service\n' >"$units/vm-job.target"
# It alone is in the top of its tree, or it could not hand controllers down: whoever waits for it stays outside.
mkdir -p /sys/fs/cgroup/systemd
# Copies: the programs are set-user-ID, and their owner is nobody to a machine of an ordinary user.
cp /bin/umount /bin/mount "$work"
systemd='/mnt/systemd/umount /sys/fs/cgroup && /mnt/systemd/mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec env -i container=vm PATH="$PATH" /lib/systemd/systemd --system --unit=vm-job.target --show-status=0 --log-target=console'
unshare --pid --fork --mount --mount-proc --propagation private /bin/sh -c \
  "echo 0 >/sys/fs/cgroup/systemd/cgroup.procs && exec unshare --cgroup /bin/sh -c '$systemd'" >"$work/log" 2>&1
if [ ! -s "$work/code" ]; then
  tail -n 40 "$work/log" >&2
  exit 125
fi
cat "$work/out"
cat "$work/err" >&2
exit "$(cat "$work/code")"
