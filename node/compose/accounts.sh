#!/bin/sh
# accounts.sh ROOT: hook of mmdebstrap, after Debian's essential packages. Gives the system accounts of the base numbers that
# stay the same. Their packages would number them in the order in which they are installed; files in /var, which outlive
# an update and a rollback, would then belong to somebody else.
set -eu
root=$1

# The package passwd moves the passwords, which nobody has, to the shadow files when it is set up.
group() {
    echo "$1:*:$2:" >>"$root/etc/group"
}

user() {
    echo "$1:*:$2:$3:$4:$5:/usr/sbin/nologin" >>"$root/etc/passwd"
}

group systemd-journal 999
group systemd-network 998
group systemd-timesync 997
group messagebus 996
group input 995
group sgx 994
group clock 993
group kvm 992
group render 991
group systemd-resolve 990
group _ssh 988

user systemd-network 998 998 'systemd Network Management' /
user systemd-timesync 997 997 'systemd Time Synchronization' /
user messagebus 996 996 'System Message Bus' /nonexistent
user systemd-resolve 990 990 'systemd Resolver' /
user sshd 989 65534 'sshd user' /run/sshd
