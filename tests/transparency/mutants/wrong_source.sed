# SPDX-License-Identifier: MIT
# In: shim/wire/pktinfo.h
# Answers leave from 127.0.0.1, whatever address was asked.
s/\.ipi_spec_dst\.s_addr = source/.ipi_spec_dst.s_addr = source ? htonl(INADDR_LOOPBACK) : 0/
