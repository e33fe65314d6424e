/* SPDX-License-Identifier: MIT */
/*
 * Included before all else in the library's files. The compiler's options could make the headers
 * replace functions by others that old versions of glibc, and musl, lack: __memcpy_chk(),
 * __clock_gettime64(), mmap64(). Such a library would keep programs from starting.
 */
#undef _FORTIFY_SOURCE
#undef _TIME_BITS
#undef _FILE_OFFSET_BITS
