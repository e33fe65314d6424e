# SPDX-License-Identifier: MIT
# Units of the pure modules (cmocka), and what the built library looks like from outside.
TESTS += tests/unit/test_exports.sh tests/unit/test_unoptimized.sh
EXTRA_DIST += tests/unit/test_exports.sh tests/unit/test_unoptimized.sh

# A program for each behaviour; no flags of their own, so that they share the modules' objects.
unit_programs = \
	tests/unit/test_address_canonical \
	tests/unit/test_address_kind \
	tests/unit/test_control_append \
	tests/unit/test_control_hide \
	tests/unit/test_control_kernel \
	tests/unit/test_control_truncate \
	tests/unit/test_control_walk \
	tests/unit/test_tracked \
	tests/unit/test_peers_capacity \
	tests/unit/test_peers_evict \
	tests/unit/test_peers_garbage \
	tests/unit/test_peers_knows \
	tests/unit/test_peers_locals \
	tests/unit/test_peers_memory \
	tests/unit/test_peers_hash \
	tests/unit/test_peers_ports \
	tests/unit/test_peers_spread \
	tests/unit/test_peers_torn \
	tests/unit/test_peers_writers \
	tests/unit/test_pktinfo_read \
	tests/unit/test_pktinfo_fast \
	tests/unit/test_pktinfo_write \
	tests/unit/test_settings_ports \
	tests/unit/test_settings_source \
	tests/unit/test_settings_values \
	tests/unit/test_last_recv

if HAVE_CMOCKA
check_PROGRAMS += $(unit_programs)
TESTS += $(unit_programs)
endif

unit_address = tests/unit/unit.h shim/wire/peer.h shim/base/address.h
unit_control = $(unit_address) tests/unit/messages.h \
	shim/wire/cmsg.c shim/wire/cmsg.h shim/wire/pktinfo.c shim/wire/pktinfo.h
unit_peers = tests/unit/unit.h tests/unit/table.h shim/wire/peer.h shim/base/address.h shim/peers/peer_hash.h \
	shim/peers/local_table.c shim/peers/local_table.h shim/peers/peer_table.c shim/peers/peer_table.h
unit_writers = $(unit_peers) tests/unit/writers.h
unit_settings = tests/unit/unit.h shim/base/address.h shim/base/limits.h shim/base/settings.c shim/base/settings.h

tests_unit_test_address_canonical_SOURCES = tests/unit/test_address_canonical.c $(unit_address)
tests_unit_test_address_canonical_LDADD = -lcmocka
tests_unit_test_address_kind_SOURCES = tests/unit/test_address_kind.c $(unit_address)
tests_unit_test_address_kind_LDADD = -lcmocka
tests_unit_test_control_append_SOURCES = tests/unit/test_control_append.c $(unit_control)
tests_unit_test_control_append_LDADD = -lcmocka
tests_unit_test_control_hide_SOURCES = tests/unit/test_control_hide.c $(unit_control)
tests_unit_test_control_hide_LDADD = -lcmocka
tests_unit_test_control_kernel_SOURCES = tests/unit/test_control_kernel.c $(unit_control)
tests_unit_test_control_kernel_LDADD = -lcmocka
tests_unit_test_control_truncate_SOURCES = tests/unit/test_control_truncate.c $(unit_control)
tests_unit_test_control_truncate_LDADD = -lcmocka
tests_unit_test_control_walk_SOURCES = tests/unit/test_control_walk.c $(unit_control)
tests_unit_test_control_walk_LDADD = -lcmocka
tests_unit_test_tracked_SOURCES = tests/unit/test_tracked.c tests/unit/unit.h tests/unit/writers.h \
	shim/sockets/descriptor_table.h shim/sockets/tracked.c shim/sockets/tracked.h shim/sockets/classify.h
tests_unit_test_tracked_LDADD = -lcmocka -lpthread
tests_unit_test_peers_capacity_SOURCES = tests/unit/test_peers_capacity.c $(unit_peers)
tests_unit_test_peers_capacity_LDADD = -lcmocka
tests_unit_test_peers_evict_SOURCES = tests/unit/test_peers_evict.c $(unit_peers)
tests_unit_test_peers_evict_LDADD = -lcmocka
tests_unit_test_peers_garbage_SOURCES = tests/unit/test_peers_garbage.c $(unit_peers)
tests_unit_test_peers_garbage_LDADD = -lcmocka -lpthread
tests_unit_test_peers_knows_SOURCES = tests/unit/test_peers_knows.c $(unit_peers)
tests_unit_test_peers_knows_LDADD = -lcmocka
tests_unit_test_peers_locals_SOURCES = tests/unit/test_peers_locals.c $(unit_peers)
tests_unit_test_peers_locals_LDADD = -lcmocka
tests_unit_test_peers_memory_SOURCES = tests/unit/test_peers_memory.c $(unit_peers)
tests_unit_test_peers_memory_LDADD = -lcmocka
tests_unit_test_peers_hash_SOURCES = tests/unit/test_peers_hash.c $(unit_peers)
tests_unit_test_peers_hash_LDADD = -lcmocka
tests_unit_test_peers_ports_SOURCES = tests/unit/test_peers_ports.c $(unit_peers)
tests_unit_test_peers_ports_LDADD = -lcmocka
tests_unit_test_peers_spread_SOURCES = tests/unit/test_peers_spread.c $(unit_peers)
tests_unit_test_peers_spread_LDADD = -lcmocka
tests_unit_test_peers_torn_SOURCES = tests/unit/test_peers_torn.c $(unit_peers)
tests_unit_test_peers_torn_LDADD = -lcmocka
tests_unit_test_peers_writers_SOURCES = tests/unit/test_peers_writers.c $(unit_writers)
tests_unit_test_peers_writers_LDADD = -lcmocka -lpthread
tests_unit_test_pktinfo_read_SOURCES = tests/unit/test_pktinfo_read.c $(unit_control)
tests_unit_test_pktinfo_read_LDADD = -lcmocka
tests_unit_test_pktinfo_fast_SOURCES = tests/unit/test_pktinfo_fast.c $(unit_control)
tests_unit_test_pktinfo_fast_LDADD = -lcmocka
tests_unit_test_pktinfo_write_SOURCES = tests/unit/test_pktinfo_write.c $(unit_control)
tests_unit_test_pktinfo_write_LDADD = -lcmocka
tests_unit_test_settings_ports_SOURCES = tests/unit/test_settings_ports.c $(unit_settings)
tests_unit_test_settings_ports_LDADD = -lcmocka
tests_unit_test_settings_source_SOURCES = tests/unit/test_settings_source.c $(unit_settings)
tests_unit_test_settings_source_LDADD = -lcmocka
tests_unit_test_settings_values_SOURCES = tests/unit/test_settings_values.c $(unit_settings)
tests_unit_test_settings_values_LDADD = -lcmocka
tests_unit_test_last_recv_SOURCES = tests/unit/test_last_recv.c tests/unit/unit.h shim/peers/last_recv.c shim/peers/last_recv.h
tests_unit_test_last_recv_LDADD = -lcmocka
