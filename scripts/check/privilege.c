// SPDX-License-Identifier: MIT
// Will the kernel run this file with AT_SECURE? Then the dynamic loader ignores LD_PRELOAD.

#include "config.h"

#include <endian.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "./check.h"

/* Neither bit has an effect on a nosuid mount or after PR_SET_NO_NEW_PRIVS. */
static bool bits_count(int fd)
{
	struct statvfs mount;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
	       (fstatvfs(fd, &mount) < 0 || !(mount.f_flag & ST_NOSUID));
}

/* Does the file give capabilities (capabilities(7), "File capabilities")? */
static bool has_capabilities(int fd)
{
	struct vfs_ns_cap_data data = {0};
	ssize_t size = fgetxattr(fd, "security.capability", &data, sizeof(data));

	if (size < (ssize_t)sizeof(data.magic_etc))
		return false;
	return le32toh(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE || data.data[0].permitted ||
	       data.data[1].permitted;
}

/* The rule is cap_bprm_creds_from_file()'s, security/commoncap.c in the kernel. */
enum finding privilege_judge(int fd, const struct stat *status)
{
	const mode_t setgid = S_ISGID | S_IXGRP;
	struct statvfs mount;

	if (getauxval(AT_SECURE))
		return SECURE;
	if (status->st_mode & S_ISUID && status->st_uid != getuid() && bits_count(fd))
		return SETUID;
	if ((status->st_mode & setgid) == setgid && status->st_gid != getgid() && bits_count(fd))
		return SETGID;
	if (getuid() && has_capabilities(fd) &&
	    (fstatvfs(fd, &mount) < 0 || !(mount.f_flag & ST_NOSUID)))
		return CAPABILITIES;
	return HELPED;
}
