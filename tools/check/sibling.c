// SPDX-License-Identifier: MIT
// The replyfrom of another ABI, installed beside this one: /usr/lib32/replyfrom for a 32-bit
// program, where this one is in /usr/lib/x86_64-linux-gnu/replyfrom.

#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "./check.h"

#define LIB "$LIB/replyfrom/"

/* The values that $LIB can have; only that ABI's own loader knows which one it is. */
static const struct {
	uint16_t machine;
	unsigned char class;
	const char *folders[3];
} known[] = {
	{ EM_386, ELFCLASS32, { "lib/i386-linux-gnu", "lib32", "lib" } },
	{ EM_X86_64, ELFCLASS64, { "lib/x86_64-linux-gnu", "lib64", "lib" } },
	{ EM_X86_64, ELFCLASS32, { "lib/x86_64-linux-gnux32", "libx32" } },
	{ EM_ARM, ELFCLASS32, { "lib/arm-linux-gnueabihf", "lib/arm-linux-gnueabi", "lib" } },
	{ EM_AARCH64, ELFCLASS64, { "lib/aarch64-linux-gnu", "lib64", "lib" } },
};

enum { FOLDERS = sizeof(known->folders) / sizeof(*known->folders) };

/* It has to be for that machine: in `lib` there can be our own. */
static bool fits(const char *path, const struct elf *program)
{
	char header[sizeof(Elf64_Ehdr)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, header, sizeof(header));
	struct elf elf;

	if (fd >= 0)
		close(fd);
	if (size < (ssize_t)sizeof(header))
		return false;
	elf_read(header, sizeof(header), &elf);
	return elf.machine == program->machine && elf.class == program->class;
}

/* Writes the path of a file of that installation; returns false if it is none or too long. */
static bool beside(const char *preload, const char *folder, const char *name, char path[PATH_MAX])
{
	const char *lib = strstr(preload, LIB);

	return lib && snprintf(path, PATH_MAX, "%.*s%s/replyfrom/%s", (int)(lib - preload), preload,
			       folder, name) < PATH_MAX;
}

/* Which file is its library, and which is our second engine, if that may be taken. */
static void write_parts(char *parts, size_t size, const char *library, const struct start *start)
{
	bool bpf = start->engine != ENGINE_PRELOAD;

	snprintf(parts, size, "%s%s%s%s", library, bpf ? ":" : "", bpf ? start->bpf : "",
		 bpf && start->no_connect ? NO_CONNECT : "");
}

void sibling_start(const char *preload, const struct elf *program, const struct start *start,
		   char **command)
{
	char check[PATH_MAX], library[PATH_MAX], how[PATH_MAX], both[2 * PATH_MAX], **arguments;
	const char *profile = start->profile;
	size_t count = 0;

	while (command[count])
		count++;
	arguments = calloc(3 + count + 1, sizeof(*arguments));
	if (!arguments)
		message_fail(EXIT_OURS, "no memory for the arguments");
	memcpy(arguments + 3, command, count * sizeof(*command));
	arguments[0] = check;
	snprintf(how, sizeof(how), "%s%s%s", check_mode_name(start->mode), profile ? ":" : "",
		 profile ? profile : "");
	arguments[1] = how;
	arguments[2] = both;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].machine != program->machine || known[i].class != program->class)
			continue;
		for (int j = 0; j < FOLDERS && known[i].folders[j]; j++) {
			const char *folder = known[i].folders[j];

			if (beside(preload, folder, "replyfrom-check", check) &&
			    beside(preload, folder, "libreplyfrom.so", library) &&
			    fits(check, program) && !access(library, R_OK)) {
				write_parts(both, sizeof(both), library, start);
				execv(check, arguments);
			}
		}
	}
	free(arguments);
}
