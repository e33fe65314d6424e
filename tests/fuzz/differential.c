// SPDX-License-Identifier: MIT
/*
 * The differential fuzzer: random sequences of socket calls, done once without the library and once
 * with it in network namespaces of the same shape; what the program sees must be the same. Two
 * things may differ: the source of answers, which has to be the address that was asked, and the
 * local address that connect() chose.
 *
 *   differential [--seed FIRST] [--count NUMBER] [--seconds NUMBER] [--keep BITS] [--trace]
 *                [--environment NUMBER] [--fault "CALL LEVEL NAME ERRNO"] [--bytes FILE]
 *                [--write FILE]
 *
 * Without arguments: the fixed seeds of `make check`, and the sequences in corpus/calls. A
 * difference is reported with its seed and the fewest calls that show it. --bytes takes the
 * sequence from a file, such as check-afl finds,
 * --write makes such a file.
 */

#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "both.h"
#include "environment.h"
#include "executor.h"

enum { CHECK_COUNT = 4000 };

/* Leaves out as many calls as can be, the large pieces first, while a difference remains. */
static uint64_t minimise(const struct sequence *sequence, uint64_t keep)
{
	for (unsigned int size = 16; size; size /= 2) {
		for (unsigned int at = 0; at < sequence->count; at += size) {
			uint64_t piece = ((UINT64_C(1) << size) - 1) << at;

			if (keep & piece && both_run(sequence, keep & ~piece))
				keep &= ~piece;
		}
	}
	return keep;
}

/* What is asked for on the command line. */
struct wishes {
	uint64_t seed, count, keep;
	double seconds;
	const char *fault, *bytes, *write;
	int64_t environment;
	bool show;
};

/* `name` says how to have the sequence again. */
static void report(const struct sequence *sequence, const struct wishes *wishes, const char *name,
		   const char *difference)
{
	uint64_t keep = wishes->keep;
	uint32_t environment = both_environment();

	printf("%s:\n%s\n", name, difference);
	both_afresh(environment);
	if (!both_run(sequence, keep))
		printf("(not when it runs alone)\n");
	else
		keep = minimise(sequence, keep);
	difference = both_run(sequence, keep);
	printf("%s --keep %#" PRIx64, name, keep);
	if (environment)
		printf(" --environment %" PRIu32 " (%s )", environment,
		       environment_text(environment));
	printf(":\n");
	for (unsigned int i = 0; i < sequence->count; i++)
		if (keep >> i & 1)
			printf("  %u %s\n", i, sequence_name(sequence->call[i].kind));
	printf("%s\n", difference ? difference : "(did not show again)");
	both_afresh(wishes->environment);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static void read_bytes(struct sequence *sequence, const char *path)
{
	unsigned char bytes[SEQUENCE_BYTES];
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		exit(1);
	}
	sequence_read(sequence, bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
}

static void write_bytes(const struct sequence *sequence, uint64_t keep, const char *path)
{
	unsigned char bytes[SEQUENCE_BYTES];
	size_t size = sequence_write(sequence, keep, bytes);
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static bool read_options(struct wishes *wishes, int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 't' },
		{ "keep", required_argument, NULL, 'k' },
		{ "trace", no_argument, NULL, 'v' },
		{ "fault", required_argument, NULL, 'f' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "write", required_argument, NULL, 'w' },
		{ "environment", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			wishes->seed = number(optarg);
			break;
		case 'c':
			wishes->count = number(optarg);
			break;
		case 't':
			wishes->seconds = (double)number(optarg);
			wishes->count = UINT64_MAX;
			break;
		case 'k':
			wishes->keep = number(optarg);
			wishes->count = 1;
			break;
		case 'f':
			wishes->fault = optarg;
			wishes->environment = 0;
			break;
		case 'b':
			wishes->bytes = optarg;
			wishes->count = 1;
			break;
		case 'w':
			wishes->write = optarg;
			wishes->count = 1;
			break;
		case 'e':
			wishes->environment = (int64_t)number(optarg);
			break;
		case 'v':
			wishes->show = true;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* Returns whether it was different. */
static bool do_one(const struct wishes *wishes, uint64_t seed)
{
	static struct sequence sequence;
	const char *difference;
	char name[4200];

	if (wishes->bytes) {
		snprintf(name, sizeof(name), "--bytes %s", wishes->bytes);
		read_bytes(&sequence, wishes->bytes);
	} else {
		snprintf(name, sizeof(name), "--seed %" PRIu64, seed);
		sequence_make(&sequence, seed);
	}
	if (wishes->write)
		write_bytes(&sequence, wishes->keep, wishes->write);
	difference = both_run(&sequence, wishes->keep);
	if (wishes->show)
		both_show();
	else if (difference)
		report(&sequence, wishes, name, difference);
	return difference != NULL;
}

/*
 * The sequences that are kept: those that once were different, and what reaches most of the
 * library. With the default settings, and where only some ports are to be helped.
 */
static unsigned int do_corpus(struct wishes wishes)
{
	static const int64_t environments[] = { 0, ENVIRONMENT_PORTS };
	const char *source = getenv("abs_top_srcdir");
	unsigned int different = 0;
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/fuzz/corpus/calls/*", source ? source : ".");
	if (glob(pattern, 0, NULL, &found)) {
		printf("%s: nothing is there\n", pattern);
		return 1;
	}
	for (size_t i = 0; i < sizeof(environments) / sizeof(*environments); i++) {
		wishes.environment = environments[i];
		both_afresh(wishes.environment);
		for (size_t path = 0; path < found.gl_pathc; path++) {
			wishes.bytes = found.gl_pathv[path];
			different += do_one(&wishes, 0);
		}
	}
	printf("%zu kept sequences, %u different\n", found.gl_pathc, different);
	globfree(&found);
	return different;
}

int main(int argc, char **argv)
{
	struct wishes wishes = {
		.seed = 1, .count = CHECK_COUNT, .keep = UINT64_MAX, .environment = BOTH_ANY
	};
	uint64_t done = 0, different = 0;
	double start = now();

	if (!strcmp(argv[0], EXECUTOR_NAME))
		executor_main();
	if (!read_options(&wishes, argc, argv))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	both_start(wishes.fault, wishes.environment);
	if (argc == 1)
		different += do_corpus(wishes);
	both_afresh(wishes.environment);
	for (; done < wishes.count && (!wishes.seconds || now() - start < wishes.seconds) &&
	       different < 10;
	     done++)
		different += do_one(&wishes, wishes.seed + done);
	both_end();
	printf("%" PRIu64 " sequences from seed %" PRIu64 " on, %" PRIu64 " different, %.1f s\n",
	       done, wishes.seed, different, now() - start);
	return different ? 1 : 0;
}
