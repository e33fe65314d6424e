# SPDX-License-Identifier: MIT
# Documents, installed in the folders that they have here, so that the links between them work.
dist_doc_DATA = README.md SECURITY.md
nobase_dist_doc_DATA = \
	docs/bpf.md \
	docs/comparison.md \
	docs/compatibility.md \
	docs/design.md \
	docs/faq.md \
	docs/performance.md \
	docs/recipes.md \
	docs/security.md
