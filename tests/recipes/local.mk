# SPDX-License-Identifier: MIT
# The recipes of docs/recipes.md, tried.
recipe_tests = \
	tests/recipes/test_apparmor.sh \
	tests/recipes/test_hardening.sh \
	tests/recipes/test_images.sh \
	tests/recipes/test_services.sh
TESTS += $(recipe_tests)
EXTRA_DIST += $(recipe_tests) tests/recipes/answer.c tests/recipes/lib.sh
