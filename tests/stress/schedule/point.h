/* SPDX-License-Identifier: MIT */
/*
 * Comes in front of the code under test: before each of its atomic operations another worker may go
 * on. A macro is not expanded within itself, so what is written here are the compiler's own.
 */
#ifndef POINT_H
#define POINT_H

void schedule_point(void);

#define __atomic_load_n(...)	 (schedule_point(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...)	 (schedule_point(), __atomic_store_n(__VA_ARGS__))
#define __atomic_fetch_add(...)	 (schedule_point(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_sub(...)	 (schedule_point(), __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_fetch_or(...)	 (schedule_point(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...)	 (schedule_point(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_exchange_n(...) (schedule_point(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) \
	(schedule_point(), __atomic_compare_exchange_n(__VA_ARGS__))

#endif
