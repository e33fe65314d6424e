// SPDX-License-Identifier: MIT
// Finds and makes cgroups: v2, wherever it is mounted.

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine.h"

enum { DEPTH = 32 };

static char mount_point[PATH_LENGTH], mount_root[PATH_LENGTH];

const char *cgroup_mount(void)
{
	char line[2 * PATH_LENGTH + 256], *kind;
	FILE *file;

	if (*mount_point)
		return mount_point;
	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return NULL;
	while (fgets(line, sizeof(line), file)) {
		kind = strstr(line, " - ");
		if (kind && !strncmp(kind + 3, "cgroup2 ", 8) &&
		    sscanf(line, "%*s %*s %*s %511s %511s", mount_root, mount_point) == 2)
			break;
		*mount_point = '\0';
	}
	fclose(file);
	return *mount_point ? mount_point : NULL;
}

static const char *mount_needed(void)
{
	if (!cgroup_mount())
		fail("the BPF engine needs cgroup v2, which is not mounted; try: mount -t cgroup2 "
		     "none /sys/fs/cgroup/unified");
	return mount_point;
}

/* Writes the path of a process's cgroup ("self": ours), below the mount point; false if none. */
static bool read_path(const char *process, char *path)
{
	char name[64], line[PATH_LENGTH + 8];
	size_t root = strcmp(mount_root, "/") ? strlen(mount_root) : 0;
	bool found = false;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%s/cgroup", process);
	file = fopen(name, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strncmp(line, "0::/", 4) && strncmp(line + 3, "/..", 3) &&
			!strncmp(line + 3, mount_root, root);
	}
	fclose(file);
	if (found)
		snprintf(path, PATH_LENGTH, "%s", line + 3 + root);
	if (found && !strcmp(path, "/"))
		*path = '\0';
	return found;
}

bool cgroup_path_of_process(const char *process, char *path)
{
	char own[PATH_LENGTH];

	return cgroup_mount() && read_path(process, own) &&
	       snprintf(path, PATH_LENGTH, "%s%s", mount_point, own) < PATH_LENGTH;
}

static uint64_t id_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) ? 0 : status.st_ino;
}

static void open_cgroup(struct cgroup *cgroup)
{
	cgroup->fd = open(cgroup->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup->fd < 0)
		fail("%s: %s; is it a cgroup?", cgroup->path, strerror(errno));
	cgroup->id = id_of(cgroup->fd);
	cgroup->events = openat(cgroup->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (cgroup->events < 0 && faccessat(cgroup->fd, "cgroup.procs", F_OK, 0))
		fail("%s is no cgroup of version 2", cgroup->path);
}

static void join(char *path, const char *first, const char *second)
{
	if (snprintf(path, PATH_LENGTH, "%s%s", first, second) >= PATH_LENGTH)
		fail("the path of the cgroup is too long: %s%s", first, second);
}

void cgroup_make(struct cgroup *cgroup)
{
	char own[PATH_LENGTH], name[PATH_LENGTH + 32];

	mount_needed();
	if (!read_path("self", own))
		fail("this process has no cgroup under %s; start it in one", mount_point);
	/* A name may be in use by a cgroup that was not removed: try the next one. */
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%s/replyfrom-%d%c", own, (int)getpid(),
			 i ? (char)('a' + i % 26) : '\0');
		join(cgroup->path, mount_point, name);
		if (!mkdir(cgroup->path, 0755))
			break;
		if (errno != EEXIST || i == 99)
			fail("cannot make the cgroup %s: %s%s", cgroup->path, strerror(errno),
			     errno == EACCES || errno == EROFS
				     ? "; start it as root, in a cgroup that can be written"
				     : "");
	}
	open_cgroup(cgroup);
}

bool cgroup_own_is_writable(void)
{
	char own[PATH_LENGTH], path[2 * PATH_LENGTH];

	if (!cgroup_mount() || !read_path("self", own))
		return false;
	snprintf(path, sizeof(path), "%s%s", mount_point, own);
	return !faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS);
}

static bool write_at(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CLOEXEC), e;
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	e = errno;
	close(fd);
	errno = e;
	return done;
}

bool cgroup_enter(const struct cgroup *cgroup)
{
	if (write_at(cgroup->fd, "cgroup.procs", "0"))
		return true;
	/* In a threaded subtree a new cgroup has to become threaded first. */
	return errno == EOPNOTSUPP && write_at(cgroup->fd, "cgroup.type", "threaded") &&
	       write_at(cgroup->fd, "cgroup.procs", "0");
}

bool cgroup_is_populated(const struct cgroup *cgroup)
{
	char text[256];
	ssize_t length;

	if (cgroup->events < 0) /* the root */
		return true;
	length = pread(cgroup->events, text, sizeof(text) - 1, 0);
	if (length < 0)
		return errno != ENODEV; /* it is gone */
	text[length] = '\0';
	return !strstr(text, "populated 0");
}

