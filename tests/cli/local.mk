# SPDX-License-Identifier: MIT
# Tests of the wrapper, and of what documents and comments say of files.
wrapper_tests = \
	tests/cli/test_check.sh \
	tests/cli/test_completion.sh \
	tests/cli/test_documents.sh \
	tests/cli/test_engine.sh \
	tests/cli/test_fidelity.sh \
	tests/cli/test_install.sh \
	tests/cli/test_installed.sh \
	tests/cli/test_man.sh \
	tests/cli/test_options.sh \
	tests/cli/test_preload.sh \
	tests/cli/test_probe.sh \
	tests/cli/test_references.py \
	tests/cli/test_scan.sh \
	tests/cli/test_start.sh \
	tests/cli/test_status.sh \
	tests/cli/test_unit.sh
TESTS += $(wrapper_tests)
EXTRA_DIST += $(wrapper_tests) tests/cli/fidelity.c tests/cli/mirror.c

# The RPM packages; it builds the project once more, so it is not for the build of a package.
TESTS += tests/cli/test_rpm.sh
EXTRA_DIST += tests/cli/test_rpm.sh

# The recipes of docs/recipes.md, tried.
recipe_tests = \
	tests/cli/test_apparmor.sh \
	tests/cli/test_hardening.sh \
	tests/cli/test_images.sh \
	tests/cli/test_services.sh
TESTS += $(recipe_tests)
EXTRA_DIST += $(recipe_tests) tests/cli/recipe.sh tests/cli/server.c

# What the library logs.
TESTS += tests/cli/test_log.py
EXTRA_DIST += tests/cli/test_log.py
check_PROGRAMS += tests/cli/logged
tests_cli_logged_SOURCES = tests/cli/logged.c
tests_cli_logged_CFLAGS = -std=gnu11 $(AM_CFLAGS)
