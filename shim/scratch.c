// SPDX-License-Identifier: MIT
// Room for vectors of messages, one area a thread, mapped when first needed.

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook.h"
#include "scratch.h"

enum { AREAS = 64 };

static struct area {
	int32_t owner;	 /* thread id, 0: nobody */
	int32_t process; /* its process */
	void *memory;
} areas[AREAS];

static __thread struct {
	struct area *area;
	int busy;
} mine;

static int32_t thread_id(void)
{
	return (int32_t)syscall(SYS_gettid);
}

/*
 * A thread that ended doesn't need its area any more. In a forked child nothing is known of areas
 * from before the fork: the forking thread goes on with its own under a new thread id.
 */
static bool is_gone(const struct area *area, int32_t owner)
{
	pid_t process = getpid();

	return __atomic_load_n(&area->process, __ATOMIC_RELAXED) == process &&
	       syscall(SYS_tgkill, process, owner, 0) && errno == ESRCH;
}

static struct area *find_area(void)
{
	int32_t self = thread_id();

	for (int check = 0; check < 2; check++) {
		for (int i = 0; i < AREAS; i++) {
			int32_t owner = __atomic_load_n(&areas[i].owner, __ATOMIC_RELAXED);

			if (owner && (!check || !is_gone(&areas[i], owner)))
				continue;
			if (__atomic_compare_exchange_n(&areas[i].owner, &owner, self, false,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
				__atomic_store_n(&areas[i].process, (int32_t)getpid(),
						 __ATOMIC_RELAXED);
				return &areas[i];
			}
		}
	}
	return NULL;
}

void *scratch_take(void)
{
	int e = errno;

	if (mine.busy)
		return NULL;
	mine.busy = 1;
	if (unlikely(!mine.area))
		mine.area = find_area();
	if (mine.area && unlikely(!mine.area->memory)) {
		void *memory = mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		mine.area->memory = memory == MAP_FAILED ? NULL : memory;
	}
	errno = e;
	if (mine.area && mine.area->memory)
		return mine.area->memory;
	mine.busy = 0;
	return NULL;
}

void scratch_give(void)
{
	mine.busy = 0;
}
