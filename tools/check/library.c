// SPDX-License-Identifier: MIT
// Can the library be preloaded, and does it load? Looked at before any code of it runs.

#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "./check.h"

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
			fail(EXIT_OURS, "%s: %s", path, strerror(errno));
		if (status.st_mode & S_IWOTH &&
		    !(S_ISDIR(status.st_mode) && status.st_mode & S_ISVTX))
			fail(EXIT_OURS,
			     "everybody can write to %s, so the library is not loaded; chmod o-w "
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
		fail(EXIT_OURS, "the library %s: %s", library, strerror(errno));
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED || !elf_read(bytes, (size_t)status.st_size, &elf) ||
	    (elf.native && !elf.whole))
		fail(EXIT_OURS, "%s is damaged, or no library; install it again", library);
	munmap(bytes, (size_t)status.st_size);
	close(fd);
}

/*
 * Asks this program itself, started anew with the library preloaded. Returns the length of its
 * answer: the library's version; 0 if it has none.
 */
static ssize_t ask_preloaded(const char *library, char version[VERSION_MOST])
{
	ssize_t length;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0)
		fail(EXIT_OURS, "cannot look whether the library loads: %s", strerror(errno));
	if (!child) {
		setenv("LD_PRELOAD", library, 1);
		/* Else a symbol that is missing would be found out too late. */
		setenv("LD_BIND_NOW", "1", 1);
		dup2(ends[1], STDOUT_FILENO);
		close(STDERR_FILENO); /* the loader's complaint is dlerror() already */
		execl(program_invocation_name, program_invocation_name, LIBRARY_ALIVE, NULL);
		_exit(EXIT_OURS);
	}
	close(ends[1]);
	do
		length = read(ends[0], version, VERSION_MOST - 1);
	while (length < 0 && errno == EINTR);
	close(ends[0]);
	waitpid(child, NULL, 0);
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
 * Does it load, and is it of our version? musl loads a library with thread-local storage like ours
 * at the start of a program only, so where dlopen() fails another program is started with it.
 */
static void load(const char *library)
{
	const char *disabled = getenv("REPLYFROM_DISABLE"), *version = NULL;
	char *kept = disabled ? strdup(disabled) : NULL, answer[VERSION_MOST];
	void *handle;

	/* It is here to be looked at, not to work. */
	setenv("REPLYFROM_DISABLE", "1", 1);
	handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (handle)
		version = dlsym(handle, "replyfrom_version");
	else if (ask_preloaded(library, answer) > 0)
		version = answer;
	else
		fail(EXIT_OURS, "the library does not load: %s", dlerror());
	if (!version)
		fail(EXIT_OURS, "%s is not replyfrom's library", library);
	if (strcmp(version, PACKAGE_VERSION))
		fail(EXIT_OURS, "%s has version %s, replyfrom has %s; install one version of both",
		     library, version, PACKAGE_VERSION);
	if (kept)
		setenv("REPLYFROM_DISABLE", kept, 1);
	else
		unsetenv("REPLYFROM_DISABLE");
	free(kept);
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

void library_check(const char *library, char preload[PATH_MAX])
{
	char path[PATH_MAX];

	if (!realpath(library, path))
		fail(EXIT_OURS, "the library %s: %s", library, strerror(errno));
	if (path[strcspn(path, " \t\n:")])
		fail(EXIT_OURS,
		     "the library's path '%s' has a space or a colon in it, which LD_PRELOAD "
		     "cannot express; install it elsewhere",
		     path);
	refuse_writable(path);
	refuse_torn(path);
	load(path);
	if (!use_lib(path, 1, preload) && !use_lib(path, 2, preload))
		strcpy(preload, path);
}

void library_preload(const char *preload)
{
	const char *kept = getenv("LD_PRELOAD");
	size_t length = strlen(preload), size;
	char *both;

	if (!kept || !*kept) {
		setenv("LD_PRELOAD", preload, 1);
		return;
	}
	if (!strncmp(kept, preload, length) && strchr(" :", kept[length]))
		return;
	size = length + 1 + strlen(kept) + 1;
	both = malloc(size);
	if (!both)
		fail(EXIT_OURS, "LD_PRELOAD: %s", strerror(errno));
	snprintf(both, size, "%s:%s", preload, kept);
	setenv("LD_PRELOAD", both, 1);
	free(both);
}
