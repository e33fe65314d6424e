/* SPDX-License-Identifier: MIT */
/*
 * The hooks that may not stand between the libc's function and its caller (shim/libc/hooks.h):
 *
 * syscall(number, ...)   jumps to syscall_of_sockets() if syscall_kinds[number] is not 0
 * dlsym(handle, name)    jumps to loading_dlsym() unless the handle is RTLD_DEFAULT or RTLD_NEXT
 *
 * and else to the libc's function, with registers and stack as they came: a handful of instructions
 * that use only registers in which nothing is passed. Until the libc's function is known its pointer
 * in struct libc leads to libc_first_NAME, which finds it out and keeps all arguments.
 */
#include "libc/hooks.h"
#include "hooks/syscall.h"

#ifdef HOOKS_HAVE_SYSCALL

/* Landing pads for indirect branches (IBT, BTI), where the compiler makes them too. */
#ifdef __CET__
#include <cet.h>
#endif
#ifndef _CET_ENDBR
#define _CET_ENDBR
#endif

/* Of struct libc, checked in libc.c. */
#define NEXT_SYSCALL 0
#define NEXT_DLSYM   __SIZEOF_POINTER__

/* Symbols of ours: never looked up by the loader. */
	.hidden libc
	.hidden syscall_kinds
	.hidden syscall_of_sockets
	.hidden libc_find_syscall
#ifdef HOOKS_HAVE_DLSYM
	.hidden loading_dlsym
	.hidden libc_find_dlsym
#endif

	.macro begin name
	.globl \name
	.type \name, %function
	.balign 16
\name:
	.cfi_startproc
	.endm

	.macro begin_hidden name
	.hidden \name
	begin \name
	.endm

	.macro end name
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text

#if defined(__x86_64__)

	/* %rax counts vector registers, for a next syscall() that is written in C. */
	.macro first name, next
	begin_hidden libc_first_\name
	_CET_ENDBR
	.irp register, rax, rdi, rsi, rdx, rcx, r8, r9
	pushq %\register
	.cfi_adjust_cfa_offset 8
	.endr
	call libc_find_\name
	.irp register, r9, r8, rcx, rdx, rsi, rdi, rax
	popq %\register
	.cfi_adjust_cfa_offset -8
	.endr
	jmp *libc+\next(%rip)
	end libc_first_\name
	.endm

begin syscall
	_CET_ENDBR
	cmpq $SYSCALL_KINDS, %rdi
	jae 1f
	leaq syscall_kinds(%rip), %r11
	cmpb $0, (%r11,%rdi)
	jne syscall_of_sockets
1:	jmp *libc+NEXT_SYSCALL(%rip)
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin dlsym
	_CET_ENDBR
	leaq 1(%rdi), %rax
	cmpq $1, %rax
	ja loading_dlsym
	jmp *libc+NEXT_DLSYM(%rip)
end dlsym
#endif

#elif defined(__i386__)

	/* All arguments are on the stack; eax, ecx and edx are free. */
	.macro load_got
	call read_pc
	addl $_GLOBAL_OFFSET_TABLE_, %ecx
	.endm

	.macro first name, next
	begin_hidden libc_first_\name
	_CET_ENDBR
	pushl %ebx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ebx, 0
	subl $8, %esp
	.cfi_adjust_cfa_offset 8
	load_got
	movl %ecx, %ebx
	call libc_find_\name
	movl libc@GOTOFF+\next(%ebx), %eax
	addl $8, %esp
	.cfi_adjust_cfa_offset -8
	popl %ebx
	.cfi_adjust_cfa_offset -4
	.cfi_restore ebx
	jmp *%eax
	end libc_first_\name
	.endm

	.type read_pc, %function
read_pc:
	.cfi_startproc
	movl (%esp), %ecx
	ret
	.cfi_endproc
	.size read_pc, . - read_pc

begin syscall
	_CET_ENDBR
	load_got
	movl 4(%esp), %eax
	cmpl $SYSCALL_KINDS, %eax
	jae 1f
	cmpb $0, syscall_kinds@GOTOFF(%ecx,%eax)
	jne syscall_of_sockets
