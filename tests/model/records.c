// SPDX-License-Identifier: MIT
// The tables of descriptors and of tracked sockets: what each execution of a few threads has to come to.

#include "model.h"

#include "peers/last_recv.h"
/* GenMC has no structs in the memory of one thread. */
#define last_recv_clear_tag(last_recv) (void)0

static inline struct peer wildcard(void);
static inline void *map_chunk(size_t size);
static inline void unmap_chunk(void *chunk);

#include "sockets/classify.c"
#include "sockets/descriptor_table.c"
#include "sockets/tracked.c"

enum { NUMBERS = 8, PORT = 53 };

/* The kernel and the rest of the library: each number is a wildcard UDP socket in a space of its own. */
static struct peers_state peers_state;
struct library library = { .peers = { .state = &peers_state } };
enum log_level log_level = LOG_OFF;
static __thread int thread_errno;

int *__errno_location(void)
{
	return &thread_errno;
}

bool library_ready(void)
{
	return true;
}

void log_peer(enum log_level level, int fd, const char *what, const struct in6_addr *host, uint32_t port,
	      const struct in6_addr *local)
{
}

int option_get(int fd, int level, int name)
{
	return name == SO_TYPE ? SOCK_DGRAM : IPPROTO_UDP;
}

uint64_t option_get_cookie(int fd, int name)
{
	return 1000 + fd;
}

bool options_enable(int fd, struct tracked *tracked, bool remembered)
{
	return true;
}

void options_restore(int fd, struct tracked *tracked)
{
}

void options_clear(int fd)
{
}

unsigned int options_of_ours(int fd)
{
	return 0;
}

static inline uint64_t salt_of(int fd)
{
	return 100 + fd;
}

/* A second space of each socket: of the device to which socket_moved() says it was bound. */
static inline uint64_t moved_salt_of(int fd)
{
	return 200 + fd;
}

static __thread bool is_moved;

uint64_t space_of_tracked(int fd)
{
	return is_moved ? moved_salt_of(fd) : salt_of(fd);
}

/* What getsockname() says of each number. */
static inline struct peer wildcard(void)
{
	return (struct peer){ .port = PORT };
}

/* mmap() of a chunk, zeroed by this thread; no other may use it before it is published. */
static inline void *map_chunk(size_t size)
{
	uint32_t *words = __VERIFIER_malloc(size);

	if (size == CHUNK * sizeof(uint32_t)) {
		for (int i = 0; i < CHUNK; i++)
			words[i] = 0;
		return words;
	}
	for (int i = 0; i < TRACKED_CHUNK; i++) {
		struct tracked *record = (struct tracked *)words + i;

		record->tag = record->references = record->flags = record->next_free = 0;
		record->misses = record->port = record->mode = 0;
		record->family = record->state = record->wanted = record->options = 0;
		record->salt = record->cookie = 0;
	}
	return words;
}

static inline void unmap_chunk(void *chunk)
{
	__VERIFIER_free(chunk);
}

static inline struct local source_of(int fd)
{
	struct local source;

	source.half[0] = salt_of(fd);
	source.half[1] = salt_of(fd);
	source.packed = salt_of(fd);
	return source;
}

/* connect() of a tracked socket, whose source sends have to attach, or need not. */
static inline void connect_with(int fd, bool by_control)
{
	struct local source = source_of(fd);
	uint64_t salt;
	uint32_t tag = descriptor_get(fd);

	socket_connected(fd, socket_find_value(tag, &salt), tag, by_control ? &source : NULL);
}

/* A call finds a number's own socket, or looks closer. */
static inline void use(int fd)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_fast(fd, &salt);

	if (tracked)
		assert(salt == salt_of(fd));
}

/* Every record is referred to by its numbers or free, once. */
static inline void check_records(void)
{
	uint32_t free_records = 0, live = 0, index = (uint32_t)free_list;

	for (; index && free_records <= SOCKETS; free_records++) {
		assert(index <= used && !tracked_at(index - 1)->references);
		assert(!(tracked_at(index - 1)->tag & DESCRIPTOR_TRACKED));
		index = tracked_at(index - 1)->next_free;
	}
	for (uint32_t i = 0; i < used; i++) {
		uint32_t references = 0;

		for (int fd = 0; fd < NUMBERS; fd++) {
			uint32_t value = descriptor_get(fd);

			references += value & DESCRIPTOR_TRACKED && value == tracked_at(i)->tag;
		}
		assert(tracked_at(i)->references == references);
		live += references > 0;
	}
	assert(free_records + live == used);
}

THREAD(bind_0) { socket_bound(0); }
THREAD(bind_1) { socket_bound(1); }
THREAD(use_0) { use(0); }

THREAD(use_0_port)
{
	uint64_t salt;
	struct tracked *tracked = socket_find_fast(0, &salt);

	if (tracked) {
		assert(salt == salt_of(0) && tracked_get(tracked, port) == PORT);
		assert(tracked_get(tracked, state) == TRACKED_WILDCARD);
	}
}

SCENARIO(published, "a thread finds a record complete")
{
	RUN(bind_0, use_0_port);
	check_records();
}

THREAD(reuse)
{
	socket_forget(0);
	socket_bound(1);
}

THREAD(use_0_and_1)
{
	use(0);
	use(1);
}

SCENARIO(recycled, "a thread does not take a record's next socket for the last one")
{
	socket_bound(0);
	RUN(reuse, use_0_and_1);
	check_records();
}

