/* SPDX-License-Identifier: MIT */
/*
 * The words of the scenarios. GenMC executes each scenario in every way that the memory model allows; in none may an
 * assertion fail. It intercepts the functions that are only declared here.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int __VERIFIER_thread_create(const void *attributes, void *(*start)(void *), void *argument);
void *__VERIFIER_thread_join(long thread);
void __VERIFIER_assert_fail(const char *condition, const char *file, int line);
void __VERIFIER_assume(bool condition);
void *__VERIFIER_malloc(size_t size);
void __VERIFIER_free(void *memory);

#define assert(condition) \
	((condition) ? (void)0 : __VERIFIER_assert_fail(#condition, __FILE__, __LINE__))

/* What a thread does. */
#define THREAD(name)                      \
	static void name(void);           \
	static void *name##_start(void *) \
	{                                 \
		name();                   \
		return NULL;              \
	}                                 \
	static void name(void)

/* Runs threads at the same time, until all have ended. */
#define RUN(...) RUN_OF(__VA_ARGS__, RUN_3, RUN_2)(__VA_ARGS__)
#define RUN_OF(one, two, three, macro, ...) macro
#define RUN_2(one, two)                                                        \
	do {                                                                   \
		long first = __VERIFIER_thread_create(NULL, one##_start, NULL);  \
		long second = __VERIFIER_thread_create(NULL, two##_start, NULL); \
		__VERIFIER_thread_join(first);                                 \
		__VERIFIER_thread_join(second);                                \
	} while (0)
#define RUN_3(one, two, three)                                                  \
	do {                                                                    \
		long third = __VERIFIER_thread_create(NULL, three##_start, NULL); \
		RUN_2(one, two);                                                \
		__VERIFIER_thread_join(third);                                  \
	} while (0)

/* main() of a scenario; the text says what it shows. */
#define SCENARIO(name, text) static void name(void)

/* A bound that no execution reaches, of those that count. */
#define within(condition) ((condition) || (__VERIFIER_assume(false), false))

#endif