static void each_process_at(int folder, bool (*call)(pid_t pid), bool *go_on)
{
	int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[4096], *line, *end;
	size_t kept = 0;
	ssize_t length;

	if (fd < 0)
		return;
	while (*go_on && (length = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		text[kept + (size_t)length] = '\0';
		for (line = text; *go_on && (end = strchr(line, '\n')); line = end + 1)
			*go_on = call((pid_t)strtol(line, NULL, 10));
		kept = strlen(line);
		memmove(text, line, kept);
	}
	close(fd);
}

static bool (*walk_call)(pid_t pid);
static bool walk_goes_on;

static int walk(const char *path, const struct stat *status, int kind, struct FTW *position)
{
	int folder;

	(void)status;
	(void)position;
	if (kind != FTW_D)
		return 0;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		each_process_at(folder, walk_call, &walk_goes_on);
		close(folder);
	}
	return !walk_goes_on;
}

void cgroup_each_process(const struct cgroup *cgroup, bool (*call)(pid_t pid))
{
	walk_call = call;
	walk_goes_on = true;
	nftw(cgroup->path, walk, DEPTH, FTW_PHYS);
}

static const char *search_name;
static unsigned int search_found, search_in_slices;
static char search_path[PATH_LENGTH];

/*
 * Returns true if only slices are above it, as above the units of the system. Containers and users
 * may have units of the same names below their own.
 */
static bool is_in_slices(const char *path)
{
	const char *name = path + strlen(mount_point) + 1, *slash;

	for (; (slash = strchr(name, '/')); name = slash + 1)
		if (slash - name < 7 || memcmp(slash - 6, ".slice", 6) != 0)
			return false;
	return true;
}

static int search(const char *path, const struct stat *status, int kind, struct FTW *position)
{
	(void)status;
	bool in_slices;

	if (kind != FTW_D || strcmp(path + position->base, search_name) != 0)
		return 0;
	in_slices = is_in_slices(path);
	search_found++;
	search_in_slices += in_slices;
	if (in_slices || !search_in_slices)
		snprintf(search_path, sizeof(search_path), "%s", path);
	return 0;
}

static uint64_t search_id;

static int search_by_id(const char *path, const struct stat *status, int kind, struct FTW *position)
{
	(void)position;
	if (kind != FTW_D || status->st_ino != search_id)
		return 0;
	snprintf(search_path, sizeof(search_path), "%s", path);
	return 1;
}

bool cgroup_by_id(struct cgroup *cgroup, uint64_t id)
{
	if (!cgroup_mount())
		return false;
	search_id = id;
	if (nftw(mount_point, search_by_id, DEPTH, FTW_PHYS) != 1)
		return false;
	join(cgroup->path, search_path, "");
	open_cgroup(cgroup);
	return true;
}

bool cgroup_contains(const struct cgroup *cgroup, const struct cgroup *other)
{
	size_t length = strlen(cgroup->path);

	return !strncmp(cgroup->path, other->path, length) &&
	       (!other->path[length] || other->path[length] == '/');
}

/* A unit's cgroup has the name of the unit, wherever its slice is. */
static void find_unit(struct cgroup *cgroup, const char *unit)
{
	char name[256];

	snprintf(name, sizeof(name), "%s%s", unit, strchr(unit, '.') ? "" : ".service");
	search_name = name;
	search_found = search_in_slices = 0;
	nftw(mount_point, search, DEPTH, FTW_PHYS);
	if (!search_found)
		fail("no cgroup of the unit %s under %s; is it running?", name, mount_point);
	if (search_found > 1 && search_in_slices != 1)
		fail("%u cgroups have the name %s; name one by its path", search_found, name);
	join(cgroup->path, search_path, "");
}

void cgroup_find(struct cgroup *cgroup, const char *target)
{
	char path[PATH_LENGTH];

	mount_needed();
	if (target[strspn(target, "0123456789")] == '\0' && *target) {
		if (!read_path(target, path))
			fail("there is no process %s, or it has no cgroup under %s", target,
			     mount_point);
		if (!*path)
			fail("process %s is in the root cgroup, as all others may be; move it into "
			     "a cgroup of its own first",
			     target);
		join(cgroup->path, mount_point, path);
	} else if (*target == '/') {
		if (strncmp(target, mount_point, strlen(mount_point)) || access(target, F_OK))
			join(cgroup->path, mount_point, strcmp(target, "/") ? target : "");
		else
			join(cgroup->path, target, "");
	} else {
		find_unit(cgroup, target);
	}
	open_cgroup(cgroup);
}
