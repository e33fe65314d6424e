/* SPDX-License-Identifier: MIT */
/*
 * Objects loaded with RTLD_DEEPBIND (dlopen(3)) look into their own dependencies first, so their
 * socket calls go past every preloaded library. PHP loads all its extensions so.
 */
#ifndef DEEPBIND_H
#define DEEPBIND_H

/* Returns how many objects are loaded now. */
int deepbind_count(void);

/*
 * Leads the hooked calls of the objects loaded after the first `known` ones, by the dlopen() that
 * gave `handle`, to our hooks where they lead to the libc. All other symbols stay bound as they
 * are.
 */
void deepbind_mend(void *handle, int known);

#endif
