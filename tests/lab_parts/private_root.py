"""A mount namespace in which files of the machine are replaced: the first lines of a script that does so."""

# What the script mounts must not reach the machine. In a chroot whose root is no mount point the propagation cannot be
# switched off there; so everything happens in a second root, a private copy that stands on a mount of our own. To be run by
# `unshare --mount --propagation unchanged SCRIPT FOLDER`.
PRIVATE_ROOT = r"""#!/bin/sh
set -e
umask 022
if [ "$2" != inside ]; then
	mount --make-rprivate /proc
	mount -t tmpfs -o mode=755 none /proc/fs
	mkdir /proc/fs/root
	mount --rbind / /proc/fs/root
	mount --make-rprivate /proc/fs/root
	exec chroot /proc/fs/root "$0" "$1" inside
fi
"""