1:	jmp *libc@GOTOFF+NEXT_SYSCALL(%ecx)
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin dlsym
	_CET_ENDBR
	load_got
	movl 4(%esp), %eax
	incl %eax
	cmpl $1, %eax
	ja loading_dlsym
	jmp *libc@GOTOFF+NEXT_DLSYM(%ecx)
end dlsym
#endif

#elif defined(__aarch64__)

	/* x16 and x17 are free, and a jump through them may land on a `bti c`. */
	.macro jump_next next
	adrp x16, libc+\next
	ldr x16, [x16, :lo12:libc+\next]
	br x16
	.endm

	.macro first name, next
	begin_hidden libc_first_\name
	hint 34 /* bti c */
	stp x29, x30, [sp, -80]!
	.cfi_adjust_cfa_offset 80
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	stp x0, x1, [sp, 16]
	stp x2, x3, [sp, 32]
	stp x4, x5, [sp, 48]
	stp x6, x7, [sp, 64]
	bl libc_find_\name
	ldp x6, x7, [sp, 64]
	ldp x4, x5, [sp, 48]
	ldp x2, x3, [sp, 32]
	ldp x0, x1, [sp, 16]
	ldp x29, x30, [sp], 80
	.cfi_adjust_cfa_offset -80
	.cfi_restore x29
	.cfi_restore x30
	jump_next \next
	end libc_first_\name
	.endm

begin syscall
	hint 34
	cmp x0, SYSCALL_KINDS
	b.hs 1f
	adrp x16, syscall_kinds
	add x16, x16, :lo12:syscall_kinds
	ldrb w16, [x16, x0]
	cbz w16, 1f
	b syscall_of_sockets
1:	jump_next NEXT_SYSCALL
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin dlsym
	hint 34
	add x16, x0, 1
	cmp x16, 1
	b.ls 1f
	b loading_dlsym
1:	jump_next NEXT_DLSYM
end dlsym
#endif

#elif defined(__arm__)

	/* r12 is free. */
	.syntax unified
	.arm

	.macro jump_next next
	ldr r12, 9f
8:	ldr pc, [pc, r12]
	.balign 4
9:	.word libc + \next - (8b + 8)
	.endm

	.macro first name, next
	begin_hidden libc_first_\name
	push {r0, r1, r2, r3, r12, lr}
	.cfi_adjust_cfa_offset 24
	.cfi_rel_offset lr, 20
	bl libc_find_\name
	pop {r0, r1, r2, r3, r12, lr}
	.cfi_adjust_cfa_offset -24
	.cfi_restore lr
	jump_next \next
	end libc_first_\name
	.endm

begin syscall
	cmp r0, #SYSCALL_KINDS
	bhs 2f
	ldr r12, 3f
1:	add r12, pc, r12
	ldrb r12, [r12, r0]
	cmp r12, #0
	bne syscall_of_sockets
2:	jump_next NEXT_SYSCALL
3:	.word syscall_kinds - (1b + 8)
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin dlsym
	add r12, r0, #1
	cmp r12, #1
	bhi loading_dlsym
	jump_next NEXT_DLSYM
end dlsym
#endif

#elif defined(__riscv)

	/* Not t0: a jump through it may be taken for a return. */
	.macro jump_next next
7:	auipc t1, %pcrel_hi(libc+\next)
	ld t1, %pcrel_lo(7b)(t1)
	jr t1
	.endm

	.macro first name, next
	begin_hidden libc_first_\name
	addi sp, sp, -80
	.cfi_adjust_cfa_offset 80
	sd ra, 72(sp)
	.cfi_rel_offset ra, 72
	sd a0, 0(sp)
	sd a1, 8(sp)
	sd a2, 16(sp)
	sd a3, 24(sp)
	sd a4, 32(sp)
	sd a5, 40(sp)
	sd a6, 48(sp)
	sd a7, 56(sp)
	call libc_find_\name
	ld a0, 0(sp)
	ld a1, 8(sp)
	ld a2, 16(sp)
	ld a3, 24(sp)
	ld a4, 32(sp)
	ld a5, 40(sp)
	ld a6, 48(sp)
	ld a7, 56(sp)
	ld ra, 72(sp)
	.cfi_restore ra
	addi sp, sp, 80
	.cfi_adjust_cfa_offset -80
	jump_next \next
	end libc_first_\name
	.endm

