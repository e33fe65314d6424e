/* SPDX-License-Identifier: MIT */
/*
 * The records of tracked sockets: private memory, one record for each socket and as many references
 * as descriptors of the process have its tag. Allocated without a lock.
 */
#ifndef TRACKED_H
#define TRACKED_H

#include "sockets/classify.h"

/*
 * Makes a record for a socket, with one reference, for the caller to give to descriptor_set().
 * Returns NULL if there is no memory for it. *tag is its tag.
 */
struct tracked *tracked_make(uint32_t *tag);

/* Adds a reference to the record of that tag. Returns false if it is another socket's by now. */
bool tracked_hold(uint32_t tag);

/* Drops a reference; the last one frees the record. */
void tracked_drop(uint32_t tag);

#endif
