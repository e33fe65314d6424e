// SPDX-License-Identifier: MIT
// Checks that the library can be preloaded and loads, before any of its code runs.

#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../environment.h"
#include "./check.h"
#include "./child.h"

/* The separators of the items of LD_PRELOAD. */
#define SEPARATORS " :"

#define INSTALLED "/replyfrom/libreplyfrom.so" /* below a libdir */

enum { VERSION_MOST = 32 };

/*
 * Anybody who can write the library or its folder runs code as everybody who uses it. A sticky
 * folder such as /tmp lets nobody replace what is another's. Folders further up are the business of
 * whoever chose them: continuous integration likes to build below one that everybody can write.
 */
static void refuse_writable(const char *library)
{
	char path[PATH_MAX];
	struct stat status;

	strcpy(path, library);
	for (int i = 0; i < 2; i++) {
		if (stat(path, &status) < 0)
			message_fail(EXIT_OURS, "%s: %s", path, strerror(errno));
		if (status.st_mode & S_IWOTH &&
		    !(S_ISDIR(status.st_mode) && status.st_mode & S_ISVTX))
			message_fail(EXIT_OURS,
				     "everybody can write to %s, so the library is not loaded; "
				     "chmod o-w "
				     "%s",
				     path, path);
		*strrchr(path, '/') = '\0';
	}
}

/* The loader dies of a library that ends too early (SIGBUS), and says nothing. */
static void refuse_torn(const char *library)
{
	int fd = open(library, O_RDONLY | O_CLOEXEC);
	struct stat status;
	struct elf elf;
	void *bytes;

	if (fd < 0 || fstat(fd, &status) < 0)
		message_fail(EXIT_OURS, "the library %s: %s", library, strerror(errno));
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED || !elf_read(bytes, (size_t)status.st_size, &elf) ||
	    (elf.native && !elf.whole))
		message_fail(EXIT_OURS, "%s is damaged, or no library; install it again", library);
	munmap(bytes, (size_t)status.st_size);
	close(fd);
}

/*
 * Asks `checker`, started with the library preloaded. Returns the length of its answer: the
 * library's version; 0 if it has none.
 */
static ssize_t ask_preloaded(const char *library, const char *checker, char version[VERSION_MOST])
{
	bool was_pending = child_signal_is_pending();
	ssize_t length;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
		message_fail(EXIT_OURS, "cannot check whether the library loads: %s",
			     strerror(errno));
	if (!child) {
		/* Not a standard descriptor, should those be closed. */
		int output = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		environment_set("LD_PRELOAD", library);
		environment_set("REPLYFROM_DISABLE", "1");
		/* Else a symbol that is missing would be found out too late. */
		environment_set("LD_BIND_NOW", "1");
		dup2(output, STDOUT_FILENO);
		close(STDERR_FILENO); /* the loader's complaint is dlerror() already */
		execl(checker, checker, LIBRARY_ALIVE, NULL);
		_exit(EXIT_OURS);
	}
	close(ends[1]);
	do
		length = read(ends[0], version, VERSION_MOST - 1);
	while (length < 0 && errno == EINTR);
	close(ends[0]);
	child_wait(child, was_pending);
	version[length > 0 ? length : 0] = '\0';
	return length;
}

void library_answer(void)
{
	const char *version = dlsym(RTLD_DEFAULT, "replyfrom_version");

	if (version)
		dprintf(STDOUT_FILENO, "%.*s", VERSION_MOST - 1, version);
}

/*
 * Checks that it loads and is of our version. musl loads a library with thread-local storage like
 * ours at the start of a program only, so where dlopen() fails another program is started with it.
 */
static void load(const char *library, const char *checker)
{
	/* It is loaded to be examined, not to work. */
	char disable[] = "REPLYFROM_DISABLE=1", *alone[] = { disable, NULL }, **kept = environ;
	char answer[VERSION_MOST];
	const char *version = NULL;
	void *handle;

	environ = alone;
	handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	environ = kept;
	if (handle)
		version = dlsym(handle, "replyfrom_version");
	else if (ask_preloaded(library, checker, answer) > 0)
		version = answer;
	else
		message_fail(EXIT_OURS, "the library does not load: %s", dlerror());
	if (!version)
		message_fail(EXIT_OURS, "%s is not replyfrom's library", library);
	if (strcmp(version, PACKAGE_VERSION))
		message_fail(EXIT_OURS,
			     "%s has version %s, replyfrom has %s; install one version of both",
			     library, version, PACKAGE_VERSION);
}

/*
 * Puts $LIB for the last `depth` folders of the libdir, if the dynamic loader expands that to this
 * same library: then programs of another ABI find their own beside it. Returns false if it doesn't.
 */
