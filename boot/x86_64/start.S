/* SPDX-License-Identifier: MIT */
/*
 * From the loader's jump, in 32-bit mode without paging, to 64-bit C code in
 * the high half.
 *
 *   GRUB ─ multiboot2 header ─► start      eax = magic, ebx = information block
 *   QEMU ─ PVH note ──────────► start_pvh  ebx = start info, which has a magic
 *                                 │
 *      right loader? long mode? ──┴─ no ──► one line on the serial port, stop
 *                                 │
 *      boot page tables: the first BOOT_MAP_SIZE of physical memory three times
 *            0                identity, for the few instructions below
 *            DIRECT_MAP_BASE  the place where phys_to_virt() looks
 *            KERNEL_BASE      the image's link address (its first 1 GiB)
 *                                 │
 *      PAE, NX, long mode, paging, our own GDT ──► boot_entry() in entry.c
 *
 * The head is linked at its load address, see linker.ld. Nothing of this file
 * is needed after boot. The other CPUs pass here as well, from trampoline.S.
 *
 * [MB2] 3.1 "OS image format", 3.3 "I386 machine state"; [PVH]; [SDM3] 10.8.5
 * "Initializing IA-32e Mode"
 */
#include <layout.h>

#include "arch/x86_64/machine_trap.h"
#include "arch/x86_64/regs.h"
#include "boot/x86_64/loaders.h"

#define COM1          0x3f8
#define DEBUG_EXIT    0xf4
#define BOOT_STACK    16384             /* KERNEL_STACK_SIZE */
#define ENTRY_TABLE   0x03              /* present, writable */
#define ENTRY_LARGE   0x83              /* and a 2 MiB leaf */
#define LARGE_SIZE    0x200000
#define BOOT_DIRS     4                 /* BOOT_MAP_SIZE in GiB */
#define TOP_INDEX(va) (((va) >> 39) & 511)
#define DIR_INDEX(va) (((va) >> 30) & 511)
#define PHYS(symbol)  (symbol - KERNEL_BASE)

/* ---- what loaders look for ------------------------------------------------ */

	.section .head.header, "a"
	.balign 8
multiboot2_header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long 0				/* i386 protected mode */
	.long multiboot2_header_end - multiboot2_header
	.long -(MULTIBOOT2_HEADER_MAGIC + (multiboot2_header_end - multiboot2_header))

	.balign 8			/* start here, physical address */
	.short 3, 0
	.long 12
	.long start

	.balign 8			/* modules on page boundaries */
	.short 6, 0
	.long 8

	.balign 8			/* end */
	.short 0, 0
	.long 8
multiboot2_header_end:

	.section .note.boot, "a"
	.balign 4
	.long 4				/* "Xen\0" */
	.long 8
	.long 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad start_pvh

/* ---- 32-bit ---------------------------------------------------------------- */

	.section .head, "ax"
	.code32
	.globl start
start:
	cli
	cld
	movl %eax, %ebp			/* which loader: its magic number */
	cmpl $MULTIBOOT2_LOADER_MAGIC, %eax
	je check_cpu
wrong_loader:
	movl $text_wrong_loader, %esi
	jmp stop_with_line

start_pvh:
	cli
	cld
	testl %ebx, %ebx
	jz wrong_loader
	movl (%ebx), %ebp
	cmpl $PVH_MAGIC, %ebp
	jne wrong_loader

check_cpu:
	movl $boot_stack_early_end, %esp
	pushfl				/* CPUID exists if FLAGS.ID can change */
	popl %eax
	movl %eax, %ecx
	xorl $(1 << 21), %eax
	pushl %eax
	popfl
	pushfl
	popl %eax
	cmpl %eax, %ecx
	je no_long_mode
	movl $0x80000000, %eax
	pushl %ebx			/* CPUID writes it */
	cpuid
	cmpl $0x80000001, %eax
	jb no_long_mode
	movl $0x80000001, %eax
	cpuid
	popl %ebx
	testl $(1 << 29), %edx		/* long mode */
	jz no_long_mode
	testl $(1 << 20), %edx		/* no-execute */
	jz no_nx

