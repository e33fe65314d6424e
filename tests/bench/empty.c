// SPDX-License-Identifier: MIT
// Two BPF programs that do nothing, at the two hooks of the second engine that a round trip passes:
// what the kernel spends to call them.

#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "../lib/kernel_call.h"
#include "bench.h"

static int load_program(enum bpf_prog_type type, enum bpf_attach_type where)
{
	/* return 1: go on */
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = { .prog_type = type,
				.expected_attach_type = where,
				.insns = (uintptr_t)code,
				.insn_cnt = sizeof(code) / sizeof(*code),
				.license = (uintptr_t) "MIT" };

	return (int)kernel_call(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
}

void empty_attach(const char *cgroup)
{
	static const struct {
		enum bpf_prog_type type;
		enum bpf_attach_type where;
	} hooks[] = { { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
		      { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG } };
	int directory = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		int program = load_program(hooks[i].type, hooks[i].where);
		union bpf_attr attach = { .target_fd = (uint32_t)directory,
					  .attach_bpf_fd = (uint32_t)program,
					  .attach_type = hooks[i].where };

		if (directory < 0 || program < 0 ||
		    kernel_call(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)))
			give_up(cgroup);
		close(program);
	}
	close(directory);
}
