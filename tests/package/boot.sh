#!/usr/bin/env bash
# Boots systemd over a copy of this machine's files that nobody else sees and that is gone afterwards: an overlay whose
# upper layer is in memory. What calls it has made the namespaces for it (see machine.py).
#
#   boot.sh FOLDER        FOLDER: an empty one
set -euo pipefail

readonly folder=$1 root=$1/root
# Units of this machine that have no business here, or would touch what is not in a namespace, such as the kernel's
# parameters.
readonly MASKED=(systemd-sysctl.service systemd-modules-load.service systemd-udevd.service systemd-udev-trigger.service
  systemd-remount-fs.service systemd-tmpfiles-setup-dev.service systemd-update-utmp.service systemd-random-seed.service
  systemd-timesyncd.service systemd-networkd.service systemd-resolved.service systemd-firstboot.service apparmor.service
  dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount
  sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount swap.target)

main() {
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$folder"
  mkdir "$folder/upper" "$folder/work" "$root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
  mount_kernel_file_systems
  mount_devices
  prepare_units
  ip link set lo up
  # A chroot would not do: systemd makes namespaces for its services, and those begin at the real root.
  cd "$root"
  pivot_root . mnt
  umount --lazy mnt
  # As systemd expects of who runs it in a container: mounts of credentials have to come back to it.
  mount --make-rshared /
  exec env -i container=sync-package PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    chroot . /lib/systemd/systemd --system --unit=basic.target
}

mount_kernel_file_systems() {
  mount -t proc proc "$root/proc"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  mount -t sysfs -o ro sysfs "$root/sys"
  if [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  else
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  fi
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
}

mount_devices() {
  local name
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
}

prepare_units() {
  local unit
  rm -rf "$root"/etc/systemd/system/*.wants "$root/usr/sbin/policy-rc.d" "$root/etc/fstab"
  # An index of all pages of the manual takes a minute.
  rm -f "$root/var/lib/man-db/auto-update"
  # What the package brings has to come from the package.
  rm -rf "$root/etc/synapse-sync"
  for unit in "${MASKED[@]}"; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
}

main