/* Tables are zeroed: they are in .init.bss, which the loader clears. */
build_tables:
	movl $(PHYS(boot_top)), %edi
	movl $(PHYS(boot_low) + ENTRY_TABLE), (%edi)
	movl $(PHYS(boot_low) + ENTRY_TABLE), (TOP_INDEX(DIRECT_MAP_BASE) * 8)(%edi)
	movl $(PHYS(boot_high) + ENTRY_TABLE), (TOP_INDEX(KERNEL_BASE) * 8)(%edi)
	movl $(PHYS(boot_dirs) + ENTRY_TABLE), PHYS(boot_high) + DIR_INDEX(KERNEL_BASE) * 8
	movl $(PHYS(boot_dirs) + ENTRY_TABLE), %eax
	movl $(PHYS(boot_low)), %edi
	movl $BOOT_DIRS, %ecx
1:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	decl %ecx
	jnz 1b
	movl $ENTRY_LARGE, %eax
	movl $(PHYS(boot_dirs)), %edi
	movl $(BOOT_DIRS * 512), %ecx
1:	movl %eax, (%edi)
	addl $LARGE_SIZE, %eax
	addl $8, %edi
	decl %ecx
	jnz 1b

/* Also for the other CPUs, with ebp = 0: trampoline.S. */
	.globl enter_long_mode
enter_long_mode:
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $(PHYS(boot_top)), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl %cr0, %eax
	orl $(CR0_PG | CR0_WP | CR0_NE | CR0_MP), %eax
	andl $~(CR0_EM | CR0_TS | CR0_CD | CR0_NW), %eax
	movl %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $KERNEL_CS, $start_long

no_long_mode:
	movl $text_no_long_mode, %esi
	jmp stop_with_line
no_nx:
	movl $text_no_nx, %esi

/* esi: the line. COM1 at 115200 8N1; without a port nothing waits for it.
 * Then QEMU's exit device, and the end. */
stop_with_line:
	movw $(COM1 + 3), %dx
	movb $0x80, %al			/* divisor latch */
	outb %al, %dx
	movw $COM1, %dx
	movb $1, %al
	outb %al, %dx
	movw $(COM1 + 1), %dx
	movb $0, %al
	outb %al, %dx
	movw $(COM1 + 3), %dx
	movb $0x03, %al
	outb %al, %dx
1:	lodsb
	testb %al, %al
	jz 3f
	movb %al, %bl
	movl $100000, %ecx
	movw $(COM1 + 5), %dx
2:	inb %dx, %al
	testb $0x20, %al		/* room for a byte */
	loopz 2b
	movb %bl, %al
	movw $COM1, %dx
	outb %al, %dx
	jmp 1b
3:	movb $0x11, %al
	outb %al, $DEBUG_EXIT
4:	cli
	hlt
	jmp 4b

/* ---- 64-bit, still at the load address ------------------------------------- */

	.code64
start_long:
	movabsq $boot_high_half, %rax
	jmp *%rax

	.balign 8
	.globl boot_gdt, boot_gdt_limit
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* KERNEL_CS: 64-bit code */
	.quad 0x00cf93000000ffff	/* KERNEL_SS: data */
	.quad 0x00cf9b000000ffff	/* BOOT_CS32: 32-bit code */
boot_gdt_limit = . - boot_gdt - 1
boot_gdt_pointer:
	.short boot_gdt_limit
	.long boot_gdt

text_wrong_loader:
	.asciz "\r\nquire: not loaded by multiboot2 or PVH\r\n"
text_no_long_mode:
	.asciz "\r\nquire: this CPU has no 64-bit mode\r\n"
text_no_nx:
	.asciz "\r\nquire: this CPU cannot forbid execution (no NX)\r\n"

	.balign 8
	.skip 64
boot_stack_early_end:

/* ---- 64-bit, in the high half ------------------------------------------------ */

	.section .init.text, "ax"
boot_high_half:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl $KERNEL_SS, %eax
	movl %eax, %ss
	testl %ebp, %ebp
	jz boot_further_cpu
	movl $MSR_GS_BASE, %ecx		/* first CPU: per-CPU offset 0 */
	xorl %eax, %eax
	xorl %edx, %edx
	wrmsr
	movq $boot_stack + BOOT_STACK, %rsp
	movl %ebp, %edi			/* loader */
	movl %ebx, %esi			/* its information, physical */
	xorl %ebp, %ebp			/* backtraces end here */
	call boot_entry			/* does not return */

	.section .init.bss, "aw", @nobits
	.balign 4096
	.globl boot_top
boot_top:
	.skip 4096
boot_low:
	.skip 4096
boot_high:
	.skip 4096
boot_dirs:
	.skip 4096 * BOOT_DIRS

	.section .data.boot_stack, "aw"
	.balign 4096
	.globl boot_stack
boot_stack:
	.skip BOOT_STACK