static bool use_lib(const char *library, int depth, char preload[PATH_MAX])
{
	size_t cut = strlen(library);
	const char *installed = library + cut - strlen(INSTALLED);

	if (cut <= strlen(INSTALLED) || strcmp(installed, INSTALLED))
		return false;
	for (cut -= strlen(INSTALLED); depth--;) {
		do
			if (!cut--)
				return false;
		while (library[cut] != '/');
	}
	return snprintf(preload, PATH_MAX, "%.*s/$LIB%s", (int)cut, library, installed) <
		       PATH_MAX &&
	       dlopen(preload, RTLD_NOW | RTLD_NOLOAD);
}

void library_check(const char *library, const char *checker, char preload[PATH_MAX])
{
	char path[PATH_MAX];

	if (!realpath(library, path))
		message_fail(EXIT_OURS, "the library %s: %s", library, strerror(errno));
	if (path[strcspn(path, " \t\n:")])
		message_fail(
			EXIT_OURS,
			"the library's path '%s' has a space or a colon in it, which LD_PRELOAD "
			"cannot express; install it elsewhere",
			path);
	refuse_writable(path);
	refuse_torn(path);
	load(path, checker);
	if (!use_lib(path, 1, preload) && !use_lib(path, 2, preload))
		strcpy(preload, path);
}

/* The runtimes of sanitizers that end a program in which they are not the first library. */
static bool is_sanitizer(const char *item, size_t length)
{
	static const char *const names[] = { "libasan.", "libhwasan.", "liblsan.",
					     "libtsan.", "libubsan.",  "libclang_rt." };
	const char *slash = memrchr(item, '/', length);

	if (slash) {
		length -= (size_t)(slash + 1 - item);
		item = slash + 1;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (length > strlen(names[i]) && !strncmp(item, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Returns the length of the sanitizers at the head of a list, with the separators behind them. */
static size_t sanitizers_length(const char *list)
{
	size_t end = 0;

	for (;;) {
		size_t start = end + strspn(list + end, SEPARATORS);
		size_t length = strcspn(list + start, SEPARATORS);

		if (!is_sanitizer(list + start, length))
			return end;
		end = start + length;
		end += strspn(list + end, SEPARATORS);
	}
}

bool library_after_sanitizer(void)
{
	const char *list = getenv("LD_PRELOAD");

	return list && sanitizers_length(list);
}

/* Returns the list with the library in it, in memory of its own; NULL: it has it already. */
static char *list_with(const char *list, const char *preload)
{
	size_t first = sanitizers_length(list), length = strlen(preload);
	size_t size = strlen(list) + length + 3;
	const char *rest = list + first;
	char *both;

	if (!strncmp(rest, preload, length) && strchr(SEPARATORS, rest[length]))
		return NULL;
	both = malloc(size);
	if (!both)
		message_fail(EXIT_OURS, "LD_PRELOAD: %s", strerror(errno));
	snprintf(both, size, "%.*s%s%s%s%s", (int)first, list,
		 first && !strchr(SEPARATORS, list[first - 1]) ? ":" : "", preload,
		 *rest ? ":" : "", rest);
	return both;
}

/* In each entry of that name: which one of them counts is the loader's own choice. */
void library_preload(const char *preload)
{
	bool found = false;

	for (char **entry = environ; entry && *entry; entry++) {
		const char *kept = environment_value(*entry, "LD_PRELOAD");
		char *both = kept ? list_with(kept, preload) : NULL;

		found |= kept != NULL;
		if (both)
			*entry = environment_entry("LD_PRELOAD", both);
		free(both);
	}
	if (!found)
		environment_set("LD_PRELOAD", preload);
}

/* Returns true if it is a library of ours, of whatever installation. */
static bool is_ours(const char *item, size_t length)
{
	const char *name = strrchr(INSTALLED, '/');
	size_t size = strlen(name);

	return (length >= size && !memcmp(item + length - size, name, size)) ||
	       (length == size - 1 && !memcmp(item, name + 1, length));
}

/* Returns the list without our library, in memory of its own; NULL: it has none. */
static char *list_without(const char *list)
{
	char *left = strdup(list), *to = left;
	bool found = false;

	if (!left)
		message_fail(EXIT_OURS, "LD_PRELOAD: %s", strerror(errno));
	while (*list) {
		size_t length = strcspn(list, SEPARATORS);
		size_t size = length + strspn(list + length, SEPARATORS);

		if (is_ours(list, length)) {
			found = true;
		} else {
			memcpy(to, list, size);
			to += size;
		}
		list += size;
	}
	*to = '\0';
	if (found)
		return left;
	free(left);
	return NULL;
}

void library_withdraw(void)
{
	char **entry = environ;

	while (entry && *entry) {
		const char *kept = environment_value(*entry, "LD_PRELOAD");
		char *left = kept ? list_without(kept) : NULL;

		if (left && !left[strspn(left, SEPARATORS)]) {
			environment_remove(entry);
			free(left);
			continue;
		}
		if (left)
			*entry = environment_entry("LD_PRELOAD", left);
		free(left);
		entry++;
	}
}
