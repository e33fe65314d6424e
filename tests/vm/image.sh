#!/bin/sh
# SPDX-License-Identifier: MIT
# image.sh FOLDER SOURCE: makes in FOLDER what tests/vm/run.py boots, for root on Debian. Nothing of it is made twice.
#   root.ext4            Debian 12 with systemd and the packages of tests/vm/packages
#   kernels/NAME/        vmlinuz and initrd, one folder for each kernel; their modules are in root.ext4
#   tree.ext4            the packages that dpkg-buildpackage made of SOURCE, SOURCE itself, its build, and the image for
#                        containers that scripts/image makes of the packages
# SOURCE is a folder as `make distdir` makes it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$1
source=$2

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

say() {
	printf '# %s\n' "$*"
}

# mirror LABEL: where this machine itself gets Debian's packages from
mirror() {
	# shellcheck disable=SC2016 # for apt-get
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s/^Debian|$1|//p" | head -n 1
}

# in_guest COMMAND...: in the guest's folder, with the tree at /srv; all mounts go with the command.
in_guest() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount --propagation private sh -euc '
		root=$1 tree=$2
		shift 2
		mount --bind "$tree" "$root/srv"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"
	' sh "$folder/root" "$folder/tree" "$@"
}

make_root() {
	say 'installing Debian 12'
	rm -rf "$folder/root" "$folder/kernels" "$folder/root.ext4"
	printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
		"$debian" "$debian" "$security" >"$folder/sources"
	mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Apt::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$(sed '/^#/d' "$here/packages" | tr '\n' ' ')" bookworm "$folder/root" "$folder/sources"
}

# What the containers of the guest are made from.
make_container() {
	say 'making an image for containers'
	mmdebstrap --quiet --mode=root --variant=essential --aptopt='Apt::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		bookworm "$folder/root/var/lib/container.tar" "$folder/sources"
}

