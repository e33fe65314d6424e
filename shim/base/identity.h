/* SPDX-License-Identifier: MIT */
/* Which file a descriptor refers to: fstat(2), which glibc before 2.33 has under another name. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct identity {
	uint64_t device, inode;
	uint32_t mode;	       /* the kind of file, S_IFMT */
	uint32_t device_major; /* of a device file */
};

/*
 * Reads the identity of a descriptor's file. Returns false if there is no such descriptor; changes
 * errno.
 */
bool identity_read(int fd, struct identity *identity);

#endif
