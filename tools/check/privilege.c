// SPDX-License-Identifier: MIT
// Determines whether the kernel runs a file with AT_SECURE: then the loader ignores LD_PRELOAD.

#include "config.h"

#include <endian.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
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

/* Returns true if this process gets capabilities from the file (capabilities(7), "Transformation").
 */
static bool gains_capabilities(int fd)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct vfs_ns_cap_data file = { 0 };
	ssize_t size = fgetxattr(fd, "security.capability", &file, sizeof(file));

	if (size < (ssize_t)sizeof(file.magic_etc))
		return false;
	if (le32toh(file.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE)
		return true;
	syscall(SYS_capget, &header, own);
	for (int i = 0; i < VFS_CAP_U32; i++)
		if (file.data[i].permitted ||
		    le32toh(file.data[i].inheritable) & own[i].inheritable)
			return true;
	return false;
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
	if (getuid() && gains_capabilities(fd) &&
	    (fstatvfs(fd, &mount) < 0 || !(mount.f_flag & ST_NOSUID)))
		return CAPABILITIES;
	return HELPED;
}
