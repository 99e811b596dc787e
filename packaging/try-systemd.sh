#!/bin/sh
# The package under a real systemd: sh packaging/try-systemd.sh, as root. PYTHON: a Python 3.11.
# A clean Debian 12 is booted with systemd as process 1 in pid, mount, cgroup, uts, ipc and net namespaces of its own. Needs
# mmdebstrap, unshare, nsenter, ip, and a cgroup2 that may be written (CGROUP, default: found among the mounts).
# What is looked at: start with Type=notify, kill -9, the watchdog, logrotate, stop, the timer, upgrade, removal, purge.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
deb12=$work/debian
group=${CGROUP:-$(findmnt -n -t cgroup2 -o TARGET | head -1)}/concierge-try-$$
boot=
clean() {
    [ -z "$boot" ] || kill -9 "$boot" 2>/dev/null || true
    [ -z "$boot" ] || wait "$boot" 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do # until the last process in it has gone
        [ -d "$group" ] || break
        find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
        sleep 0.3
    done
    rm -rf --one-file-system "$work"
}
trap clean EXIT
check() { echo "ok: $1"; }
until_true() { # SECONDS COMMAND…
    left=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "not within the time: $*" >&2; inside journalctl -n 40 >&2 || true; exit 1; }
        sleep 0.2
    done
}
inside() {
    nsenter -t "$init" -m -p -u -i -n -C env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        TERM=dumb SYSTEMD_PAGER=cat "$@"
}
shown() { inside systemctl show concierge.service -p "$1" --value; }
is() { [ "$(shown "$1")" = "$2" ]; }

first=$(sh "$root/packaging/build-deb.sh" "$work" | tail -1)
second=$(VERSION=99.0 sh "$root/packaging/build-deb.sh" "$work" | tail -1)
mmdebstrap --quiet --variant=minbase --include=python3,systemd,systemd-sysv,dbus,logrotate,procps bookworm "$deb12"
cp "$first" "$second" "$deb12/root/"
mkdir "$group"
cat >"$work/boot" <<BOOT
set -e
cd "$deb12"
ip link set lo up
mount --make-rprivate /
mount --bind . .
cd "$deb12"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 none sys/fs/cgroup
for name in run dev; do mount -t tmpfs -o mode=755 tmpfs \$name; done
mkdir dev/pts dev/shm run/lock
for name in null zero full random urandom tty; do touch dev/\$name; mount --bind /dev/\$name dev/\$name; done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=linux /lib/systemd/systemd --system --unit=multi-user.target
BOOT
sh -c "echo \$\$ >'$group/cgroup.procs'; exec unshare --pid --mount --cgroup --uts --ipc --net --fork --kill-child sh '$work/boot'" \
    >"$work/boot.log" 2>&1 </dev/null &
boot=$!
left=100
until init=$(pgrep -P "$boot" -x systemd); do
    left=$((left - 1))
    [ $left -gt 0 ] && kill -0 "$boot" || { cat "$work/boot.log" >&2; exit 1; }
    sleep 0.2
done
until_true 60 inside systemctl is-system-running --wait
check "$(inside systemctl --version | head -1) is process 1"
inside find / -xdev -not -path '/root/*' -not -path '/tmp/*' | sort >"$work/before"

inside dpkg -i "/root/$(basename "$first")"
is Type notify && is ActiveState active && check "installed, started, and said to be ready (Type=notify)"
inside concierge list add +48600100200 --reason asked --source letter
inside concierge doctor | grep -q "daemon over AGI: answers" && check "the hardened daemon answers"
inside concierge check +48600100200 && exit 1
check "and knows what was listed"

inside kill -9 "$(shown MainPID)"
until_true 20 is NRestarts 1
until_true 20 is SubState running
check "killed, it is started again"
inside kill -STOP "$(shown MainPID)"
until_true 70 is NRestarts 2
until_true 20 is SubState running
inside journalctl -u concierge | grep -q "Watchdog timeout" && check "hanging, it is ended by the watchdog and started again"
inside concierge doctor | grep -q "daemon over AGI: answers" && check "and answers"

inside logrotate -f /etc/logrotate.d/concierge
inside test -s /var/log/concierge/concierge.log.1 && check "the log is rotated"
inside systemctl restart concierge
inside grep -q listening=agi /var/log/concierge/concierge.log && check "and written on"
inside systemctl stop concierge
is Result success && is ActiveState inactive && check "stopped without complaint"
inside grep -q draining /var/log/concierge/concierge.log && check "and drained"
inside systemctl start concierge

inside useradd --system asterisk
inside systemctl start concierge-selftest.timer
inside systemctl list-timers --no-legend concierge-selftest.timer | grep -q concierge-selftest && check "the timer waits"
inside systemctl start concierge-selftest.service 2>/dev/null && exit 1
inside journalctl -u concierge-selftest | grep -q "selftest.numbers" && check "without numbers the self-test says so and fails"
inside systemctl reset-failed
inside userdel asterisk

before=$(shown MainPID)
inside dpkg -i "/root/$(basename "$second")"
is ActiveState active && ! is MainPID "$before" && check "an upgrade starts the new one"
inside sh -c 'ls /var/lib/concierge/before-upgrade-from-*.db' >/dev/null && check "and keeps a copy of the list"
inside dpkg -r concierge
! inside systemctl is-active --quiet concierge concierge-selftest.timer && check "removed, it does not run"
inside dpkg -P concierge
inside find / -xdev -not -path '/root/*' -not -path '/tmp/*' | sort >"$work/after"
diff "$work/before" "$work/after" | grep '^>' | grep -v -e /var/lib/dpkg -e '/var/log/' -e /var/lib/logrotate -e '__pycache__' \
    -e '/etc/.*-$' -e /var/lib/systemd -e /var/spool/mail -e /var/mail && { echo "purge leaves something behind" >&2; exit 1; }
inside getent passwd concierge && exit 1
check "purge leaves nothing behind"
