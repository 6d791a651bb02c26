/* SPDX-License-Identifier: MIT */
/*
 * The kernel image in memory: what linker.ld lays out, page by page.
 *
 *   _image_start ┌──────────────┐ head (loader headers, first instructions)
 *                │ init_text    │ code that only boot needs       read, exec
 *                │ init_data    │ data that only boot needs       read, write
 *                │ text         │ the kernel's code               read, exec
 *                │ rodata       │ constants, tests, fixups        read
 *                │ data         │ boot stack, data, per-CPU, bss  read, write
 *                │ ksyms        │ names of functions              read
 *     _image_end └──────────────┘
 *
 * Every boundary is page-aligned, so each section gets its own protection and
 * none is writable and executable. The boot stack stands right above rodata:
 * its overflow hits a read-only page and is a fault, not a corruption. Head
 * and init (from _image_start to _init_end) go back to the page allocator
 * after boot. All symbols are link addresses: IMAGE_OFFSET (machine_mmu.h) + physical.
 */
#ifndef ARCH_IMAGE_H
#define ARCH_IMAGE_H

#include "arch/mmu.h"
#include "arch/thread.h"

/* X(name, protection), in the order of their addresses. */
#define IMAGE_SECTIONS(X)                      \
	X(init_text, PT_READ | PT_EXEC)        \
	X(init_data, PT_READ | PT_WRITE)       \
	X(text, PT_READ | PT_EXEC)             \
	X(rodata, PT_READ)                     \
	X(data, PT_READ | PT_WRITE)            \
	X(ksyms, PT_READ)

#define X(name, prot) extern char _##name##_start[], _##name##_end[];
IMAGE_SECTIONS(X)
#undef X

extern char _image_start[], _image_end[];
extern char _init_start[], _init_end[]; /* head, init_text and init_data */
extern char _bss_start[], _bss_end[];   /* inside data */

/* First CPU's copy of all per-CPU variables: inside data. */
extern char __start_percpu[], __stop_percpu[];

/* The stack of the boot flow, later of the first CPU's idle thread. */
extern char boot_stack[KERNEL_STACK_SIZE];

/* Physical address of something inside the image. */
static inline paddr_t image_virt_to_phys(const void *va)
{
	return pa_make((uintptr_t)va - IMAGE_OFFSET);
}

#endif