THREAD(reuse_connected)
{
	socket_forget(0);
	socket_connected(1, NULL, 0, &(struct local){ .half = { 1, 1 } });
}

SCENARIO(recycled_connected, "a thread does not take a record's next, connected socket for the last one")
{
	socket_bound(0);
	RUN(reuse_connected, use_0);
	check_records();
}

THREAD(bind_again)
{
	socket_bound(1);
}

SCENARIO(recycled_again, "a thread does not take the next socket's space for the last one's, written by another thread")
{
	socket_bound(0);
	RUN(reuse, bind_again, use_0);
	check_records();
}

THREAD(move_1)
{
	is_moved = true;
	socket_moved(1);
}

SCENARIO(recycled_moved, "a thread does not take the next socket's new space for the last one's")
{
	socket_bound(0);
	RUN(reuse, move_1, use_0);
	check_records();
}

THREAD(reuse_settled)
{
	socket_forget(0);
	socket_bound(1);
	connect_with(1, false);
}

THREAD(not_settled)
{
	assert(!socket_is_settled(0));
}

SCENARIO(recycled_settled, "a wildcard socket does not count as settled when its record's next one is")
{
	socket_bound(0);
	RUN(reuse_settled, not_settled);
	check_records();
}

SCENARIO(recycled_source, "a socket with a source to attach does not count as settled when its record's next one is")
{
	socket_bound(0);
	connect_with(0, true);
	RUN(reuse, not_settled);
	check_records();
}

THREAD(connect_source)
{
	connect_with(0, true);
}

THREAD(source_is_whole)
{
	struct local source;

	assert(!socket_is_settled(0));
	if (tracked_source(tracked_at(0), &source))
		assert(source.half[0] == salt_of(0) && source.half[1] == salt_of(0) && source.ifindex == salt_of(0));
}

SCENARIO(connected, "a connected socket with a source to attach is never settled, and its source is whole")
{
	socket_bound(0);
	RUN(connect_source, source_is_whole);
	check_records();
}

THREAD(duplicate)
{
	socket_duplicated(0, 2);
	if (descriptor_get(2) & DESCRIPTOR_TRACKED) {
		uint64_t salt;

		assert(socket_find_fast(2, &salt) && salt == salt_of(0));
	}
}

SCENARIO(duplicated, "a duplicate refers to its own socket's record, or to none")
{
	socket_bound(0);
	RUN(reuse, duplicate);
	check_records();
}

THREAD(forget_0)
{
	tracked_set(tracked_at(0), misses, (uint16_t)5);
	socket_forget(0);
}

THREAD(forget_1_reuse)
{
	socket_forget(1);
	socket_bound(2);
}

SCENARIO(dropped, "the last of two numbers frees the record, once, and nothing of the old socket is left")
{
	socket_bound(0);
	socket_duplicated(0, 1);
	RUN(forget_0, forget_1_reuse);
	if (descriptor_get(2) == (DESCRIPTOR_TRACKED | SOCKETS))
		assert(tracked_at(0)->misses == 0);
	check_records();
}

THREAD(bind_forget_bind)
{
	socket_bound(0);
	socket_forget(0);
	socket_bound(1);
}

THREAD(bind_2) { socket_bound(2); }

SCENARIO(free_list_kept, "two threads take and give back free records: each belongs to one socket")
{
	socket_bound(0);
	socket_bound(1);
	socket_forget(0);
	socket_forget(1);
	RUN(bind_forget_bind, bind_2);
	check_records();
}

THREAD(forget_both)
{
	socket_forget(0);
	socket_forget(1);
}

THREAD(bind_2_and_3)
{
	socket_bound(2);
	socket_bound(3);
}

SCENARIO(pushed, "a thread takes records while another one gives them back: none is lost")
{
	socket_bound(0);
	socket_bound(1);
	RUN(forget_both, bind_2_and_3);
	check_records();
}

THREAD(made_0)
{
	socket_made(0, AF_INET, SOCK_DGRAM, 0);
}

SCENARIO(number_reused, "a number's new value drops the record of another thread that has just made it")
{
	RUN(bind_0, made_0);
	check_records();
}

THREAD(bind_3) { socket_bound(3); }

THREAD(use_2)
{
	use(2);
}

SCENARIO(record_chunk, "two threads need a chunk of records: it is zero when they use it")
{
	socket_bound(0);
	socket_bound(1);
	RUN(bind_2, bind_3, use_2);
	check_records();
}

THREAD(made_4)
{
	socket_made(4, AF_INET, SOCK_DGRAM, 0);
}

THREAD(made_5)
{
	socket_made(5, AF_INET, SOCK_DGRAM, 0);
}

THREAD(get_4)
{
	uint32_t value = descriptor_get(4);

	assert(value == DESCRIPTOR_UNKNOWN || value == DESCRIPTOR_FRESH);
	descriptor_set(5, DESCRIPTOR_UNKNOWN);
}

SCENARIO(descriptor_chunk, "two threads need a chunk of descriptors: it is zero when they use it")
{
	RUN(made_4, made_5, get_4);
}

THREAD(bind_4)
{
	socket_bound(4);
}

THREAD(use_4)
{
	use(4);
}

SCENARIO(published_later, "a thread finds the record of a number in a chunk of descriptors that is there already")
{
	socket_made(5, AF_INET, SOCK_DGRAM, 0);
	RUN(bind_4, use_4);
	check_records();
}

int main(void)
{
	MAIN();
}
