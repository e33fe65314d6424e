/* SPDX-License-Identifier: MIT */
/* The parts of the matrix. */
#ifndef MATRIX_H
#define MATRIX_H

/* Options that bring control data, in all combinations, by the size of the control buffer. */
void matrix_control(void);

/* The receiving calls with all kinds of name, payload and control buffers and flags. */
void matrix_shapes(void);

/* recvmmsg(): lengths of the vector and the queue, flags and timeouts. */
void matrix_vectors(void);

/* MSG_ERRQUEUE with an error queued, and the error itself on the next call. */
void matrix_errors(void);

/* getsockopt() of all options there are, with all lengths. */
void matrix_options(void);

/* sendmsg() and sendmmsg(): what is sent, and that input is only read. */
void matrix_sends(void);

#endif