# add_kernel NAME SOURCES: the kernel that linux-image-amd64 stands for there
add_kernel() {
	say "adding the kernel of $1"
	mkdir -p "$folder/kernels/$1" "$folder/root/kernels/lists/partial" "$folder/tree"
	printf '%b' "$2" >"$folder/root/kernels/sources"
	# shellcheck disable=SC2016 # for the inner shell
	in_guest sh -euc '
		cd /kernels
		apt_with() {
			program=$1
			shift
			$program -qq -o Dir::Etc::sourcelist=/kernels/sources -o Dir::Etc::sourceparts=- \
				-o Dir::State::lists=/kernels/lists -o APT::Sandbox::User=root \
				-o Acquire::Check-Valid-Until=false "$@" # for mirrors that stand still
		}
		apt_with apt-get update
		image=$(apt_with apt-cache depends linux-image-amd64 |
			sed -n "s/.*Depends: \(linux-image-[0-9]\)/\1/p" | head -n 1)
		release=${image#linux-image-}
		# Newer kernels come in several packages.
		parts=$(apt_with apt-cache depends "$image" | sed -n "s/.*Depends: \(linux-[a-z]*-$release\)\$/\1/p")
		apt_with apt-get download "$image" $parts
		for package in ./*.deb; do
			dpkg -x "$package" unpacked
		done
		modules=$(find unpacked -type d -path "*/lib/modules/$release")
		# What a guest has no use for is most of it.
		for part in sound drivers/gpu drivers/media drivers/infiniband drivers/staging drivers/iio drivers/usb \
			drivers/net/wireless drivers/net/ethernet drivers/scsi drivers/ata drivers/mmc drivers/mtd \
			drivers/hwmon drivers/isdn drivers/hid drivers/input drivers/nvme drivers/md; do
			rm -rf "$modules/kernel/$part"
		done
		rm -rf "/lib/modules/$release"
		mkdir -p /lib/modules
		cp -a "$modules" "/lib/modules/$release"
		depmod "$release"
		cp "$(find unpacked -type f ! -name "*.ko*" -name "config*" -path "*$release*")" "/boot/config-$release"
		cp "$(find unpacked -type f -name "vmlinuz*" -path "*$release*")" vmlinuz
		mkinitramfs -o initrd "$release"
		echo "$release" >release
		rm -rf unpacked ./*.deb lists sources
	'
	mv "$folder/root/kernels/vmlinuz" "$folder/root/kernels/initrd" "$folder/root/kernels/release" "$folder/kernels/$1"
}

make_kernels() {
	printf '%s\n' virtio_pci virtio_blk ext4 >"$folder/root/etc/initramfs-tools/modules"
	echo 'MODULES=list' >"$folder/root/etc/initramfs-tools/conf.d/list"
	add_kernel bullseye "deb $debian bullseye main\n"
	add_kernel bookworm "deb $debian bookworm main\ndeb $security bookworm-security main\n"
	add_kernel bookworm-backports "deb $debian bookworm-backports main\n"
	add_kernel sid "deb $debian sid main\n"
	rm -rf "$folder/root/kernels"
}

# What boots: the folders that are mounted, and a unit that runs the test which the kernel's command line names.
finish_root() {
	printf '/dev/vda / ext4 defaults 0 0\n/dev/vdb /srv ext4 defaults 0 0\n' >"$folder/root/etc/fstab"
	echo replyfrom >"$folder/root/etc/hostname"
	echo '127.0.0.1 localhost replyfrom' >"$folder/root/etc/hosts"
	cp "$here/replyfrom-vm.service" "$folder/root/etc/systemd/system/"
	mkdir -p "$folder/root/etc/systemd/system/multi-user.target.wants"
	ln -sf ../replyfrom-vm.service "$folder/root/etc/systemd/system/multi-user.target.wants/"
	# The tests start the services; nothing else starts by itself.
	in_guest systemctl disable tftpd-hpa snmpd memcached unbound kamailio openbsd-inetd caddy
	for timer in apt-daily apt-daily-upgrade man-db dpkg-db-backup e2scrub_all fstrim; do
		ln -sf /dev/null "$folder/root/etc/systemd/system/$timer.timer"
	done
}

make_tree() {
	say 'building the packages and the tree'
	rm -rf "$folder/tree"
	mkdir -p "$folder/tree/debs"
	cp -a "$source" "$folder/tree/replyfrom"
	cp -a "$source" "$folder/tree/debs/replyfrom"
	# shellcheck disable=SC2016 # for the inner shell
	in_guest sh -euc '
		cd /srv/debs/replyfrom
		DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -b -us -uc
		rm -r /srv/debs/replyfrom
		mkdir /srv/replyfrom/build
		cd /srv/replyfrom/build
		../configure --quiet --enable-werror --with-bpf=yes
		make --quiet -j"$(nproc)"
		make --quiet -j"$(nproc)" check TESTS=
	' >"$folder/build.log" 2>&1 || {
		tail -n 40 "$folder/build.log"
		die 'the packages cannot be built'
	}
	say 'making an image of the packages'
	# shellcheck disable=SC2046 # words: the packages
	sh "$source/scripts/image" "$folder/tree/replyfrom.tar" $(find "$folder/tree/debs" -name '*.deb' ! -name '*dbgsym*')
}

# file_system FOLDER FILE MEBIBYTES: a file system with what is in the folder, and room for that many more
file_system() {
	rm -f "$2"
	mke2fs -q -t ext4 -O ^has_journal -d "$1" "$2.new" "$(($(du -sm "$1" | cut -f 1) * 11 / 10 + $3))M"
	mv "$2.new" "$2"
}

[ "$(id -u)" = 0 ] || die 'only root can make the image'
debian=$(mirror Debian)
security=$(mirror Debian-Security)
if [ -z "$debian" ] || [ -z "$security" ]; then
	die 'apt has no sources of Debian and its security updates on this machine'
fi
mkdir -p "$folder"
made=$(cat "$here/packages" "$0" "$here/replyfrom-vm.service" | cksum)
if [ "$(cat "$folder/made" 2>/dev/null)" != "$made" ]; then
	rm -f "$folder/made"
	make_root
	make_container
	make_kernels
	finish_root
	file_system "$folder/root" "$folder/root.ext4" 1500
	echo "$made" >"$folder/made"
fi
make_tree
file_system "$folder/tree" "$folder/tree.ext4" 500