begin syscall
	li t1, SYSCALL_KINDS
	bgeu a0, t1, 1f
	lla t1, syscall_kinds
	add t1, t1, a0
	lbu t1, 0(t1)
	beqz t1, 1f
	tail syscall_of_sockets
1:	jump_next NEXT_SYSCALL
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin dlsym
	addi t1, a0, 1
	li t2, 1
	bleu t1, t2, 1f
	tail loading_dlsym
1:	jump_next NEXT_DLSYM
end dlsym
#endif

#elif defined(__s390x__)

	/* r0 and r1 are free; r6 carries an argument. */
	.macro jump_next next
	lgrl %r1, libc+\next
	br %r1
	.endm

	.macro first name, next
	begin_hidden libc_first_\name
	stmg %r2, %r15, 16(%r15)
	.cfi_rel_offset r14, 112
	.cfi_rel_offset r15, 120
	aghi %r15, -160
	.cfi_adjust_cfa_offset 160
	brasl %r14, libc_find_\name
	lmg %r2, %r15, 176(%r15)
	.cfi_adjust_cfa_offset -160
	.cfi_restore r14
	.cfi_restore r15
	jump_next \next
	end libc_first_\name
	.endm

begin syscall
	clgfi %r2, SYSCALL_KINDS
	jhe 1f
	larl %r1, syscall_kinds
	llgc %r1, 0(%r2,%r1)
	cghi %r1, 0
	jne syscall_of_sockets
1:	jump_next NEXT_SYSCALL
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin dlsym
	lay %r1, 1(%r2)
	clgfi %r1, 1
	jh loading_dlsym
	jump_next NEXT_DLSYM
end dlsym
#endif

#elif defined(__powerpc64__)

	/* r0, r11 and r12 are free. The caller restores its r2 after calls of another object. */
	.macro begin_global name
	begin \name
6:	addis 2, 12, .TOC.-6b@ha
	addi 2, 2, .TOC.-6b@l
	.localentry \name, . - \name
	.endm

	.macro jump_next next
	addis 12, 2, libc+\next@toc@ha
	ld 12, libc+\next@toc@l(12)
	mtctr 12
	bctr
	.endm

	.macro first name, next
	.hidden libc_first_\name
	begin_global libc_first_\name
	mflr 0
	std 0, 16(1)
	.cfi_offset lr, 16
	stdu 1, -112(1)
	.cfi_adjust_cfa_offset 112
	std 3, 32(1)
	std 4, 40(1)
	std 5, 48(1)
	std 6, 56(1)
	std 7, 64(1)
	std 8, 72(1)
	std 9, 80(1)
	std 10, 88(1)
	bl libc_find_\name
	nop
	ld 3, 32(1)
	ld 4, 40(1)
	ld 5, 48(1)
	ld 6, 56(1)
	ld 7, 64(1)
	ld 8, 72(1)
	ld 9, 80(1)
	ld 10, 88(1)
	addi 1, 1, 112
	.cfi_adjust_cfa_offset -112
	ld 0, 16(1)
	mtlr 0
	.cfi_restore lr
	jump_next \next
	end libc_first_\name
	.endm

begin_global syscall
	cmpldi 3, SYSCALL_KINDS
	bge 1f
	addis 11, 2, syscall_kinds@toc@ha
	addi 11, 11, syscall_kinds@toc@l
	lbzx 11, 11, 3
	cmpwi 11, 0
	beq 1f
	b syscall_of_sockets
1:	jump_next NEXT_SYSCALL
end syscall

#ifdef HOOKS_HAVE_DLSYM
begin_global dlsym
	addi 11, 3, 1
	cmpldi 11, 1
	ble 1f
	b loading_dlsym
1:	jump_next NEXT_DLSYM
end dlsym
#endif

#endif

	first syscall, NEXT_SYSCALL
#ifdef HOOKS_HAVE_DLSYM
	first dlsym, NEXT_DLSYM
#endif

/* For the linker: every indirect branch in here has its landing pad, as in the compiler's files. */
#if defined(__aarch64__) && defined(__ARM_FEATURE_BTI_DEFAULT)
	.section .note.gnu.property, "a"
	.balign 8
	.word 4, 16, 5
	.asciz "GNU"
	.word 0xc0000000, 4, 1, 0 /* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI */
#endif

#endif

	.section .note.GNU-stack, "", %progbits
