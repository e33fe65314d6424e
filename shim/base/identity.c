// SPDX-License-Identifier: MIT
// fstat(2) as the kernel has it; <sys/stat.h> is another struct stat.

#include <sys/syscall.h>
#include <unistd.h>

#include "base/identity.h"

#if defined(SYS_fstat64) || defined(SYS_fstat)
#include <asm/stat.h>
#else
#include <linux/stat.h>
#endif

bool identity_read(int fd, struct identity *identity)
{
#if defined(SYS_fstat64)
	struct stat64 status;
	long result = syscall(SYS_fstat64, fd, &status);
#elif defined(SYS_fstat)
	struct stat status;
	long result = syscall(SYS_fstat, fd, &status);
#else /* newer architectures */
	struct statx status;
	enum { EMPTY_PATH = 0x1000 };
	long result = syscall(SYS_statx, fd, "", EMPTY_PATH, STATX_TYPE | STATX_INO, &status);
#endif

	if (result)
		return false;
#if defined(SYS_fstat64) || defined(SYS_fstat)
	*identity = (struct identity){ .device = status.st_dev,
				       .inode = status.st_ino,
				       .mode = status.st_mode,
				       .device_major = (uint32_t)(status.st_rdev >> 8 & 0xfff) };
#else
	*identity = (struct identity){ .device = (uint64_t)status.stx_dev_major << 32 |
						 status.stx_dev_minor,
				       .inode = status.stx_ino,
				       .mode = status.stx_mode,
				       .device_major = status.stx_rdev_major };
#endif
	return true;
}
