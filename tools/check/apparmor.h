/* SPDX-License-Identifier: MIT */
/* Whether AppArmor lets a program map the library. */
#ifndef CHECK_APPARMOR_H
#define CHECK_APPARMOR_H

#include <stdbool.h>
#include <sys/types.h>

enum { PROFILE_MOST = 256 };

enum apparmor {
	APPARMOR_NONE,	  /* AppArmor is not there, or does not confine it */
	APPARMOR_ALLOWS,  /* the profile lets it map the library, or only complains */
	APPARMOR_DENIES,  /* it does not */
	APPARMOR_UNKNOWN, /* the kernel does not tell */
};

/* Returns true if this kernel confines programs by AppArmor. */
bool apparmor_is_on(void);

/* Returns true if this kernel shows what a profile allows (securityfs is mounted). */
bool apparmor_answers(void);

/*
 * Asks about a running thread. Writes its profile, "NAME (MODE)", printable, or "" if it has none.
 * `library` is the path that it would map; NULL: that is not known.
 */
enum apparmor apparmor_process(pid_t thread, const char *library, char profile[PROFILE_MOST]);

/*
 * Asks about a program that would be started now, where AppArmor is on: the kernel executes it in a
 * child, which ends before its first instruction. `on_exec` is the profile that it would be started
 * with (AppArmorProfile= in systemd); NULL: its own.
 */
enum apparmor apparmor_program(const char *path, const char *on_exec, const char *library,
			       char profile[PROFILE_MOST]);

#endif
