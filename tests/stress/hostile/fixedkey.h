/* SPDX-License-Identifier: MIT */
/* A key that everybody knows, for tests. */
#ifndef FIXEDKEY_H
#define FIXEDKEY_H

#include <stddef.h>

/* What getrandom() gives under fixedkey.so. */
static inline void fixed_bytes(void *buffer, size_t size)
{
	unsigned char *bytes = buffer;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 157 + 91);
}

#endif
