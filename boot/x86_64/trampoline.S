/* SPDX-License-Identifier: MIT */
/*
 * From the start-up message to smp_begin(): a further CPU's way in.
 *
 *   smp_stub          16 bit, a copy in a page below 1 MiB: nothing else can
 *        │            be named by the message that starts a CPU
 *   start_further     32 bit, at the load address, as from a loader
 *        │
 *   enter_long_mode   start.S: the first CPU's way, on the boot tables, whose
 *        │            identity map is still there until init memory is freed
 *   boot_further_cpu  64 bit, in the high half: the kernel's own tables, then
 *                     what struct smp_start says
 *
 * One CPU comes at a time: smp_starting is its, until it has taken it.
 *
 * [SDM3] 9.4.4 "MP Initialization Example", 10.8.5 "Initializing IA-32e Mode"
 */
#include "arch/x86_64/machine_trap.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/tables.h"

	.section .init.text, "ax"

/* cs = the page, ip = 0; interrupts are off. Data is read by way of cs. */
	.code16
	.globl smp_stub, smp_stub_end
smp_stub:
	cli
	cld
	lgdtl %cs:smp_stub_gdt - smp_stub
	movl %cr0, %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $BOOT_CS32, $start_further
smp_stub_gdt:
	.short boot_gdt_limit
	.long boot_gdt
smp_stub_end:
	.balign 16

	.section .head, "ax"
	.code32
start_further:
	movl $KERNEL_SS, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %ebp, %ebp			/* no loader */
	jmp enter_long_mode

/* start is on its maker's stack: only the kernel's tables show it. */
	.section .init.text, "ax"
	.code64
	.globl boot_further_cpu
	.type boot_further_cpu, @function
boot_further_cpu:
	movq smp_root, %rax
	movq %rax, %cr3
	movq smp_starting, %rbx
	movl SMP_START_PERCPU(%rbx), %eax
	movl SMP_START_PERCPU + 4(%rbx), %edx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	movq SMP_START_STACK(%rbx), %rsp
	movq $0, smp_starting		/* taken */
	xorl %ebp, %ebp			/* backtraces end here */
	call smp_begin			/* does not return */
