# SPDX-License-Identifier: MIT
# What a program and its user could notice of the library.
notice_tests = \
	tests/notice/test_accept.py \
	tests/notice/test_log.py \
	tests/notice/test_multicast_if.py \
	tests/notice/test_preloads.py
TESTS += $(notice_tests)
EXTRA_DIST += $(notice_tests) tests/notice/accepting.py tests/notice/group_sender.py

check_PROGRAMS += tests/notice/logged
tests_notice_logged_SOURCES = tests/notice/logged.c
tests_notice_logged_CFLAGS = -std=gnu11 $(AM_CFLAGS)

check_PROGRAMS += tests/notice/rewriter.so
tests_notice_rewriter_so_SOURCES = tests/notice/rewriter.c
tests_notice_rewriter_so_CFLAGS = -std=gnu11 -fPIC $(AM_CFLAGS)
tests_notice_rewriter_so_LDFLAGS = -shared
