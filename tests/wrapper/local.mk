# SPDX-License-Identifier: MIT
# Tests of the wrapper, and of what documents and comments say of files.
wrapper_tests = \
	tests/wrapper/test_check.sh \
	tests/wrapper/test_completion.sh \
	tests/wrapper/test_documents.sh \
	tests/wrapper/test_engine.sh \
	tests/wrapper/test_fidelity.sh \
	tests/wrapper/test_installed.sh \
	tests/wrapper/test_man.sh \
	tests/wrapper/test_options.sh \
	tests/wrapper/test_preload.sh \
	tests/wrapper/test_probe.sh \
	tests/wrapper/test_references.py \
	tests/wrapper/test_scan.sh \
	tests/wrapper/test_start.sh \
	tests/wrapper/test_status.sh \
	tests/wrapper/test_unit.sh
TESTS += $(wrapper_tests)
EXTRA_DIST += $(wrapper_tests) tests/wrapper/lib.sh tests/wrapper/fidelity.c tests/wrapper/mirror.c
