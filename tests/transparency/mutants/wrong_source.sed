# SPDX-License-Identifier: MIT
# In: shim/wire/pktinfo.h
# Answers leave from 127.0.0.1, whatever address was asked.
s/^\tmemcpy(data + offsetof(struct in_pktinfo, ipi_spec_dst), .*/\tsource = source ? htonl(INADDR_LOOPBACK) : 0;\
&/
