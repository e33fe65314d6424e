# SPDX-License-Identifier: MIT
# The BPF engine: what no preload reaches, the engine itself, and the preload's own table under it.
bpf_tests = \
	tests/bpf/test_calls.py \
	tests/bpf/test_engine.py \
	tests/bpf/test_groups.py \
	tests/bpf/test_programs.py \
	tests/bpf/test_service.py \
	tests/bpf/test_socat.py \
	tests/bpf/test_stock.py \
	tests/bpf/test_threads.py \
	tests/bpf/test_wrapper.py
TESTS += $(bpf_tests)
EXTRA_DIST += \
	tests/bpf/engine.py \
	tests/bpf/goecho.go \
	tests/bpf/talk.py \
	tests/bpf/unshared.py \
	tests/bpf/uring.c \
	tests/bpf/window.py \
	$(bpf_tests)
