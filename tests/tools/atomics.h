/* SPDX-License-Identifier: MIT */
/*
 * Put in front of the library's sources for valgrind's detectors of races, which take an atomic
 * access for any other. Each becomes a function of its own, atomic_*, so that a suppression can
 * name just these (races.supp), and release and acquire are told to the detector; relaxed is not,
 * so what it protects has to be right without any order. A race with an access that is not atomic
 * shows.
 */
#ifndef ATOMICS_H
#define ATOMICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef DETECTOR_DRD
#include <valgrind/drd.h>
#else
#include <valgrind/helgrind.h>
#endif

/* Kept from being inlined or renamed. */
#define ATOMIC_FUNCTION static __attribute__((noipa, unused))

#define ATOMIC_OF_SIZE(type, bits)                                                         \
	ATOMIC_FUNCTION type atomic_load_##bits(const void *from)                          \
	{                                                                                  \
		return __atomic_load_n((const type *)from, __ATOMIC_RELAXED);              \
	}                                                                                  \
	ATOMIC_FUNCTION void atomic_store_##bits(void *to, type value)                     \
	{                                                                                  \
		__atomic_store_n((type *)to, value, __ATOMIC_RELAXED);                     \
	}                                                                                  \
	ATOMIC_FUNCTION _Bool atomic_exchange_##bits(void *at, void *expected, type value) \
	{                                                                                  \
		return __atomic_compare_exchange_n((type *)at, (type *)expected, value, 0, \
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);    \
	}                                                                                  \
	ATOMIC_FUNCTION type atomic_add_##bits(void *at, type value)                       \
	{                                                                                  \
		return __atomic_fetch_add((type *)at, value, __ATOMIC_RELAXED);            \
	}                                                                                  \
	ATOMIC_FUNCTION type atomic_and_##bits(void *at, type value)                       \
	{                                                                                  \
		return __atomic_fetch_and((type *)at, value, __ATOMIC_RELAXED);            \
	}                                                                                  \
	ATOMIC_FUNCTION type atomic_or_##bits(void *at, type value)                        \
	{                                                                                  \
		return __atomic_fetch_or((type *)at, value, __ATOMIC_RELAXED);             \
	}
ATOMIC_OF_SIZE(uint8_t, 8)
ATOMIC_OF_SIZE(uint16_t, 16)
ATOMIC_OF_SIZE(uint32_t, 32)
ATOMIC_OF_SIZE(uint64_t, 64)

/* The function for what `at` points to; whatever the type, its bits are what is moved. */
#define ATOMIC_BITS(name, at, ...)                              \
	(sizeof(*(at)) == 8   ? atomic_##name##_64(__VA_ARGS__) \
	 : sizeof(*(at)) == 4 ? atomic_##name##_32(__VA_ARGS__) \
	 : sizeof(*(at)) == 2 ? atomic_##name##_16(__VA_ARGS__) \
			      : atomic_##name##_8(__VA_ARGS__))

static inline _Bool atomic_acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME ||
	       order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static inline _Bool atomic_releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static inline void atomic_before(const void *at, int order)
{
	if (atomic_releases(order))
		ANNOTATE_HAPPENS_BEFORE(at);
}

static inline void atomic_after(const void *at, int order)
{
	if (atomic_acquires(order))
		ANNOTATE_HAPPENS_AFTER(at);
}

/* What `at` points to, without const. */
#define ATOMIC_TYPE(at) __typeof__(1 ? *(at) : *(at))
/* A pointer or a number. */
#define ATOMIC_VALUE(value) ((uintptr_t)(value))

#define __atomic_load_n(at, order)                                                       \
	__extension__({                                                                  \
		const void *at_ = (at);                                                  \
		ATOMIC_TYPE(at) loaded_ = (ATOMIC_TYPE(at))ATOMIC_BITS(load, (at), at_); \
		atomic_after(at_, (order));                                              \
		loaded_;                                                                 \
	})

#define __atomic_store_n(at, value, order)                          \
	__extension__({                                             \
		void *at_ = (at);                                   \
		atomic_before(at_, (order));                        \
		ATOMIC_BITS(store, (at), at_, ATOMIC_VALUE(value)); \
	})

#define __atomic_compare_exchange_n(at, expected, value, weak, success, failure)              \
	__extension__({                                                                       \
		void *at_ = (at);                                                             \
		_Bool changed_;                                                               \
		atomic_before(at_, (success));                                                \
		changed_ = ATOMIC_BITS(exchange, (at), at_, (expected), ATOMIC_VALUE(value)); \
		atomic_after(at_, changed_ ? (success) : (failure));                          \
		changed_;                                                                     \
	})

#define ATOMIC_FETCH(name, at, value, order)                                               \
	__extension__({                                                                    \
		void *at_ = (at);                                                          \
		ATOMIC_TYPE(at) old_;                                                      \
		atomic_before(at_, (order));                                               \
		old_ = (ATOMIC_TYPE(at))ATOMIC_BITS(name, (at), at_, ATOMIC_VALUE(value)); \
		atomic_after(at_, (order));                                                \
		old_;                                                                      \
	})
#define __atomic_fetch_add(at, value, order) ATOMIC_FETCH(add, at, value, order)
#define __atomic_fetch_and(at, value, order) ATOMIC_FETCH(and, at, value, order)
#define __atomic_fetch_or(at, value, order)  ATOMIC_FETCH(or, at, value, order)

#endif
