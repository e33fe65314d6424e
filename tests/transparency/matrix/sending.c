// SPDX-License-Identifier: MIT
// One sending call on both sides, with input that can only be read.

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "outcome.h"
#include "sending.h"

enum { COUNT_MAX = 1025, PAYLOAD_MAX = 70000, CONTROL_MAX = 64, UNTOUCHED_ERRNO = 4095 };

/* What the calls only read, in pages of their own. */
struct input {
	struct msghdr message;
	struct iovec vectors[COUNT_MAX];
	struct sockaddr_storage name, wrong_name;
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_MAX], wrong_control[CONTROL_MAX];
	unsigned char payload[PAYLOAD_MAX];
};

static struct mmsghdr array[COUNT_MAX + 1], kept[COUNT_MAX + 1];

static struct input *input_pages(void)
{
	static struct input *input;

	if (!input) {
		input = mmap(NULL, sizeof(*input), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (input == MAP_FAILED) {
			perror("mmap");
			exit(1);
		}
	}
	return input;
}

static size_t put(unsigned char *control, int level, int type, const void *value, size_t size)
{
	struct cmsghdr header = { .cmsg_level = level,
				  .cmsg_type = type,
				  .cmsg_len = CMSG_LEN(size) };

	memcpy(control, &header, sizeof(header));
	memcpy(control + CMSG_LEN(0), value, size);
	return CMSG_SPACE(size);
}

/* The control data of `kind` for the pair's traffic; returns its length. */
static size_t fill_control(unsigned char *control, const struct pair *pair, enum send_control kind)
{
	bool v4 = pair->family == FAMILY_V4 || pair->family == FAMILY_MAPPED;
	struct in_pktinfo info_v4 = { 0 };
	struct in6_pktinfo info_v6 = { 0 };
	int tos = 8;

	memset(control, 0, CONTROL_MAX);
	if (kind == CONTROL_OWN_SOURCE) {
		info_v4.ipi_spec_dst.s_addr = inet_addr("127.0.0.99");
		info_v6.ipi6_addr = in6addr_loopback;
	}
	switch (kind) {
	case CONTROL_NULL:
		return 32;
	case CONTROL_NULL_SHORT:
	case CONTROL_SHORT:
		return 9;
	case CONTROL_TOS:
	case CONTROL_TOS_BARE:
		put(control, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, &tos,
		    sizeof(tos));
		return kind == CONTROL_TOS ? CMSG_SPACE(sizeof(tos)) : CMSG_LEN(sizeof(tos));
	case CONTROL_ANY_SOURCE:
	case CONTROL_OWN_SOURCE:
		if (v4)
			return put(control, IPPROTO_IP, IP_PKTINFO, &info_v4, sizeof(info_v4));
		return put(control, IPPROTO_IPV6, IPV6_PKTINFO, &info_v6, sizeof(info_v6));
	case CONTROL_WRONG:
		put(control, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
		control[0] = 3;
		return CMSG_SPACE(sizeof(tos));
	case CONTROL_NONE:
	case CONTROLS:
		break;
	}
	return 0;
}

static void spoil(struct msghdr *message, struct input *input, enum wrong wrong)
{
	switch (wrong) {
	case WRONG_SIZE:
		message->msg_iov->iov_len = PAYLOAD_MAX;
		break;
	case WRONG_FAMILY:
		message->msg_name = &input->wrong_name;
		break;
	case WRONG_POINTER:
		message->msg_iov->iov_base = NULL;
		break;
	case WRONG_CONTROL:
		message->msg_control = input->wrong_control;
		message->msg_controllen = CMSG_SPACE(sizeof(int));
		break;
	case WRONG_NAME:
		message->msg_namelen = 3;
		break;
	case WRONG_NOTHING:
	case WRONGS:
		break;
	}
}

static void fill(struct input *input, const struct pair *pair, const struct sending *sending)
{
	size_t controls = fill_control(input->control, pair, sending->control);

	pair_sender(pair, &input->name);
	input->wrong_name = input->name;
	input->wrong_name.ss_family = AF_UNIX;
	fill_control(input->wrong_control, pair, CONTROL_WRONG);
	memset(array, 0xa5, sizeof(array));
	for (unsigned int i = 0; i < sending->count; i++) {
		struct msghdr *message = &array[i].msg_hdr;

		input->vectors[i] = (struct iovec){ input->payload, sending->payload };
		*message = (struct msghdr){
			.msg_name = sending->no_name ? NULL : &input->name,
			.msg_namelen = sending->name,
			.msg_iov = &input->vectors[i],
			.msg_iovlen = 1,
			.msg_control =
				sending->control <= CONTROL_NULL_SHORT ? NULL : input->control,
			.msg_controllen = controls,
			.msg_flags = 0x5a5a,
		};
	}
	if (sending->count)
		spoil(&array[sending->wrong_at].msg_hdr, input, sending->wrong);
	input->message = array[0].msg_hdr;
}

static long call(const struct side *side, int fd, const struct input *input,
		 const struct sending *sending)
{
	const struct sockaddr *name =
		sending->no_name ? NULL : (const struct sockaddr *)&input->name;

	switch (sending->call) {
	case CALL_SEND:
		return side->send(fd, input->payload, sending->payload, sending->flags);
	case CALL_SENDTO:
		return side->sendto(fd, input->payload, sending->payload, sending->flags, name,
				    sending->name);
	case CALL_SENDMSG:
		return side->sendmsg(fd, &input->message, sending->flags);
	case CALL_SENDMMSG:
		return side->sendmmsg(fd, array, sending->count, sending->flags);
	case SEND_CALLS:
		break;
	}
	abort();
}

const char *sending_describe(const struct sending *sending)
{
	static const char *const names[] = { "send", "sendto", "sendmsg", "sendmmsg" };
	static char text[256];

	snprintf(text, sizeof(text),
		 "%s count %u flags %#x, payload %zu, name %u%s, control %d, wrong %d at %u",
		 names[sending->call], sending->count, (unsigned int)sending->flags,
		 sending->payload, sending->name, sending->no_name ? " NULL" : "",
		 (int)sending->control, (int)sending->wrong, sending->wrong_at);
	return text;
}

void sending_compare(const struct pair *pair, const struct sending *sending)
{
	struct input *input = input_pages();
	long results[SIDES];
	int errors[SIDES];

	for (int i = 0; i < SIDES; i++) {
		mprotect(input, sizeof(*input), PROT_READ | PROT_WRITE);
		fill(input, pair, sending);
		mprotect(input, sizeof(*input), PROT_READ);
		errno = UNTOUCHED_ERRNO;
		results[i] = call(sides[i], pair->fd[i], input, sending);
		errors[i] = errno;
		if (i == KERNEL)
			memcpy(kept, array, sizeof(array));
	}
	combinations++;
	if (results[KERNEL] != results[LIBRARY] || errors[KERNEL] != errors[LIBRARY] ||
	    memcmp(kept, array, sizeof(array)))
		differ(pair, "%s: kernel %ld (errno %d), library %ld (errno %d)%s",
		       sending_describe(sending), results[KERNEL], errors[KERNEL], results[LIBRARY],
		       errors[LIBRARY],
		       memcmp(kept, array, sizeof(array)) ? ", arrays differ" : "");
}
